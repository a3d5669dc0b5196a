/**
 * What is registered, around the clients: the commands that register it and hold it against the schema, and the persisted links where
 * documents may be sent too, which find out by themselves. What each client does with it is six-clients.test.ts.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { readManifest } from '../../src/desk/operation-manifest.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createInspect } from '../../src/gateway/inspect-operation.ts';
import { OWN_MANIFESTS, reportOutdated } from '../../src/own-operations.ts';
import { openApp, type App } from '../support/app.ts';
import { accessOf, command, partnerOf, register, withManifest } from './partner.ts';
import { VIEWER, withApollo, withUrql, type Access, type FrontEnd } from './six-clients.ts';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

describe('where only registered operations run', () => {
  let app: App;
  beforeAll(async () => {
    app = await openApp({ ALLOW_ARBITRARY_OPERATIONS: 'false' });
  });
  afterAll(() => app.close());

  it('Apollo may send its hashes with GET, and a live key may register nothing itself', async () => {
    const partner = await partnerOf(app);
    const access = accessOf(app, partner.live);
    const frontEnd = withApollo(access, { useGETForHashedQueries: true });
    expect(await register(app, frontEnd.manifest, partner.live)).toMatchObject({ code: 1, output: expect.stringContaining('test key') as string });
    await expect(frontEnd.viewer()).rejects.toThrow();
    expect(await register(app, frontEnd.manifest, partner.test)).toMatchObject({ code: 0 });
    expect(await frontEnd.viewer()).toBe(partner.id);
    await access.socket.dispose();
  });

  it('the command says what is wrong and where, and its exit code whose fault it is', async () => {
    const { test } = await partnerOf(app);
    const wrong = { id: 'b', name: 'B', type: 'query', body: 'query B {\n  viewer { nonsense }\n}' };
    const manifest = {
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [{ id: 'a', name: 'A', type: 'query', body: 'query A { viewer { id } }' }, wrong],
    };
    expect(await register(app, manifest, test)).toEqual({
      code: 1,
      output: expect.stringContaining('manifest.json: operation 2 (B): line 2, column 12: Cannot query field "nonsense" on type "Viewer"') as string,
    });
    expect(await register(app, { [sha256('other')]: VIEWER }, test)).toMatchObject({ code: 1, output: expect.stringContaining('operation 1.id') });
    expect(await register(app, '{ "a": 1 }', test)).toMatchObject({ code: 1, output: expect.stringContaining('a: Invalid input') });
    expect(await register(app, '{', test)).toMatchObject({ code: 1, output: expect.stringContaining('it is not JSON') });
    expect(await register(app, manifest, 'pk_live_nobody')).toMatchObject({ code: 1, output: expect.stringContaining('not valid') });
    await withManifest(manifest, async (file) => {
      const nowhere = { PARLEY_URL: 'http://127.0.0.1:1', PARLEY_CREDENTIAL: test };
      expect(await command(nowhere, 'register', file)).toMatchObject({ code: 2, output: expect.stringContaining('does not answer') });
      expect(await command({}, 'register', file)).toMatchObject({ code: 2, output: expect.stringContaining('PARLEY_URL') });
    });
    expect(await command({}, 'register')).toMatchObject({ code: 2, output: expect.stringContaining('npm run operations:register') });
  });

  it('the committed manifests fit the schema; one with a field that is gone is found, by its operation and the field', async () => {
    expect(await command({}, 'check')).toMatchObject({ code: 0, output: expect.stringContaining('fit the schema') });
    const committed = fileURLToPath(new URL('../../src/client/operations.json', import.meta.url));
    expect(await command({}, 'check', committed)).toMatchObject({ code: 0, output: expect.stringContaining('fit the schema') });
    const text = await readFile(committed, 'utf8');
    const { operations, ...format } = JSON.parse(text) as { operations: readonly { readonly body: string; readonly name: string }[] };
    // As it would be if a field of the schema had gone: the document still asks for it, under its hash.
    const body = 'subscription Follow($id: ID!) {\n  conversationEvents(id: $id) { __typename mood }\n}';
    const broken = { ...format, operations: [...operations, { id: sha256(body), name: 'Follow', type: 'subscription', body }] };
    await withManifest(broken, async (file) => {
      expect(await command({}, 'check', file)).toEqual({
        code: 1,
        output: `${file}: Follow, line 2, column 44: Cannot query field "mood" on type "ConversationStreamItem".\n1 problems in ${operations.length + 1} operations\n`,
      });
    });
    expect(await command({}, 'check', 'nothing.json')).toMatchObject({ code: 2, output: expect.stringContaining('cannot be read') });
    expect(await command({}, 'check', committed, 'more')).toMatchObject({ code: 2, output: expect.stringContaining('npm run operations:check') });
    expect(await command({}, 'check', committed, '--database')).toMatchObject({ code: 2, output: expect.stringContaining('npm run operations:check') });
  });

  it('what is registered at a server or in a database is held against the schema of the sources', async () => {
    const partner = await partnerOf(app);
    await register(app, { a: VIEWER }, partner.test);
    const environments = [
      [{ PARLEY_URL: app.parley.url, PARLEY_CREDENTIAL: partner.test }, '--server'],
      [{ DATABASE_URL: app.databaseUrl }, '--database'],
    ] as const;
    for (const [env, where] of environments)
      expect(await command(env, 'check', where)).toMatchObject({ code: 0, output: expect.stringContaining('fit the schema') });
    const text = 'query Old { viewer { gone } }';
    const row = {
      id: newId('oper'),
      partnerId: partner.id,
      hash: sha256(text),
      name: 'Old',
      kind: 'query' as const,
      version: 2,
      text,
      cost: 1,
      registeredBy: 'system',
    };
    await app.database.registeredOperation.create({ data: row });
    for (const [env, where] of environments)
      expect(await command(env, 'check', where)).toMatchObject({
        code: 1,
        output: expect.stringContaining(`${partner.id}: Old version 2: Cannot query field "gone"`),
      });
    await app.database.registeredOperation.delete({ where: { id: row.id } });
  });
});

describe('a schema that lost a field', () => {
  it('is found by the operations that ask for it: those in the committed manifests, and those that partners registered, which a start names', async () => {
    const app = await openApp({ ALLOW_ARBITRARY_OPERATIONS: 'false' });
    const partner = await partnerOf(app);
    await register(app, { who: VIEWER, stop: 'mutation Stop($input: StopRunInput!) { stopRun(input: $input) { alreadyFinished } }' }, partner.test);
    const printed = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8');
    const changed = buildSchema(printed.replace(/^ {2}stopRun\(/m, '  endRun('));
    const inspect = createInspect(changed, readConfig({}).limits);
    const committed = await Promise.all(OWN_MANIFESTS.map(async (path) => readManifest(await readFile(new URL(`../../src/${path}`, import.meta.url), 'utf8'))));
    const broken = committed.flat().filter(({ body }) => !inspect(body).ok);
    expect(broken.map(({ body }) => body)).toEqual(committed.flat().flatMap(({ body }) => (/\bstopRun\b/.test(body) ? [body] : [])));
    expect(broken).not.toEqual([]);
    const lines: Record<string, unknown>[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
    const stop = reportOutdated(app.database, inspect, createLogger({ level: 'warn', pretty: false, destination }));
    await expect.poll(() => lines.find(({ partnerId }) => partnerId === partner.id)).toBeDefined();
    await stop();
    expect(lines.filter(({ partnerId }) => partnerId === partner.id)).toMatchObject([
      { name: 'Stop', version: 1, problem: expect.stringContaining('Cannot query field "stopRun" on type "Mutation"') as string },
    ]);
    await app.close();
  });
});

describe('where documents may be sent', () => {
  let app: App;
  beforeAll(async () => {
    app = await openApp();
  });
  afterAll(() => app.close());

  it.each<[string, (access: Access) => FrontEnd]>([
    ['urql with persistedExchange', (access) => withUrql(access, 'tried first')],
    ['Apollo with PersistedQueryLink', (access) => withApollo(access, {})],
    ['Apollo with PersistedQueryLink and GET', (access) => withApollo(access, { useGETForHashedQueries: true })],
  ])('%s sends a document when its hash is not known, and its hash alone from then on', async (_name, frontEndWith) => {
    const { customerId } = await app.customer();
    const access = accessOf(app, await app.token({ kind: 'customer', customerId }));
    const frontEnd = frontEndWith(access);
    expect(await frontEnd.viewer()).toBe(customerId);
    expect(await frontEndWith(access).viewer()).toBe(customerId);
    app.model.script({ text: 'Hi.' });
    expect((await frontEnd.start({ text: 'Hello' })).id).toMatch(/^conv_/);
    await access.socket.dispose();
  });

  it('a live key may send none all the same, and a test key may', async () => {
    const partner = await partnerOf(app);
    const ask = async (key: string) => {
      const answer = await fetch(`${app.parley.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ query: VIEWER }),
      });
      return (await answer.json()) as unknown;
    };
    expect(await ask(partner.live)).toMatchObject({ errors: [{ extensions: { code: 'OPERATION_NOT_ALLOWED' } }] });
    expect(await ask(partner.test)).toEqual({ data: { viewer: { id: partner.id } } });
  });
});
