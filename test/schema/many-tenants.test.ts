/**
 * A hundred customers of ten partners in one house: whatever each partner and each customer lists, searches, follows or is refused tells
 * of nothing but their own. Each customer's texts carry a mark of its own, and every answer is searched for the marks of others.
 */
import type { ExecutionResult } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partnerViewer, type Viewer } from '../../src/store/viewer.ts';
import { addBelongings, type Belongings } from '../support/belongings.ts';
import { openHouse, type House } from '../support/house.ts';
import { createScriptedLlm } from '../support/scripted-llm.ts';
import { answer, contextOf, open, type Answers } from './ask.ts';

const PARTNERS = 10;
const CUSTOMERS = 100;

interface Tenant {
  readonly name: string;
  readonly viewer: Viewer;
  readonly marks: ReadonlySet<string>;
}

let house: House;
const all: Belongings[] = [];
let partners: readonly Tenant[];
let customers: readonly Tenant[];

const markOf = (at: number): string => `mark${at}x`;
const partnerOf = (at: number): string => `ptn_${at % PARTNERS}`;

beforeAll(async () => {
  house = await openHouse({ llm: createScriptedLlm(), started: false });
  for (let at = 0; at < CUSTOMERS; at += 1) all.push(await addBelongings(house.database, { partnerId: partnerOf(at), mark: markOf(at) }));
  partners = Array.from({ length: PARTNERS }, (_, number) => ({
    name: `ptn_${number}`,
    viewer: partnerViewer({ partnerId: `ptn_${number}`, keyId: null }),
    marks: new Set(all.flatMap(({ mark }, at) => (partnerOf(at) === `ptn_${number}` ? [mark] : []))),
  }));
  customers = all.map(({ customerId, mark }) => ({ name: mark, viewer: { kind: 'customer', customerId }, marks: new Set([mark]) }));
}, 120_000);
afterAll(() => house.close());

/** The marks that stand in an answer, whatever else it holds. */
function marksIn(told: unknown): Set<string> {
  return new Set(JSON.stringify(told).match(/mark\d+x/g));
}

const TALK = `id subject customer { id name company email } messages { edges { node { id text } } } runs { edges { node { id result steps { output } } } }
  escalation { id reason snapshot }`;
const LISTS: Readonly<Record<string, string>> = {
  customers: `id name company email contacts { id name email } notes { edges { node { text } } } invoices { edges { node { id number } } }
    payments { edges { node { id } } } credits { edges { node { reason } } } conversations { edges { node { ${TALK} } } }`,
  conversations: TALK,
  runs: `id result conversation { ${TALK} } customer { id name }`,
  jobs: 'id result run { id result customer { id name } }',
  escalations: `id reason snapshot conversation { ${TALK} } customer { id name }`,
};

/** What a viewer is told by all pages of a list. */
async function listed(viewer: Viewer, list: string): Promise<{ readonly told: unknown; readonly rows: number }> {
  const told: unknown[] = [];
  let rows = 0;
  for (let after: string | null = null; ;) {
    const source = `query($after: String) { ${list}(first: 60, after: $after) { pageInfo { hasNextPage endCursor } edges { node { ${LISTS[list]} } } } }`;
    const { data, errors }: ExecutionResult = await answer(contextOf(house, viewer), source, { after });
    expect(errors).toBeUndefined();
    told.push(data);
    const page = data?.[list] as { pageInfo: { hasNextPage: boolean; endCursor: string | null }; edges: unknown[] };
    rows += page.edges.length;
    if (!page.pageInfo.hasNextPage) return { told, rows };
    after = page.pageInfo.endCursor;
  }
}

describe('a hundred customers of ten partners', () => {
  it.each(Object.keys(LISTS))(
    'see in %s all of their own and nothing else',
    async (list) => {
      for (const { name, viewer, marks } of [...partners, ...customers.slice(0, 20)]) {
        const { told, rows } = await listed(viewer, list);
        expect(rows, name).toBe(marks.size);
        // A customer's own runs and jobs hold no results that customers read: that they are there is told by their number.
        const seen = marksIn(told);
        expect(
          [...seen].filter((mark) => !marks.has(mark)),
          name,
        ).toEqual([]);
        if (list !== 'jobs') expect(seen, name).toEqual(marks);
      }
    },
    120_000,
  );

  it('find by searching nothing of others, by whatever word, name or address', async () => {
    const SEARCH = 'query($search: String) { customers(search: $search, first: 100) { edges { node { name email } } } }';
    const found = async (viewer: Viewer, search: string) => {
      const { data, errors } = await answer(contextOf(house, viewer), SEARCH, { search });
      expect(errors).toBeUndefined();
      return marksIn(data);
    };
    for (const [number, { viewer, marks }] of partners.entries()) {
      expect(await found(viewer, 'mark')).toEqual(marks);
      const other = markOf(number + 1);
      for (const search of [other, `${other} Studio`, `${other} Ltd`, `${other}@${other}.example`]) expect([...(await found(viewer, search))]).toEqual([]);
      const [own = ''] = marks;
      expect([...(await found(viewer, `${own}@${own}.example`))]).toEqual([own]);
    }
    for (const { viewer, name } of customers.slice(0, 10)) expect([...(await found(viewer, 'mark'))]).toEqual([name]);
  });

  it('learn nothing from what they are refused', async () => {
    const kinds = ['Customer', 'Contact', 'CustomerNote', 'Invoice', 'Conversation', 'Message', 'Run', 'RunStep', 'Escalation', 'Approval'];
    for (const [number, { viewer }] of partners.entries()) {
      const other = all[number + 1];
      for (const kind of kinds) {
        const { data, errors } = await answer(contextOf(house, viewer), 'query($id: ID!) { node(id: $id) { __typename id } }', { id: other?.ids[kind] });
        expect(data).toEqual({ node: null });
        expect([...marksIn(errors?.map(({ message, extensions, path }) => [message, extensions, path]))]).toEqual([]);
        expect(errors?.[0]?.originalError).toMatchObject({ code: 'NOT_FOUND' });
      }
      // An address is free for one partner whether another has a customer of it or not.
      const CREATE = 'mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { name } } }';
      const created = await answer(contextOf(house, viewer), CREATE, { input: { email: other?.email, name: `marked by ${number}` } });
      expect(created.errors).toBeUndefined();
    }
  });

  it('hear of their own conversations and runs, and can follow no other', async () => {
    const leaving = new AbortController();
    const FOLLOW = 'subscription($id: ID!) { conversationEvents(id: $id) { __typename ... on TextDelta { text } } }';
    const FOLLOW_RUN = 'subscription($id: ID!) { runEvents(id: $id) { __typename ... on TextDelta { text } } }';
    const follow = (viewer: Viewer, source: string, id: string | undefined) => open(contextOf(house, viewer, leaving.signal), source, { id });
    const streams: { readonly stream: Answers; readonly mark: string }[] = [];
    for (const [at, { ids, mark }] of all.entries()) {
      const mine = [customers[at], partners[at % PARTNERS]].flatMap((tenant) => (tenant ? [tenant.viewer] : []));
      for (const viewer of mine) {
        streams.push({ stream: await follow(viewer, FOLLOW, ids['Conversation']), mark }, { stream: await follow(viewer, FOLLOW_RUN, ids['Run']), mark });
      }
      const others = [customers[(at + 1) % CUSTOMERS], partners[(at + 1) % PARTNERS]].flatMap((tenant) => (tenant ? [tenant.viewer] : []));
      for (const viewer of others) {
        await expect(follow(viewer, FOLLOW, ids['Conversation'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
        await expect(follow(viewer, FOLLOW_RUN, ids['Run'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
      }
    }
    const at = new Date().toISOString();
    const head = { at, visibility: 'CUSTOMER', step: 'agent', attempt: 1, offset: 0, type: 'TextDelta' } as const;
    await Promise.all(
      all.map(({ ids, mark }) =>
        house.log.append(`conversation:${ids['Conversation'] ?? ''}`, [
          { ...head, runId: ids['Run'] ?? '', messageId: ids['Message'] ?? '', text: `${mark} is told` },
          { ...head, runId: ids['Run'] ?? '', messageId: ids['Message'] ?? '', offset: 20, text: 'the end' },
        ]),
      ),
    );
    for (const { stream, mark } of streams) {
      const heard: unknown[] = [];
      for await (const { data, errors } of stream) {
        expect(errors).toBeUndefined();
        heard.push(data);
        if (JSON.stringify(data).includes('the end')) break;
      }
      expect([...marksIn(heard)]).toEqual([mark]);
    }
    expect(streams).toHaveLength(CUSTOMERS * 4);
    leaving.abort();
  }, 120_000);
});
