/** Webhooks for tests: none at all, where nobody asks for any, and a receiver that really listens. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../src/foundation/clock.ts';
import { createPartnerWebhookDesk, type PartnerWebhookDesk } from '../../src/desk/partner-webhook.ts';
import type { Database } from '../../src/store/database.ts';

export function noWebhooks(deps: { readonly database: Database; readonly clock: Clock }): PartnerWebhookDesk {
  const nothing = () => undefined;
  return createPartnerWebhookDesk({ ...deps, seal: null, rules: { loopback: false }, onChange: nothing, onDue: nothing });
}

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  /** All that came, in the order in which it did. */
  readonly received: readonly Received[];
  /** How many requests are waiting for an answer. */
  readonly open: number;
  /** What to do with requests from now on; 204 without. */
  answer(reply: (request: Received, response: ServerResponse) => void): void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let open = 0;
  let reply = (_request: Received, response: ServerResponse): void => void response.writeHead(204).end();
  const server = createServer((request, response) => {
    open += 1;
    response.on('close', () => (open -= 1));
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') };
      received.push(one);
      reply(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    get open() {
      return open;
    },
    answer: (next) => (reply = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
