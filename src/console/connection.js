/* global graphqlWs */
/**
 * How the chat talks to the server: queries and mutations over HTTP, subscriptions over one WebSocket of the stock graphql-ws client.
 * Every refusal becomes a Refusal with the server's sentence and code. Knows no conversation.
 */

const REQUEST_MS = 30_000;
const RETRY_MS = 1_500;
const RETRY_MS_MAX = 10_000;

export class Refusal extends Error {
  constructor(code, message, { retryable = false, retryAfterMs = null } = {}) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}

/** @param onState called with `connecting`, `connected`, `offline`, or `idle` while nothing is followed */
export function createConnection({ onState }) {
  let token = null;

  async function session() {
    if (token !== null) return token;
    const response = await reach('/demo-session.json', { cache: 'no-store' });
    if (!response.ok) throw new Refusal('NOT_FOUND', 'This server offers no demo chat.');
    token = (await response.json()).customerToken;
    return token;
  }

  async function request(query, variables, renewed = false) {
    const authorization = `Bearer ${await session()}`;
    const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json', authorization };
    const response = await reach('/graphql', { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const result = await response.json().catch(() => null);
    if (result?.errors?.length) {
      const refusal = refused(result.errors);
      if (refusal.code !== 'UNAUTHENTICATED' || renewed) throw refusal;
      // The server has new credentials, as after its data was made anew.
      token = null;
      return request(query, variables, true);
    }
    if (!result?.data) throw new Refusal('INTERNAL', `The server answered with status ${response.status} and nothing to read.`, { retryable: true });
    return result.data;
  }

  const client = graphqlWs.createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
    // Asked at each connection, so that a server with new credentials is understood without a reload.
    connectionParams: async () => ({ authorization: `Bearer ${await session()}` }),
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: (attempts) => new Promise((resolve) => setTimeout(resolve, Math.min(RETRY_MS_MAX, 250 * 2 ** attempts) * (0.5 + Math.random()))),
    keepAlive: 12_000,
    // Between one subscription and the next the socket stays.
    lazyCloseTimeout: 5_000,
    on: {
      connecting: () => onState('connecting'),
      connected: () => onState('connected'),
      closed: (event) => {
        onState(event.code === 1000 ? 'idle' : 'offline');
        // The credential is of no use any more: the next connection asks for another.
        if (event.code === 4401 || event.code === 4403) token = null;
      },
    },
  });

  /**
   * Follows until the returned function is called. `variables` is read again at each reconnect: keep `after` in it current.
   * A refusal that may pass is tried again; any other is told once.
   */
  function follow({ query, variables, onItem, onRefused, onEnd }) {
    let left = false;
    let timer = null;
    let leave = () => {};
    const again = (afterMs) => {
      if (!left) timer = setTimeout(begin, afterMs);
    };
    function begin() {
      leave = client.subscribe(
        { query, variables },
        {
          next: ({ data, errors }) => {
            const item = data && Object.values(data)[0];
            if (left) return;
            if (item) onItem(item);
            else if (errors?.length) onRefused(refused(errors));
          },
          error: (error) => {
            if (left) return;
            const refusal = Array.isArray(error) ? refused(error) : closed(error);
            if (refusal.retryable) return again(refusal.retryAfterMs ?? RETRY_MS);
            onRefused(refusal);
          },
          complete: () => {
            if (left) return;
            if (onEnd) onEnd();
            else again(RETRY_MS);
          },
        },
      );
    }
    begin();
    return () => {
      left = true;
      clearTimeout(timer);
      leave();
    };
  }

  return { request: (query, variables) => request(query, variables), follow };
}

async function reach(path, options) {
  try {
    return await fetch(path, { ...options, signal: AbortSignal.timeout(REQUEST_MS) });
  } catch {
    throw new Refusal('UNAVAILABLE', 'The server cannot be reached at the moment.', { retryable: true });
  }
}

function refused([{ message, extensions }]) {
  return new Refusal(extensions?.code ?? 'INTERNAL', message, { retryable: extensions?.retryable === true, retryAfterMs: extensions?.retryAfterMs ?? null });
}

/** What ended the socket for good. 4401 may pass: by then another credential is asked for. */
function closed(event) {
  const code = event?.code;
  if (code === 4401) return new Refusal('UNAUTHENTICATED', 'The demo session has ended; asking for another.', { retryable: true });
  if (code === 4429) return new Refusal('SUBSCRIPTION_LIMIT', 'Too many tabs are open with this demo customer. Close one and load this page again.');
  return new Refusal('UNAVAILABLE', `The live connection was closed${code ? ` (${code}${event.reason ? `, ${event.reason}` : ''})` : ''}.`, {
    retryable: true,
  });
}
