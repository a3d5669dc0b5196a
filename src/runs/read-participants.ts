/**
 * Puts participants with a role and a weight into the places that a pattern has for them, and remembers who went where: what is wrong with
 * the input is told by the participant. A role or weight that the pattern has no use for is refused rather than dropped.
 */
import { badInput } from '../foundation/errors.ts';
import type { Pattern } from '../orchestration/workflow-input.ts';

export interface AskedParticipant {
  readonly agentId: string;
  readonly role: string | null;
  readonly weight: number | null;
}

/** What a pattern is to be started with, not checked yet. */
export interface Wanted {
  readonly input: unknown;
  /** The field of the request that a path of `input` comes from. */
  readonly fieldOf: (path: readonly PropertyKey[]) => string;
}

interface Place {
  /** The list or the single part it goes to. */
  readonly part: string;
  readonly value: unknown;
}

/** Lists that participants fill, and so nothing else may. */
const FILLED: Readonly<Record<Pattern, readonly string[]>> = {
  sequential: ['steps'],
  parallel: ['agents'],
  debate: ['participants'],
  verification: ['producer', 'verifiers'],
  expert_panel: ['experts'],
};
/** Parts of which there is one. */
const SINGLE: ReadonlySet<string> = new Set(['producer', 'coordinator']);

/**
 * @param options The rest of the pattern's input: rounds, join, synthesis...
 * @param at The input they stand in.
 * @throws AppError BAD_INPUT
 */
export function seatParticipants(pattern: Pattern, participants: readonly AskedParticipant[], options: unknown, at: string): Wanted {
  const rest = readOptions(pattern, options, `${at}.options`);
  const places = placesFor(pattern, participants, `${at}.participants`);
  const input: Record<string, unknown> = { ...rest, pattern };
  for (const list of FILLED[pattern]) if (!SINGLE.has(list)) input[list] = places.filter(({ part }) => part === list).map(({ value }) => value);
  for (const { part, value } of places) {
    if (!SINGLE.has(part)) continue;
    if (part in rest) throw badInput(`${at}.options.${part}`, 'one of `participants` is that already.');
    input[part] = value;
  }
  return { input, fieldOf: (path) => fieldOf(places, path, pattern, at) };
}

function readOptions(pattern: Pattern, options: unknown, field: string): Readonly<Record<string, unknown>> {
  if (options == null) return {};
  if (typeof options !== 'object' || Array.isArray(options)) throw badInput(field, 'must be an object.');
  if ('pattern' in options && options.pattern !== pattern) throw badInput(`${field}.pattern`, `must be ${pattern}, or left out.`);
  const filled = FILLED[pattern].find((list) => list in options);
  if (filled) throw badInput(`${field}.${filled}`, 'is what `participants` say.');
  return { ...options };
}

function placesFor(pattern: Pattern, participants: readonly AskedParticipant[], field: string): readonly Place[] {
  if (pattern !== 'verification') return participants.map((one, index) => placeOf(pattern, one, `${field}.${index}`));
  const roles = participants.map((one, index) => {
    assertUnweighted(one, `${field}.${index}`);
    const role = one.role?.toLowerCase() ?? null;
    if (role !== null && role !== 'producer' && role !== 'verifier') throw badInput(`${field}.${index}.role`, 'must be producer or verifier.');
    return role;
  });
  if (roles.filter((role) => role === 'producer').length > 1) throw badInput(field, 'must not have more than one producer.');
  // Who is named first writes, unless somebody was given that part.
  const producer = roles.includes('producer') ? roles.indexOf('producer') : roles.indexOf(null);
  if (producer < 0) throw badInput(field, 'need one whose role is producer.');
  return participants.map(({ agentId }, index) => ({ part: index === producer ? 'producer' : 'verifiers', value: { agentId } }));
}

function placeOf(pattern: Exclude<Pattern, 'verification'>, one: AskedParticipant, field: string): Place {
  const { agentId, role, weight } = one;
  const weighted = weight === null ? {} : { weight };
  const tasked = role === null ? {} : { task: `Your part in this: ${role}.` };
  switch (pattern) {
    case 'sequential':
      assertUnweighted(one, field);
      return { part: 'steps', value: { agentId, ...tasked } };
    case 'parallel':
      return { part: 'agents', value: { agentId, ...tasked, ...weighted } };
    case 'debate':
      return { part: 'participants', value: { agentId, ...(role === null ? {} : { role: role.toLowerCase() }), ...weighted } };
    case 'expert_panel':
      if (role?.toLowerCase() !== 'coordinator') return { part: 'experts', value: { agentId, ...(role === null ? {} : { area: role }), ...weighted } };
      assertUnweighted(one, field);
      return { part: 'coordinator', value: agentId };
  }
}

function assertUnweighted({ weight }: AskedParticipant, field: string): void {
  if (weight !== null) throw badInput(`${field}.weight`, 'this one has no vote: leave it out.');
}

/** What a role is called where it went. */
const ROLES: ReadonlySet<unknown> = new Set(['task', 'area', 'role']);

function fieldOf(places: readonly Place[], [part, ...inner]: readonly PropertyKey[], pattern: Pattern, at: string): string {
  const seats = places.flatMap((place, index) => (place.part === part ? [index] : []));
  const [nth, key = 'agentId'] = SINGLE.has(String(part)) ? [0, ...inner] : inner;
  const index = typeof nth === 'number' ? seats[nth] : undefined;
  if (index !== undefined) return [at, 'participants', index, ROLES.has(key) ? 'role' : key].join('.');
  return FILLED[pattern].includes(String(part)) ? `${at}.participants` : [at, 'options', part, ...inner].join('.');
}
