/** Paging through lists: every row once, in order, both ways, also while rows arrive and where moments are equal. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';
import { ask, refusalOf } from './ask.ts';

interface Listed {
  readonly edges: { readonly cursor: string; readonly node: { readonly id: string } }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

const PAGE = 'edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
const ARGS = '$first: Int, $last: Int, $after: String, $before: String';
const PASSED = 'first: $first, last: $last, after: $after, before: $before';

describe('lists', () => {
  let house: House;
  let customerId: string;
  let conversationId: string;
  /** As messages are listed: oldest first. */
  let messageIds: string[];

  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm(['Hello.']), started: false });
    ({ customerId } = await house.addCustomer());
    conversationId = newId('conv');
    const at = new Date('2026-01-01T00:00:00.000Z');
    await house.database.conversation.create({ data: { id: conversationId, customerId, createdAt: at, lastMessageAt: at } });
    // Three messages share each moment, so that only the id orders them.
    const rows = Array.from({ length: 60 }, (_value, index) => ({
      id: newId('msg'),
      conversationId,
      role: 'customer' as const,
      text: `Message ${index}`,
      createdAt: new Date(at.getTime() + Math.floor(index / 3)),
    }));
    await house.database.message.createMany({ data: rows.toReversed() });
    messageIds = rows.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
  });
  afterAll(() => house.close());

  async function messages(variables: Readonly<Record<string, unknown>>): Promise<Listed> {
    const data = await ask(house, STAFF, `query($id: ID!, ${ARGS}) { conversation(id: $id) { messages(${PASSED}) { ${PAGE} } } }`, {
      id: conversationId,
      ...variables,
    });
    return (data['conversation'] as { messages: Listed }).messages;
  }

  const idsOf = (listed: Listed) => listed.edges.map(({ node }) => node.id);

  it('gives 25 entries when nothing is said, the oldest messages first', async () => {
    const listed = await messages({});
    expect(idsOf(listed)).toEqual(messageIds.slice(0, 25));
    expect(listed.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  });

  it.each([1, 7, 20, 59, 60, 100])('passes every row once forwards in pages of %i', async (first) => {
    const seen: string[] = [];
    let after: string | null = null;
    for (;;) {
      const listed = await messages({ first, after });
      expect(listed.edges.length).toBeLessThanOrEqual(first);
      seen.push(...idsOf(listed));
      after = listed.pageInfo.endCursor;
      if (!listed.pageInfo.hasNextPage) break;
    }
    expect(seen).toEqual(messageIds);
  });

  it.each([1, 7, 20, 59, 60, 100])('passes every row once backwards in pages of %i', async (last) => {
    const seen: string[] = [];
    let before: string | null = null;
    for (;;) {
      const listed = await messages({ last, before });
      seen.unshift(...idsOf(listed));
      before = listed.pageInfo.startCursor;
      if (!listed.pageInfo.hasPreviousPage) break;
    }
    expect(seen).toEqual(messageIds);
  });

  it('says that there is more on the other side of a cursor', async () => {
    const { pageInfo } = await messages({ first: 10 });
    expect((await messages({ first: 10, after: pageInfo.endCursor })).pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    expect((await messages({ last: 5, before: pageInfo.endCursor })).pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
  });

  it('gives an empty page for none, and still says whether there are any', async () => {
    expect(await messages({ first: 0 })).toEqual({ edges: [], pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null } });
  });

  it('neither skips nor repeats conversations while new ones arrive', async () => {
    const { viewer, customerId: mine } = await house.addCustomer();
    const start = async (at: string) => {
      const id = newId('conv');
      await house.database.conversation.create({ data: { id, customerId: mine, createdAt: new Date(at), lastMessageAt: new Date(at) } });
      return id;
    };
    const old = [];
    for (const day of ['04', '03', '02', '01']) old.push(await start(`2026-02-${day}T10:00:00.000Z`));
    const query = `query(${ARGS}) { conversations(${PASSED}) { ${PAGE} } }`;
    const first = (await ask(house, viewer, query, { first: 2 }))['conversations'] as Listed;
    await start('2026-02-05T10:00:00.000Z');
    const second = (await ask(house, viewer, query, { first: 2, after: first.pageInfo.endCursor }))['conversations'] as Listed;
    expect([...idsOf(first), ...idsOf(second)]).toEqual(old);
  });

  it('pages through the agents by id', async () => {
    const query = `query(${ARGS}) { agents(${PASSED}) { ${PAGE} } }`;
    const first = (await ask(house, STAFF, query, { first: 1 }))['agents'] as Listed;
    expect(idsOf(first)).toEqual(['first_agent']);
    const second = (await ask(house, STAFF, query, { first: 1, after: first.pageInfo.endCursor }))['agents'] as Listed;
    expect(idsOf(second)).toEqual(['second_agent']);
    expect(second.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    const back = (await ask(house, STAFF, query, { last: 1, before: second.pageInfo.startCursor }))['agents'] as Listed;
    expect(idsOf(back)).toEqual(['first_agent']);
  });

  it.each([
    [{ first: 101 }, 'first'],
    [{ first: -1 }, 'first'],
    [{ last: 101 }, 'last'],
    [{ first: 1, last: 1 }, 'last'],
    [{ first: 1, before: 'x' }, 'before'],
    [{ last: 1, after: 'x' }, 'after'],
    [{ after: 'x', before: 'x' }, 'before'],
    [{ first: 1, after: 'garbage' }, 'after'],
    [{ first: 1, after: '' }, 'after'],
    [{ last: 1, before: 'MTIzLg' }, 'before'],
  ])('refuses %j, naming %s', async (args, field) => {
    for (const list of ['customers', 'conversations', 'runs', 'agents']) {
      expect(await refusalOf(house, STAFF, `query(${ARGS}) { ${list}(${PASSED}) { edges { cursor } } }`, args)).toEqual({ code: 'BAD_INPUT', field });
    }
  });
});
