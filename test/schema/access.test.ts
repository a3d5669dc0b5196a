/**
 * Every field of the roots called as every role, over the real schema and real rows, and every kind of row looked up by its id. What came
 * of it stands in access-matrix.txt; whoever changes who may do what changes that file with `vitest -u` and reads what changed.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { AppError } from '../../src/foundation/errors.ts';
import { createApiKey } from '../../src/identity/api-key.ts';
import { schema } from '../../src/schema/schema.ts';
import { USER_ROLES } from '../../src/store/roles.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { addBelongings } from '../support/belongings.ts';
import { openHouse, type House } from '../support/house.ts';
import { createScriptedLlm } from '../support/scripted-llm.ts';
import { answer, contextOf, open } from './ask.ts';
import { documentFor, rootFields, valuesFor, type Ground, type RootField } from './calls.ts';

const PARTNER_ID = newId('ptn');

let house: House;
let ground: Ground;
let viewers: ReadonlyMap<string, Viewer | null>;

beforeAll(async () => {
  house = await openHouse({ llm: createScriptedLlm(), started: false });
  const { database } = house;
  const articleId = newId('art');
  const text = { slug: 'refunds', title: 'Refunds', category: 'billing', tags: [], body: '## Refunds\n\nWe give a refund within 30 days.' };
  await database.knowledgeArticle.create({ data: { id: articleId, ...text, reviewedAt: new Date() } });
  await database.articleReport.create({ data: { id: newId('arep'), articleId, score: 80, parts: {}, problems: [], createdAt: new Date() } });
  ground = { house, partnerId: PARTNER_ID, theirs: await addBelongings(database, { partnerId: PARTNER_ID, mark: 'acme' }), articleId, made: [] };
  const people = USER_ROLES.map((role) => staffViewer({ userId: newId('usr'), name: role, role }));
  for (const { userId: id, name, role } of people) await database.user.create({ data: { id, email: `${role}@desk.example`, name, role } });
  // A key for tests: live ones register nothing by themselves.
  const { id: keyId } = await createApiKey(database, { partnerId: PARTNER_ID, name: 'Shop', test: true });
  viewers = new Map<string, Viewer | null>([
    ...people.map((person) => [person.role, person] as const),
    ['api_client', partnerViewer({ partnerId: PARTNER_ID, keyId })],
    ['key without scopes', { ...partnerViewer({ partnerId: PARTNER_ID, keyId }), scopes: [] }],
    ['customer', { kind: 'customer', customerId: ground.theirs.customerId }],
    ['nobody', null],
  ]);
});
afterAll(() => house.close());

function codeOf(error: unknown): string {
  if (error instanceof AppError) return error.code;
  throw error;
}

async function outcomeOf(field: RootField, viewer: Viewer | null): Promise<string> {
  const made: Ground['made'] = [];
  const values = await valuesFor(field, { ...ground, made, holderId: viewer?.kind === 'staff' ? viewer.userId : undefined });
  // What was made for the call belongs to a customer of its own: that one calls.
  const caller = viewer?.kind === 'customer' && made[0] ? { ...viewer, customerId: made[0].customerId } : viewer;
  const source = documentFor(field, values);
  const leaving = new AbortController();
  const context = contextOf(house, caller, leaving.signal);
  if (field.root === 'subscription') {
    try {
      await (await open(context, source, values)).return?.();
      return 'ok';
    } catch (error) {
      return codeOf(error);
    } finally {
      leaving.abort();
    }
  }
  const { errors = [] } = await answer(context, source, values);
  return errors[0] ? codeOf(errors[0].originalError ?? errors[0]) : 'ok';
}

/** The rule as it stands at a field or a type: "customer or has read:agents". */
function ruleOf({ extensions }: { readonly extensions: object }): string {
  const options = 'pothosOptions' in extensions ? extensions.pothosOptions : undefined;
  const rule = typeof options === 'object' && options !== null && 'authScopes' in options ? options.authScopes : undefined;
  if (typeof rule === 'function') return 'by what is asked for';
  return Object.entries(rule ?? {})
    .map(([name, scope]) => (scope === true ? name : `${name} ${String(scope)}`))
    .join(' or ');
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

describe('who may do what', () => {
  it('is what the matrix says, for every root field and every kind of row', async () => {
    const rows: string[][] = [['', ...viewers.keys(), 'rule']];
    for (const field of rootFields) {
      const row = [`${field.root} ${field.name}`];
      for (const viewer of viewers.values()) row.push(await outcomeOf(field, viewer));
      rows.push([...row, ruleOf(field.field)]);
    }
    for (const [type, id] of Object.entries(ground.theirs.ids)) {
      const row = [`node ${type}`];
      for (const viewer of viewers.values()) {
        const { errors = [] } = await answer(contextOf(house, viewer), 'query($id: ID!) { node(id: $id) { id } }', { id });
        row.push(errors[0] ? codeOf(errors[0].originalError ?? errors[0]) : 'ok');
      }
      rows.push([...row, ruleOf(schema.getType(type) ?? { extensions: {} })]);
    }
    await expect(`${table(rows)}\n`).toMatchFileSnapshot('access-matrix.txt');
  }, 240_000);
});
