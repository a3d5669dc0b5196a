/** Requests over a network that answers in every bad way: what the caller is told, and what is tried again. */
import { describe, expect, it } from 'vitest';
import { createHttp, type Fetch, type Http } from '../../src/client/http.ts';
import { createOperationIds } from '../../src/client/operation-ids.ts';
import { createPauses } from '../../src/client/retry.ts';

interface Answer {
  readonly status?: number;
  /** What is parsed; a string is no JSON. */
  readonly body?: unknown;
}

const REFUSED = (code: string, more: object = {}) => ({ body: { errors: [{ message: `It is ${code}.`, extensions: { code, ...more } }] } });

/** Answers in order, the last one for ever; `null` is a network that is down. Waits are cut short. */
function network(
  answers: readonly (Answer | null)[],
  token: () => string | Promise<string> = () => 'token',
): { http: Http; credentials: (string | undefined)[]; closing: AbortController } {
  const credentials: (string | undefined)[] = [];
  const pauses = createPauses();
  const closing = new AbortController();
  const fetch: Fetch = (_url, { headers, signal }) => {
    const answer = answers[Math.min(credentials.length, answers.length - 1)];
    credentials.push(headers['authorization']);
    if (signal.aborted) return Promise.reject(new Error('aborted'));
    if (!answer) return Promise.reject(new TypeError('fetch failed'));
    return Promise.resolve({
      status: answer.status ?? 200,
      json: () => (typeof answer.body === 'string' ? Promise.reject(new SyntaxError('no JSON')) : Promise.resolve(answer.body)),
    });
  };
  const http = createHttp({
    url: () => 'http://parley.example/graphql',
    token,
    fetch,
    ids: createOperationIds(),
    pauses: { ...pauses, wait: () => Promise.resolve() },
    signal: closing.signal,
  });
  return { http, credentials, closing };
}

describe('a request', () => {
  it.each([
    ['a network that is down', null, { code: 'UNAVAILABLE', retryable: true }],
    ['a proxy without a server', { status: 502, body: '<html>' }, { code: 'UNAVAILABLE', retryable: true }],
    ['a proxy that limits', { status: 429, body: '' }, { code: 'UNAVAILABLE', retryable: true }],
    ['a page that is no GraphQL', { status: 404, body: '<html>' }, { code: 'INTERNAL', retryable: false }],
    ['a refusal', REFUSED('NOT_FOUND'), { code: 'NOT_FOUND', message: 'It is NOT_FOUND.', retryable: false }],
    ['a refusal that may pass', REFUSED('RATE_LIMITED', { retryable: true, retryAfterMs: 7 }), { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 7 }],
    ['an error without a code', { body: { errors: [{}] } }, { code: 'INTERNAL' }],
  ])('tells of %s', async (_what, answer, expected) => {
    const { http, credentials } = network([answer]);
    await expect(http.request('{ viewer { id } }', {})).rejects.toMatchObject({ name: 'ParleyError', ...expected });
    expect(credentials).toHaveLength(1);
  });

  it('is tried once more with another token, and not with the same', async () => {
    const tokens = ['old', 'new'];
    const fresh = network([REFUSED('UNAUTHENTICATED'), { body: { data: { ok: true } } }], () => tokens.shift() ?? 'none');
    expect(await fresh.http.request('{ ok }', {})).toEqual({ ok: true });
    expect(fresh.credentials).toEqual(['Bearer old', 'Bearer new']);
    const same = network([REFUSED('UNAUTHENTICATED')]);
    await expect(same.http.request('{ ok }', {})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(same.credentials).toHaveLength(1);
  });

  it('says that nothing can be reached when no token can be had', async () => {
    const { http, credentials } = network([{ body: { data: {} } }], () => Promise.reject(new Error('offline')));
    await expect(http.request('{ ok }', {})).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(credentials).toEqual([]);
  });
});

describe('a persistent request', () => {
  it('is tried until the server is back', async () => {
    const { http, credentials } = network([
      null,
      { status: 503, body: '' },
      REFUSED('UNAVAILABLE', { retryable: true }),
      REFUSED('RATE_LIMITED', { retryable: true }),
      { body: { data: { ok: true } } },
    ]);
    expect(await http.persist('mutation { ok }', {}, 60_000)).toEqual({ ok: true });
    expect(credentials).toHaveLength(5);
  });

  it('ends at once when the server refuses', async () => {
    const { http, credentials } = network([null, REFUSED('CONVERSATION_CLOSED')]);
    await expect(http.persist('mutation { ok }', {}, 60_000)).rejects.toMatchObject({ code: 'CONVERSATION_CLOSED' });
    expect(credentials).toHaveLength(2);
  });

  it('is not tried again when the server wants more time than there is', async () => {
    const { http, credentials } = network([REFUSED('RATE_LIMITED', { retryable: true, retryAfterMs: 3_600_000 })]);
    await expect(http.persist('mutation { ok }', {}, 60_000)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(credentials).toHaveLength(1);
  });

  it('ends when the client is closed', async () => {
    const { http, closing } = network([null]);
    const trying = http.persist('mutation { ok }', {}, 60_000);
    closing.abort();
    await expect(trying).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
