/**
 * The state of a workflow as text that another process reads back: plain JSON, with dates and with agents by their ids, since files may
 * change while people decide. Refuses whatever it could not give back as it was.
 */
import { AppError } from '../foundation/errors.ts';
import type { Agent, Catalog } from '../catalog/agent.ts';

const DATE = '$date';
const AGENT = '$agent';

/** @throws TypeError for what is not data. */
export function keep(state: Readonly<Record<string, unknown>>, { get }: Pick<Catalog, 'get'>): string {
  // A function, and not an arrow: what stands at `key` has been turned into text already when it is a date.
  return JSON.stringify(state, function (this: Record<string, unknown>, key, value: unknown) {
    const given = this[key];
    if (given instanceof Date) return { [DATE]: given.toISOString() };
    if (typeof given === 'function' || typeof given === 'symbol') throw new TypeError(`${key} of the state is no data`);
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return value;
    if (isAgent(given) && get(given.id) === given) return { [AGENT]: given.id };
    if (DATE in given || AGENT in given) throw new TypeError(`${key} of the state would not be read back as it is`);
    if (Object.getPrototypeOf(given) !== Object.prototype && Object.getPrototypeOf(given) !== null) throw new TypeError(`${key} of the state is no plain data`);
    return value;
  });
}

/** @throws AppError UNAVAILABLE for an agent that is gone. */
export function recallKept(text: string, { get }: Pick<Catalog, 'get'>): Readonly<Record<string, unknown>> {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if (DATE in value && typeof value[DATE] === 'string') return new Date(value[DATE]);
    if (!(AGENT in value) || typeof value[AGENT] !== 'string') return value;
    const agent = get(value[AGENT]);
    if (!agent) throw new AppError('UNAVAILABLE', `There is no agent ${value[AGENT]} any more.`, { retryable: false });
    return agent;
  }) as Readonly<Record<string, unknown>>;
}

function isAgent(value: object): value is Agent {
  return 'id' in value && typeof value.id === 'string' && 'prompt' in value && 'handsOverTo' in value;
}
