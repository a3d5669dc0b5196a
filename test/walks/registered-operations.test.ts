/**
 * Registered operations on every door of a whole Parley that runs nothing else: who registers, who finds what, what is refused and
 * how, and that there is no way around it.
 */
import { createHash } from 'node:crypto';
import { createClient, type Client } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { newId } from '../../src/foundation/ids.ts';
import { createApiKey } from '../../src/identity/api-key.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { openApp, type Answer, type App } from '../support/app.ts';
import { startRedis } from '../support/redis-server.ts';

const VIEWER = 'query Who { viewer { id kind } }';
const CUSTOMERS = 'query Customers($first: Int) { customers(first: $first) { edges { node { id } } } }';
const START = 'mutation Start($input: StartConversationInput!) { startConversation(input: $input) { conversation { id } } }';
const FOLLOW = 'subscription Follow($id: ID!) { conversationEvents(id: $id) { __typename position } }';
const INTROSPECT = '{ __schema { queryType { name } } }';
const STAFF: Viewer = staffViewer({ userId: 'usr_ada', name: 'Ada', role: 'user' });
const ADMIN: Viewer = staffViewer({ userId: 'usr_root', name: 'Root', role: 'super_admin' });

interface Partner {
  readonly id: string;
  readonly live: string;
  readonly test: string;
}

interface Reply extends Answer {
  readonly status: number;
}

let app: App;
let mine: Partner;
let other: Partner;
beforeAll(async () => {
  app = await openApp({ ALLOW_ARBITRARY_OPERATIONS: 'false' });
  [mine, other] = [await addPartner(), await addPartner()];
});
afterAll(() => app.close());

async function addPartner(): Promise<Partner> {
  const id = newId('ptn');
  await app.database.partner.create({ data: { id, name: 'Partner' } });
  const keyOf = async (test: boolean) => (await createApiKey(app.database, { partnerId: id, name: 'Key', test })).key;
  return { id, live: await keyOf(false), test: await keyOf(true) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function send(credential: string | null, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  const response = await fetch(`${app.parley.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
  return { ...((await response.json()) as Answer), status: response.status };
}

async function get(credential: string, params: Readonly<Record<string, string>>): Promise<Reply> {
  const response = await fetch(`${app.parley.url}/graphql?${new URLSearchParams(params)}`, {
    headers: { accept: 'application/graphql-response+json', authorization: `Bearer ${credential}` },
  });
  return { ...((await response.json()) as Answer), status: response.status };
}

const REGISTER = sha256(`mutation ParleyRegisterOperations($input: RegisterOperationsInput!) {
  registerOperations(input: $input) { added operations { id documentId name version cost } }
}`);
const RETIRE = sha256(`mutation ParleyRetireOperations($input: RetireOperationsInput!) {
  retireOperations(input: $input) { operations { id documentId name version retiredAt } }
}`);

function register(credential: string, operations: readonly object[], partnerId?: string): Promise<Reply> {
  return send(credential, { documentId: REGISTER, variables: { input: { operations, partnerId } } });
}

function retire(credential: string, ids: readonly string[], partnerId?: string): Promise<Reply> {
  return send(credential, { documentId: RETIRE, variables: { input: { ids, partnerId } } });
}

function codeOf({ errors }: Answer): string | undefined {
  return errors?.[0]?.extensions.code;
}

interface Registered {
  readonly id: string;
  readonly documentId: string;
  readonly name: string;
  readonly version: number;
}

function registeredIn({ data, errors }: Answer): readonly Registered[] {
  if (errors) throw new Error(JSON.stringify(errors));
  return (data as { registerOperations: { operations: Registered[] } }).registerOperations.operations;
}

/** A stock client, with whatever stands in its payload. */
function socketOf(credential: string): { readonly client: Client; run(payload: object): Promise<unknown>; readonly closes: unknown[] } {
  const closes: unknown[] = [];
  const client = createClient({
    url: `${app.parley.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${credential}` },
    onNonLazyError: () => undefined,
    on: { closed: (event) => void closes.push(event) },
  });
  return {
    client,
    closes,
    run: (payload) =>
      new Promise((resolve) => {
        let answer: unknown;
        client.subscribe(payload as Parameters<Client['subscribe']>[0], {
          next: (result) => (answer ??= result),
          error: resolve,
          complete: () => resolve(answer),
        });
      }),
  };
}

describe('registering', () => {
  it('takes a manifest from a test key, hashes, costs and counts versions, and keeps what ran before', async () => {
    const [first] = registeredIn(await register(mine.test, [{ id: 'greeting', body: 'query Greeting { viewer { id } }' }]));
    const [again] = registeredIn(await register(mine.test, [{ body: 'query Greeting { viewer { id } }', name: 'Greeting' }]));
    const [second] = registeredIn(await register(mine.test, [{ id: 'greeting', body: 'query Greeting { viewer { kind } }' }]));
    expect(first).toMatchObject({ name: 'Greeting', version: 1, cost: 1, documentId: `sha256:${sha256('query Greeting { viewer { id } }')}` });
    expect(again).toEqual(first);
    expect(second).toMatchObject({ name: 'Greeting', version: 2 });
    expect(await send(mine.live, { documentId: first?.documentId })).toMatchObject({ data: { viewer: { id: mine.id } } });
    // Its own id stands for the latest.
    expect(await send(mine.live, { documentId: 'greeting' })).toMatchObject({ data: { viewer: { kind: 'PARTNER' } } });
    const rows = await app.database.registeredOperation.findMany({ where: { partnerId: mine.id, name: 'Greeting' }, orderBy: { version: 'asc' } });
    expect(rows.map(({ version, replacedById }) => [version, replacedById])).toEqual([
      [1, rows[1]?.id],
      [2, null],
    ]);
    const entries = await app.database.auditEntry.findMany({ where: { action: 'operation.register', subjectId: { in: rows.map(({ id }) => id) } } });
    expect(entries.map(({ actorId }) => actorId)).toEqual([`partner:${mine.id}`, `partner:${mine.id}`]);
  });

  it('counts versions right when two register at once', async () => {
    const texts = ['id', 'kind', 'name', '__typename'].map((field) => `query Raced { viewer { ${field} } }`);
    await Promise.all(texts.map((body) => register(mine.test, [{ body }])));
    const rows = await app.database.registeredOperation.findMany({ where: { partnerId: mine.id, name: 'Raced' } });
    expect(rows.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
    expect(rows.filter(({ replacedById }) => replacedById === null)).toHaveLength(1);
  });

  it.each<[string, object, string, string]>([
    [
      'no GraphQL',
      { id: 'broken', body: 'query Broken {\n  viewer { id' },
      'GRAPHQL_PARSE_FAILED',
      'input.operations.1 (broken): line 2, column 14: Syntax Error',
    ],
    [
      'no field of the schema',
      { name: 'Odd', body: 'query Odd {\n  nonsense }' },
      'GRAPHQL_VALIDATION_FAILED',
      '(Odd): line 2, column 3: Cannot query field "nonsense"',
    ],
    ['a hash of something else', { id: sha256('other'), body: VIEWER }, 'BAD_INPUT', 'this is not the SHA-256 of the document "Who"'],
    ['another name', { name: 'You', body: VIEWER }, 'BAD_INPUT', '"You" is called "Who" in its document'],
    ['no name', { body: '{ viewer { id } }' }, 'BAD_INPUT', 'has a name'],
    ['two operations', { body: 'query A { viewer { id } } query B { viewer { id } }' }, 'BAD_INPUT', 'exactly one operation'],
    ['a name of another in it', { body: 'query Fine { viewer { kind } }' }, 'BAD_INPUT', 'called "Fine" too'],
    [
      'what costs too much',
      {
        body: 'query Dear { customers(first: 100) { edges { node { conversations(first: 100) { edges { node { messages(last: 100) { edges { node { id } } } } } } } } } }',
      },
      'OPERATION_TOO_COMPLEX',
      'it could ask for',
    ],
    [
      'many aliases',
      { body: `query Many { ${Array.from({ length: 30 }, (_, index) => `a${index}: viewer { id }`).join(' ')} }` },
      'OPERATION_TOO_COMPLEX',
      '30 aliases',
    ],
  ])('refuses %s, says where, and registers nothing of that call', async (_what, wrong, code, sentence) => {
    const refused = await register(mine.test, [{ body: 'query Fine { viewer { id } }' }, wrong]);
    expect(codeOf(refused)).toBe(code);
    expect(refused.errors?.[0]?.extensions.field).toMatch(/^input\.operations\.1\./);
    expect(refused.errors?.[0]?.message).toContain(sentence);
    expect(await app.database.registeredOperation.count({ where: { partnerId: mine.id, name: 'Fine' } })).toBe(0);
  });

  it('is for test keys and the staff: not for live keys, customers, nobody, or another partner', async () => {
    const { customerId } = await app.customer(mine.id);
    const operations = [{ body: VIEWER }];
    expect(codeOf(await register(mine.live, operations))).toBe('FORBIDDEN');
    expect(codeOf(await register(await app.token(partnerViewer({ partnerId: mine.id, keyId: null })), operations))).toBe('FORBIDDEN');
    expect(codeOf(await register(await app.token({ kind: 'customer', customerId }), operations))).toBe('FORBIDDEN');
    expect(codeOf(await register(mine.test, operations, other.id))).toBe('NOT_FOUND');
    expect(codeOf(await retire(mine.live, ['x']))).toBe('FORBIDDEN');
    expect(codeOf(await send(null, { documentId: REGISTER, variables: { input: { operations } } }))).toBe('UNAUTHENTICATED');
    expect(registeredIn(await register(await app.token(STAFF), operations, other.id))).toMatchObject([{ name: 'Who' }]);
    expect(codeOf(await register(await app.token(STAFF), operations, newId('ptn')))).toBe('NOT_FOUND');
  });
});

describe('a live key', () => {
  beforeAll(async () => {
    registeredIn(
      await register(
        mine.test,
        [VIEWER, CUSTOMERS, START, FOLLOW].map((body) => ({ body })),
      ),
    );
    registeredIn(await register(other.test, [{ id: 'secret', body: 'query OtherSecret { viewer { id } }' }]));
  });

  it('runs its operations by documentId and by persistedQuery, by POST and by GET', async () => {
    const hash = sha256(VIEWER);
    const expected = { status: 200, data: { viewer: { id: mine.id, kind: 'PARTNER' } } };
    expect(await send(mine.live, { documentId: hash })).toEqual(expected);
    expect(await send(mine.live, { documentId: `sha256:${hash.toUpperCase()}` })).toEqual(expected);
    expect(await send(mine.live, { query: '', documentId: hash, operationName: 'Who' })).toEqual(expected);
    expect(await send(mine.live, { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } })).toEqual(expected);
    // Links that cannot leave the document out send it beside its id: it is compared, and runs because it is registered.
    expect(await send(mine.live, { query: VIEWER, documentId: hash })).toEqual(expected);
    expect(await get(mine.live, { documentId: `sha256:${hash}` })).toEqual(expected);
    expect(await get(mine.live, { extensions: JSON.stringify({ persistedQuery: { version: 1, sha256Hash: hash } }) })).toEqual(expected);
  });

  it('changes nothing by GET', async () => {
    const refused = await get(mine.live, { documentId: sha256(START), variables: JSON.stringify({ input: { text: 'Hi' } }) });
    expect([refused.status, codeOf(refused)]).toEqual([405, 'BAD_INPUT']);
  });

  it.each<[string, object | readonly object[], string]>([
    ['a document', { query: 'query Mine { viewer { id } }' }, 'OPERATION_NOT_ALLOWED'],
    ['a document that is registered', { query: VIEWER }, 'OPERATION_NOT_ALLOWED'],
    ['a document with the id of another', { query: INTROSPECT, documentId: sha256(VIEWER) }, 'OPERATION_NOT_ALLOWED'],
    [
      'a document with the hash of another',
      { query: INTROSPECT, extensions: { persistedQuery: { version: 1, sha256Hash: sha256(VIEWER) } } },
      'OPERATION_NOT_ALLOWED',
    ],
    ['a document with its own hash, not registered', { query: INTROSPECT, documentId: sha256(INTROSPECT) }, 'OPERATION_NOT_ALLOWED'],
    ['a registered document with the id of another', { query: CUSTOMERS, documentId: sha256(VIEWER) }, 'BAD_INPUT'],
    ['a document that differs in space, with the id', { query: `${VIEWER} `, documentId: sha256(VIEWER) }, 'OPERATION_NOT_ALLOWED'],
    ['a document that differs in space', { query: `${VIEWER} ` }, 'OPERATION_NOT_ALLOWED'],
    ['nothing but space', { query: ' ', documentId: sha256(VIEWER) }, 'OPERATION_NOT_ALLOWED'],
    ['introspection', { query: INTROSPECT }, 'OPERATION_NOT_ALLOWED'],
    ['the hash of a document it never registered', { documentId: sha256(INTROSPECT) }, 'OPERATION_NOT_FOUND'],
    ['an id nobody has', { documentId: 'nothing' }, 'OPERATION_NOT_FOUND'],
    ['an id of another partner', { documentId: 'secret' }, 'OPERATION_NOT_FOUND'],
    ['a hash of another partner', { documentId: sha256('query OtherSecret { viewer { id } }') }, 'OPERATION_NOT_FOUND'],
    ['neither document nor id', { query: '' }, 'BAD_INPUT'],
    ['two ids that differ', { documentId: sha256(VIEWER), extensions: { persistedQuery: { version: 1, sha256Hash: sha256(CUSTOMERS) } } }, 'BAD_INPUT'],
    ['an id that is no text', { documentId: { $ne: null } }, 'BAD_INPUT'],
    ['an id that is a list', { documentId: [sha256(VIEWER)] }, 'BAD_INPUT'],
    ['an id with a short hash', { documentId: 'sha256:abc' }, 'BAD_INPUT'],
    ['an id that objects have', { documentId: '__proto__' }, 'OPERATION_NOT_FOUND'],
    ['a persistedQuery of another version', { extensions: { persistedQuery: { version: 2, sha256Hash: sha256(VIEWER) } } }, 'BAD_INPUT'],
    ['a name its document does not have', { documentId: sha256(VIEWER), operationName: 'Customers' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['a batch', [{ documentId: sha256(VIEWER) }, { query: INTROSPECT }], 'BAD_INPUT'],
  ])('is refused %s over HTTP', async (_what, body, code) => {
    const refused = await send(mine.live, body);
    expect(codeOf(refused)).toBe(code);
    expect(refused.data).toBeUndefined();
    expect(codeOf(await send(mine.live, body, { accept: 'application/json' }))).toBe(code);
  });

  it('learns nothing about ids of others: what is unknown and what is foreign is answered alike', async () => {
    const [unknown, foreign] = [await send(mine.live, { documentId: 'nothing' }), await send(mine.live, { documentId: 'secret' })];
    expect(unknown).toEqual(foreign);
    expect(unknown.status).toBe(404);
  });

  it('follows over server-sent events by id, and no document of its own', async () => {
    const follow = async (body: object): Promise<string> => {
      const { customerId } = await app.customer(mine.id);
      const started = await send(mine.live, { documentId: sha256(START), variables: { input: { customerId, text: 'Hello' } } });
      const { id } = (started.data as { startConversation: { conversation: { id: string } } }).startConversation.conversation;
      const leaving = new AbortController();
      const response = await fetch(`${app.parley.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${mine.live}` },
        body: JSON.stringify({ ...body, variables: { id } }),
        signal: leaving.signal,
      });
      let heard = '';
      for await (const chunk of response.body ?? []) {
        heard += Buffer.from(chunk).toString();
        if (heard.includes('event: next')) break;
      }
      leaving.abort();
      return heard;
    };
    app.model.script({ text: 'Hi.' });
    expect(await follow({ documentId: sha256(FOLLOW) })).toContain('StreamReady');
    expect(await follow({ query: FOLLOW })).toContain('OPERATION_NOT_ALLOWED');
    expect(await follow({ query: `${FOLLOW}#`, documentId: sha256(FOLLOW) })).toContain('OPERATION_NOT_ALLOWED');
  });

  it('does the same on one WebSocket, which lives through every refusal', async () => {
    const { client, run, closes } = socketOf(mine.live);
    const hash = sha256(VIEWER);
    const who = { data: { viewer: { id: mine.id, kind: 'PARTNER' } } };
    const refusals: readonly [object, string][] = [
      [{ query: VIEWER }, 'OPERATION_NOT_ALLOWED'],
      [{ query: INTROSPECT }, 'OPERATION_NOT_ALLOWED'],
      [{ query: INTROSPECT, extensions: { persistedQuery: { version: 1, sha256Hash: hash } } }, 'OPERATION_NOT_ALLOWED'],
      [{ query: CUSTOMERS, documentId: hash }, 'BAD_INPUT'],
      [{ query: '', documentId: 'secret' }, 'OPERATION_NOT_FOUND'],
      [{ query: '', extensions: { persistedQuery: { version: 1, sha256Hash: sha256(INTROSPECT) } } }, 'OPERATION_NOT_FOUND'],
      [{ query: '' }, 'BAD_INPUT'],
      [{ query: '', documentId: 7 }, 'BAD_INPUT'],
      [{ query: '', documentId: hash, operationName: 'Other' }, 'GRAPHQL_VALIDATION_FAILED'],
    ];
    for (const [payload, code] of refusals) {
      expect(await run(payload)).toMatchObject([{ extensions: { code } }]);
      expect(await run({ query: '', documentId: hash })).toEqual(who);
    }
    expect(await run({ query: '', extensions: { persistedQuery: { version: 1, sha256Hash: hash } } })).toEqual(who);
    expect(await run({ query: '', documentId: `sha256:${hash}` })).toEqual(who);
    expect(closes).toEqual([]);
    await client.dispose();
  });

  it('keeps to the limits with the sizes that its variables name', async () => {
    expect(codeOf(await send(mine.live, { documentId: sha256(CUSTOMERS), variables: { first: 20_000 } }))).toBe('OPERATION_TOO_COMPLEX');
    expect((await send(mine.live, { documentId: sha256(CUSTOMERS), variables: { first: 2 } })).data).toMatchObject({ customers: {} });
  });

  it('is refused what is retired, at once, and may run it when it is registered again', async () => {
    const body = 'query Passing { viewer { id } }';
    const [operation] = registeredIn(await register(mine.test, [{ id: 'passing', body }]));
    expect(await send(mine.live, { documentId: 'passing' })).toMatchObject({ status: 200 });
    expect(await retire(mine.test, ['passing'])).toMatchObject({ data: { retireOperations: { operations: [{ id: operation?.id }] } } });
    for (const documentId of ['passing', sha256(body)]) expect(codeOf(await send(mine.live, { documentId }))).toBe('OPERATION_NOT_FOUND');
    expect(codeOf(await retire(other.test, [operation?.id ?? '']))).toBe('NOT_FOUND');
    registeredIn(await register(mine.test, [{ body }]));
    expect(await send(mine.live, { documentId: 'passing' })).toMatchObject({ status: 200 });
    const entries = await app.database.auditEntry.findMany({ where: { subjectId: operation?.id ?? '' }, orderBy: { at: 'asc' } });
    expect(entries.map(({ action }) => action)).toEqual(['operation.register', 'operation.retire', 'operation.register']);
  });

  it('is told which registered operation no longer fits the schema', async () => {
    const id = newId('oper');
    const text = 'query Old { viewer { gone } }';
    await app.database.registeredOperation.create({
      data: { id, partnerId: mine.id, hash: sha256(text), name: 'Old', kind: 'query', version: 3, text, cost: 1, registeredBy: 'system' },
    });
    const refused = await send(mine.live, { documentId: sha256(text) });
    expect(refused.errors).toMatchObject([
      {
        message: expect.stringContaining('"Old" (version 3) no longer fits the schema: Cannot query field "gone"'),
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ]);
    await app.database.registeredOperation.delete({ where: { id } });
  });
});

describe('front-ends of the business', () => {
  it('run what came with the release, by id or word for word, and nothing else', async () => {
    const { customerId } = await app.customer();
    const token = await app.token({ kind: 'customer', customerId });
    const { operations } = (await import('../../src/client/operations.json', { with: { type: 'json' } })).default;
    const load = operations.find(({ name }) => name === 'ParleyLoad');
    const variables = { id: newId('conv') };
    for (const sent of [{ documentId: load?.id }, { query: load?.body }, { query: load?.body, documentId: load?.id }])
      expect(codeOf(await send(token, { ...sent, variables }))).toBe('NOT_FOUND');
    expect(codeOf(await send(token, { query: `${load?.body} `, variables }))).toBe('OPERATION_NOT_ALLOWED');
    expect(codeOf(await send(token, { query: VIEWER }))).toBe('OPERATION_NOT_ALLOWED');
    expect(codeOf(await send(null, { query: INTROSPECT }))).toBe('OPERATION_NOT_ALLOWED');
    expect(codeOf(await send(await app.token(STAFF), { query: VIEWER }))).toBe('OPERATION_NOT_ALLOWED');
    expect(await send(await app.token(ADMIN), { query: VIEWER })).toMatchObject({ data: { viewer: { kind: 'STAFF' } } });
  });

  it('of a partner’s customers run that partner’s operations, and no other’s', async () => {
    const { customerId } = await app.customer(mine.id);
    const token = await app.token({ kind: 'customer', customerId });
    expect(await send(token, { documentId: sha256(VIEWER) })).toMatchObject({ data: { viewer: { id: customerId } } });
    expect(codeOf(await send(token, { documentId: 'secret' }))).toBe('OPERATION_NOT_FOUND');
  });
});

describe('usage', () => {
  it('is counted per operation and day, and told to the partner whose it is and to the staff', async () => {
    const list = 'query Report { operations { edges { node { name calls usage(days: 1) { calls } partnerId } } } }';
    registeredIn(
      await register(other.test, [
        { id: 'counted', body: 'query Counted { viewer { kind } }' },
        { id: 'list', body: list },
      ]),
    );
    for (let calls = 0; calls < 3; calls += 1) await send(other.live, { documentId: 'counted' });
    await app.restart();
    const { data } = await send(other.live, { documentId: 'list' });
    const nodes = (data as { operations: { edges: { node: { name: string; calls: number; usage: { calls: number }[]; partnerId: string } }[] } }).operations
      .edges;
    expect(nodes.map(({ node }) => node).find(({ name }) => name === 'Counted')).toEqual({
      name: 'Counted',
      calls: 3,
      usage: [{ calls: 3 }],
      partnerId: other.id,
    });
    expect(new Set(nodes.map(({ node }) => node.partnerId))).toEqual(new Set([other.id]));
    const admin = await send(await app.token(ADMIN), {
      query: 'query ($id: ID!) { operations(partnerId: $id, retired: false) { edges { node { name } } } }',
      variables: { id: mine.id },
    });
    expect(JSON.stringify(admin.data)).toContain('"Who"');
    const { customerId } = await app.customer(mine.id);
    registeredIn(await register(mine.test, [{ id: 'list', body: list }]));
    expect(codeOf(await send(await app.token({ kind: 'customer', customerId }), { documentId: 'list' }))).toBe('FORBIDDEN');
  });
});

describe('two instances', () => {
  it('run what was registered at the other, and no more what was retired there', async () => {
    const redis = await startRedis();
    const env = { ALLOW_ARBITRARY_OPERATIONS: 'false' };
    const here = await openApp(env, { redisUrl: redis.url, shareDatabaseWith: app });
    const there = await openApp(env, { redisUrl: redis.url, shareDatabaseWith: app });
    const first = app;
    try {
      const body = 'query Shared { viewer { id } }';
      const at = async (instance: App, act: () => Promise<Reply>) => {
        app = instance;
        return act().finally(() => (app = first));
      };
      const run = () => at(there, () => send(mine.live, { documentId: 'shared' }));
      expect(codeOf(await run())).toBe('OPERATION_NOT_FOUND');
      await at(here, () => register(mine.test, [{ id: 'shared', body }]));
      // Sooner than what was read there runs out by itself.
      await expect.poll(run, { timeout: 5_000 }).toMatchObject({ data: { viewer: { id: mine.id } } });
      await at(here, () => retire(mine.test, ['shared']));
      await expect.poll(async () => codeOf(await run()), { timeout: 5_000 }).toBe('OPERATION_NOT_FOUND');
    } finally {
      await here.close();
      await there.close();
      await redis.close();
    }
  });
});
