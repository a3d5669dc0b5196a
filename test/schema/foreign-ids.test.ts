/**
 * Whose ids work where. For every argument and every input field of the roots that takes an id, found in the schema itself: one of
 * somebody else's, one of another kind, one that nothing has, and names that objects have anyway. Somebody else's must look, to the
 * letter, like one that nothing has, and ask as much of the database, so that the time of the answer tells nothing either.
 */
import { getNamedType, isInputObjectType, isObjectType, type GraphQLInputType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/foundation/errors.ts';
import { newId, prefixOf, type IdPrefix } from '../../src/foundation/ids.ts';
import { createApiKey } from '../../src/identity/api-key.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { addBelongings, type Belongings } from '../support/belongings.ts';
import { openHouse, type House } from '../support/house.ts';
import { createScriptedLlm } from '../support/scripted-llm.ts';
import { listenToStatements, type Statements } from '../support/statements.ts';
import { answer, contextOf, open } from './ask.ts';
import { documentFor, rootFields, valuesFor, type Ground, type RootField, type Values } from './calls.ts';

/** Where an id goes: an argument, or a field of the input. */
interface Place {
  readonly field: RootField;
  readonly path: readonly string[];
}

const isId = (type: GraphQLInputType): boolean => getNamedType(type).name === 'ID';

const places: readonly Place[] = rootFields.flatMap((field) =>
  field.field.args.flatMap((argument): Place[] => {
    if (isId(argument.type)) return [{ field, path: [argument.name] }];
    const input = getNamedType(argument.type);
    if (!isInputObjectType(input)) return [];
    return Object.values(input.getFields()).flatMap((one) => (isId(one.type) ? [{ field, path: [argument.name, one.name] }] : []));
  }),
);

const [ONE, TWO] = [newId('ptn'), newId('ptn')];
let house: House;
let ground: Ground;
let stranger: Belongings;
let callers: readonly (readonly [string, Viewer])[];
let desk: Viewer;
let heard: Statements;

beforeAll(async () => {
  house = await openHouse({ llm: createScriptedLlm(), started: false });
  const { database } = house;
  heard = listenToStatements(database);
  const articleId = newId('art');
  const text = { slug: 'refunds', title: 'Refunds', category: 'billing', tags: [], body: '## Refunds\n\nWe give a refund within 30 days.' };
  await database.knowledgeArticle.create({ data: { id: articleId, ...text, reviewedAt: new Date() } });
  ground = { house, partnerId: ONE, theirs: await addBelongings(database, { partnerId: ONE, mark: 'acme' }), articleId, made: [] };
  stranger = await addBelongings(database, { partnerId: TWO, mark: 'stranger' });
  const { id: keyId } = await createApiKey(database, { partnerId: ONE, name: 'Shop', test: true });
  callers = [
    ['a partner', partnerViewer({ partnerId: ONE, keyId })],
    ['a customer', { kind: 'customer', customerId: ground.theirs.customerId }],
  ];
  const person = { userId: newId('usr'), name: 'Ruth', role: 'super_admin' } as const;
  await database.user.create({ data: { id: person.userId, email: 'ruth@desk.example', name: person.name, role: person.role } });
  desk = staffViewer(person);
});
afterAll(() => house.close());

function valueAt(values: Values, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (typeof value === 'object' && value !== null ? (value as Values)[name] : undefined), values);
}

function withValue(values: Values, [name = '', ...rest]: readonly string[], value: unknown): Values {
  return { ...values, [name]: rest.length === 0 ? value : withValue(values[name] as Values, rest, value) };
}

function selectionOf({ field }: RootField): string {
  const type = getNamedType(field.type);
  if (isObjectType(type) && 'edges' in type.getFields()) return 'edges { cursor }';
  return '__typename';
}

/** Everything that a caller learns, as text. */
async function told(field: RootField, values: Values, viewer: Viewer): Promise<string> {
  const source = documentFor(field, values, selectionOf(field));
  const leaving = new AbortController();
  const context = contextOf(house, viewer, leaving.signal);
  const refusal = (error: unknown): string => {
    if (error instanceof AppError) return JSON.stringify([error.code, error.message, error.field ?? null]);
    throw error;
  };
  try {
    if (field.root === 'subscription') {
      await (await open(context, source, values)).return?.();
      return 'followed';
    }
    const { data, errors } = await answer(context, source, values);
    return errors?.[0] ? refusal(errors[0].originalError ?? errors[0]) : JSON.stringify(data);
  } catch (error) {
    return refusal(error);
  } finally {
    leaving.abort();
  }
}

/** The stranger's id of the same kind; null for what belongs to no customer. */
function foreign(prefix: IdPrefix): string | null {
  return Object.values(stranger.ids).find((id) => prefixOf(id) === prefix) ?? null;
}

const nameOf = ({ field, path }: Place): string => `${field.name}(${path.join('.')})`;
const OTHER_KINDS: readonly IdPrefix[] = ['cus', 'run', 'key'];

/** Open to every caller, so that the statements they cost are really some. */
const LOOKED_UP: ReadonlySet<string> = new Set(['conversation', 'customer', 'run', 'escalation', 'node', 'conversationEvents', 'runEvents']);

describe('ids that are not one’s own', () => {
  it('have many places to be tried at', () => {
    expect(places.length).toBeGreaterThan(50);
    expect(new Set(places.map(({ field }) => field.root)).size).toBe(3);
  });

  it.each(places.map((place) => [nameOf(place), place] as const))('look at %s like ids that nothing has', async (_name, { field, path }) => {
    for (const [who, viewer] of callers) {
      const values = await valuesFor(field, { ...ground, made: [] });
      const good = valueAt(values, path);
      const listed = Array.isArray(good);
      const prefix = typeof good === 'string' ? prefixOf(good) : null;
      const theirs = prefix && foreign(prefix);
      if (!prefix || !theirs) {
        // No id of a row, or of a row of everybody: there has to be a value to try others in place of.
        expect(good, 'test/schema/calls.ts gives no value for it').toBeDefined();
        continue;
      }
      const seen = await told(field, withValue(values, path, listed ? [theirs] : theirs), viewer);
      expect(seen, who).toBe(await told(field, withValue(values, path, newId(prefix)), viewer));
      expect(seen, who).not.toContain(stranger.mark);
      expect(seen, who).not.toBe('followed');
    }
    // Nothing came of it.
    expect(await house.database.message.count({ where: { conversationId: stranger.ids['Conversation'] ?? '' } })).toBe(1);
    expect(await house.database.run.count({ where: { customerId: stranger.customerId } })).toBe(1);
  });

  it.each(places.map((place) => [nameOf(place), place] as const))('cost %s the same statements as ids that nothing has', async (_name, { field, path }) => {
    for (const [who, viewer] of callers) {
      const values = await valuesFor(field, { ...ground, made: [] });
      const good = valueAt(values, path);
      const prefix = typeof good === 'string' ? prefixOf(good) : null;
      const theirs = prefix && foreign(prefix);
      if (!prefix || !theirs) continue;
      // What is remembered from the first asking on, such as which agents are switched off, is read before it counts.
      await told(field, withValue(values, path, Array.isArray(good) ? [newId(prefix)] : newId(prefix)), viewer);
      const statementsOf = (id: string) => heard.during(() => told(field, withValue(values, path, Array.isArray(good) ? [id] : id), viewer));
      const seen = await statementsOf(theirs);
      expect(seen, who).toEqual(await statementsOf(newId(prefix)));
      if (LOOKED_UP.has(field.name)) expect(seen, who).not.toEqual([]);
    }
  });

  it.each(places.map((place) => [nameOf(place), place] as const))('of another kind, or none at all, are refused at %s', async (_name, { field, path }) => {
    for (const viewer of [desk, ...callers.map(([, each]) => each)]) {
      const values = await valuesFor(field, { ...ground, made: [] });
      const good = valueAt(values, path);
      const prefix = typeof good === 'string' ? prefixOf(good) : null;
      const others = OTHER_KINDS.filter((kind) => kind !== prefix).map((kind) => newId(kind));
      for (const bad of [...others, '__proto__', 'constructor', 'toString', '', '../etc', `${String(good)}\u0000`]) {
        const seen = await told(field, withValue(values, path, Array.isArray(good) ? [bad, bad] : bad), viewer);
        // A list that is asked for by a name that nothing has is empty; nothing else works.
        expect(seen, `${viewer.kind}: ${bad}`).toMatch(/^\["(?:BAD_INPUT|NOT_FOUND|FORBIDDEN)"|"edges":\[\]/);
      }
    }
  });
});
