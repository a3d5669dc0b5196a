/**
 * Queries and mutations over HTTP: one request, one answer, every failure a ParleyError. `persist` asks again while the server cannot
 * be reached; it is for operations that carry their own key, so that asking twice does nothing twice. Knows no subscriptions.
 */
import { isRecord, isTransient, ParleyError, refusalOf } from './error.ts';
import type { OperationIds, SentOperation } from './operation-ids.ts';
import type { Operation } from './operations.ts';
import { jitter, type Pauses } from './retry.ts';

/** As much of `fetch` as is used, so that any implementation fits. */
export type Fetch = (
  url: string,
  init: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body: string; readonly signal: AbortSignal },
) => Promise<{ readonly status: number; readonly json: () => Promise<unknown> }>;

export interface HttpDeps {
  readonly url: () => string | Promise<string>;
  readonly token: () => string | Promise<string>;
  readonly fetch: Fetch;
  readonly ids: OperationIds;
  readonly pauses: Pauses;
  /** Aborts when the client is closed. */
  readonly signal: AbortSignal;
}

export interface Http {
  /** @throws ParleyError */
  request<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables): Promise<Data>;
  /** The same, again and again while the server is away, for `limitMs` in all. */
  persist<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables, limitMs: number): Promise<Data>;
}

const REQUEST_MS = 30_000;

export function createHttp(deps: HttpDeps): Http {
  async function ask(sent: SentOperation, variables: unknown, token: string): Promise<Readonly<Record<string, unknown>>> {
    const authorization = `Bearer ${token}`;
    const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json', authorization };
    // An aborted client answers like an unreachable server: whoever waits is told either way.
    const limit = new AbortController();
    const stop = () => limit.abort();
    const timer = setTimeout(stop, REQUEST_MS);
    deps.signal.addEventListener('abort', stop, { once: true });
    try {
      if (deps.signal.aborted) throw new ParleyError('UNAVAILABLE', 'This client is closed.');
      const response = await deps.fetch(await deps.url(), { method: 'POST', headers, body: JSON.stringify({ ...sent, variables }), signal: limit.signal });
      const answer = await response.json().catch(() => null);
      if (isRecord(answer)) {
        if (Array.isArray(answer['errors']) && answer['errors'].length > 0) throw refusalOf(answer['errors']);
        if (isRecord(answer['data'])) return answer['data'];
      }
      // A proxy spoke, not the server.
      if (response.status === 429 || response.status >= 500)
        throw new ParleyError('UNAVAILABLE', 'The server cannot answer at the moment.', { retryable: true });
      throw new ParleyError('INTERNAL', `The server answered with status ${response.status} and nothing to read.`);
    } catch (cause) {
      throw unreachable(cause);
    } finally {
      clearTimeout(timer);
      deps.signal.removeEventListener('abort', stop);
    }
  }

  function tokenNow(): Promise<string> {
    return Promise.resolve()
      .then(deps.token)
      .catch((cause: unknown) => {
        throw unreachable(cause);
      });
  }

  async function request<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables): Promise<Data> {
    const token = await tokenNow();
    const sent = deps.ids.sent(operation);
    const answer = ask(sent, variables, token).catch(async (error: unknown) => {
      if (error instanceof ParleyError && error.code === 'OPERATION_NOT_FOUND' && deps.ids.missed(sent)) return ask(deps.ids.sent(operation), variables, token);
      // It may have expired on the way: another one is another try.
      const fresh = error instanceof ParleyError && error.code === 'UNAUTHENTICATED' ? await tokenNow() : token;
      if (fresh === token) throw error;
      return ask(sent, variables, fresh);
    });
    return (await answer) as Data;
  }

  async function persist<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables, limitMs: number): Promise<Data> {
    const until = Date.now() + limitMs;
    for (let retries = 0; ; retries += 1) {
      try {
        return await request(operation, variables);
      } catch (error) {
        if (!isTransient(error) || deps.signal.aborted) throw error;
        const waitMs = Math.max(jitter(retries), error.retryAfterMs ?? 0);
        if (Date.now() + waitMs > until) throw error;
        await deps.pauses.wait(waitMs);
      }
    }
  }

  return { request, persist };
}

/** Whatever kept a request from being answered, said as a refusal. */
function unreachable(cause: unknown): ParleyError {
  if (cause instanceof ParleyError) return cause;
  return new ParleyError('UNAVAILABLE', 'The server cannot be reached at the moment.', { retryable: true, cause });
}
