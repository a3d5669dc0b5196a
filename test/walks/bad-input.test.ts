/** The table of bad input, row by row, against the whole server over real HTTP and real sockets. */
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createKeySet } from '../../src/identity/key-set.ts';
import { createSeal } from '../../src/identity/seal.ts';
import { isTerminal, openApp, type App, type FrontEnd } from '../support/app.ts';
import { takeUntil } from '../support/collect.ts';

const START = 'mutation Start($input: StartConversationInput!) { startConversation(input: $input) { conversation { id } run { id } } }';
const POST = 'mutation Post($input: PostMessageInput!) { postMessage(input: $input) { disposition message { id text } } }';

describe('bad input', () => {
  let app: App;
  let me: FrontEnd & { readonly customerId: string };
  beforeAll(async () => {
    app = await openApp();
    me = await app.customer();
  });
  afterAll(() => app.close());

  async function rows(): Promise<number> {
    const [conversations, messages, runs] = await Promise.all([app.database.conversation.count(), app.database.message.count(), app.database.run.count()]);
    return conversations + messages + runs;
  }

  async function conversation(): Promise<string> {
    app.model.script({ text: 'Yes.' });
    const { conversationId, position } = await me.ask('Hello?');
    await takeUntil(me.follow(conversationId, position), isTerminal);
    return conversationId;
  }

  it.each([
    ['an empty text', START, { input: { text: '  ' } }, 'input.text'],
    ['a text over the limit', START, { input: { text: 'x'.repeat(10_001) } }, 'input.text'],
    ['an unknown enum value', START, { input: { text: 'Hi', channel: 'PIGEON' } }, 'input.channel'],
    ['a malformed id', POST, { input: { conversationId: 'nonsense', text: 'Hi' } }, 'input.conversationId'],
    ['an id of another kind', POST, { input: { conversationId: newId('run'), text: 'Hi' } }, 'input.conversationId'],
    ['a garbage position', 'query Q($id: ID!) { conversation(id: $id) { id } }', { id: '%%%' }, 'id'],
  ])('%s is BAD_INPUT naming the field, and nothing is written', async (_what, query, variables, field) => {
    const before = await rows();
    const { errors } = await me.http(query, variables);
    expect(errors?.[0]).toMatchObject({ extensions: { code: 'BAD_INPUT', field: expect.stringContaining(field) } });
    expect(await rows()).toBe(before);
  });

  it('a garbage position is BAD_INPUT on a subscription, and the socket goes on', async () => {
    const conversationId = await conversation();
    await expect(me.follow(conversationId, 'rubbish').next()).rejects.toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
    const reader = me.follow(conversationId);
    expect((await reader.next()).value).toMatchObject({ __typename: 'StreamReady' });
    await reader.return?.();
  });

  it('an unknown conversation and somebody else’s are both NOT_FOUND, for reading, writing, stopping and following', async () => {
    const theirs = await (await app.customer()).ask('Mine alone');
    const unknown = newId('conv');
    for (const id of [theirs.conversationId, unknown]) {
      expect((await me.http('query Q($id: ID!) { conversation(id: $id) { id } }', { id })).errors?.[0]).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
      expect((await me.http(POST, { input: { conversationId: id, text: 'Hi' } })).errors?.[0]).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
      await expect(me.follow(id).next()).rejects.toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    }
    for (const runId of [theirs.runId, newId('run')]) {
      expect((await me.http('mutation Stop($id: ID!) { stopRun(input: { runId: $id }) { alreadyFinished } }', { id: runId })).errors?.[0]).toMatchObject({
        extensions: { code: 'NOT_FOUND' },
      });
      await expect(me.followRun(runId).next()).rejects.toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    }
  });

  it('a message to a resolved conversation is CONVERSATION_CLOSED and can be sent after reopening', async () => {
    const conversationId = await conversation();
    await me.http('mutation R($id: ID!) { resolveConversation(input: { conversationId: $id }) { conversation { status } } }', { id: conversationId });
    const input = { conversationId, text: 'One more' };
    expect((await me.http(POST, { input })).errors?.[0]).toMatchObject({ extensions: { code: 'CONVERSATION_CLOSED' } });
    await me.http('mutation R($id: ID!) { reopenConversation(input: { conversationId: $id }) { conversation { status } } }', { id: conversationId });
    expect(await me.http(POST, { input })).toMatchObject({ data: { postMessage: { message: { text: 'One more' } } } });
  });

  async function badTokens(): Promise<Record<string, string>> {
    const secret = String(app.environment()['JWT_SECRET']);
    const log = createLogger({ level: 'silent', pretty: false });
    const { kid, privateKey: key } = await createKeySet({ database: app.database, seal: createSeal(secret), clock: systemClock, log }).signer();
    const sign = (signer: CryptoKey, audience: string, expires: string) =>
      new SignJWT({ viewer: { kind: 'customer', customerId: me.customerId } })
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' })
        .setSubject(`customer:${me.customerId}`)
        .setIssuer('parley')
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(expires)
        .sign(signer);
    return {
      expired: await sign(key, 'parley', '-1m'),
      forged: await sign((await generateKeyPair('EdDSA')).privateKey, 'parley', '1h'),
      'for another audience': await sign(key, 'elsewhere', '1h'),
      'without a signature': new UnsecuredJWT({ viewer: { kind: 'customer', customerId: me.customerId } })
        .setIssuer('parley')
        .setAudience('parley')
        .setExpirationTime('1h')
        .encode(),
      'no token at all': 'rubbish',
    };
  }

  it.each(['expired', 'forged', 'for another audience', 'without a signature', 'no token at all'])(
    'a token that is %s is UNAUTHENTICATED over HTTP and 4401 or 4403 on a socket',
    async (kind) => {
      const token = (await badTokens())[kind] ?? '';
      const stranger = app.frontEnd(token);
      expect((await stranger.http('{ viewer { __typename } }')).errors?.[0]).toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
      const socket = new WebSocket(`${app.parley.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      const code = await new Promise<number>((resolve) => {
        socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })));
        socket.on('close', resolve);
      });
      expect(code).toBe(kind === 'expired' ? 4403 : 4401);
    },
  );

  it('nobody signed in gets UNAUTHENTICATED for what needs someone, and an answer for what does not', async () => {
    const nobody = app.frontEnd(null);
    expect((await nobody.http(START, { input: { text: 'Hi' } })).errors?.[0]).toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
    expect(await nobody.http('{ __typename }')).toMatchObject({ data: { __typename: 'Query' } });
  });

  it.each([
    ['overloaded', { status: 529 }, 'MODEL_OVERLOADED', true],
    ['refusing our key', { status: 401 }, 'UNAVAILABLE', false],
  ])('a model that is %s ends in RunFailed with its code, and the conversation stays usable', async (_what, reply, code, retryable) => {
    // Also for runs of earlier tests that are still at work: whoever asks now is refused.
    app.model.otherwise(() => reply);
    const { conversationId, position } = await me.ask('Anyone there?');
    const reader = me.follow(conversationId, position);
    expect((await takeUntil(reader, isTerminal)).at(-1)).toMatchObject({ __typename: 'RunFailed', code, retryable, partialKept: false });
    app.model.otherwise(() => ({ text: 'Yes.' }));
    await me.http(POST, { input: { conversationId, text: 'And now?' } });
    expect((await takeUntil(reader, isTerminal)).at(-1)).toMatchObject({ __typename: 'RunFinished' });
    await reader.return?.();
  });

  it('a port that is taken is refused when it starts', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? String(address.port) : '0';
    await expect(openApp({ PORT: port })).rejects.toThrow(/EADDRINUSE/);
    await new Promise((resolve) => server.close(resolve));
  });
});
