/**
 * The bare relay, which everything is measured against: one HTTP request to the upstream for each conversation, its lines parsed,
 * a minimal frame sent over `ws` for each token. With REDIS_URL each token is one PUBLISH, and what the subscriber connection
 * hears is sent; two of them then serve one conversation. No GraphQL, no rows, no history, no limits: the price of the way alone.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { Redis } from 'ioredis';
import { Agent, request } from 'undici';
import { WebSocketServer, type WebSocket } from 'ws';

interface Delta {
  readonly type: string;
  readonly delta?: { readonly text?: string };
}

const upstreamUrl = process.env['UPSTREAM_URL'] ?? '';
const redisUrl = process.env['REDIS_URL'];
const publisher = redisUrl === undefined ? null : new Redis(redisUrl);
const subscriber = redisUrl === undefined ? null : new Redis(redisUrl);
const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
const followers = new Map<string, Set<WebSocket>>();
const body = JSON.stringify({ model: 'bench', max_tokens: 1_024, stream: true, messages: [{ role: 'user', content: 'Hello' }] });

subscriber?.on('message', deliver);

const http = createServer();
const wss = new WebSocketServer({ server: http, perMessageDeflate: false, handleProtocols: (offered) => [...offered][0] ?? false });
wss.on('connection', (socket) => {
  socket.on('error', () => undefined);
  socket.on('message', (data: Buffer) => void hear(socket, JSON.parse(data.toString('utf8')) as { follow?: string; start?: string }));
});
http.listen(0, '127.0.0.1', 4_096, () => process.stdout.write(`ready at http://127.0.0.1:${(http.address() as AddressInfo).port}\n`));
process.on('SIGTERM', () => process.exit(0));

async function hear(socket: WebSocket, { follow, start }: { readonly follow?: string; readonly start?: string }): Promise<void> {
  if (follow !== undefined) {
    await join(socket, follow);
    socket.send('{"type":"following"}');
  }
  if (start !== undefined) await relay(start);
}

async function join(socket: WebSocket, conversation: string): Promise<void> {
  let all = followers.get(conversation);
  if (!all) {
    all = new Set();
    followers.set(conversation, all);
    await subscriber?.subscribe(conversation);
  }
  const group = all;
  group.add(socket);
  socket.once('close', () => group.delete(socket));
}

async function relay(conversation: string): Promise<void> {
  const { body: bytes } = await request(`${upstreamUrl}/v1/messages`, {
    dispatcher: agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const decoder = new StringDecoder('utf8');
  let pending = '';
  bytes.on('error', () => undefined);
  bytes.on('data', (chunk: Buffer) => {
    const lines = (pending + decoder.write(chunk)).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue;
      const event = JSON.parse(line.slice(6)) as Delta;
      if (event.type === 'content_block_delta') tell(conversation, JSON.stringify({ id: conversation, text: event.delta?.text }));
      else if (event.type === 'message_stop') tell(conversation, JSON.stringify({ id: conversation, type: 'end' }));
    }
  });
}

function tell(conversation: string, frame: string): void {
  if (publisher) void publisher.publish(conversation, frame);
  else deliver(conversation, frame);
}

function deliver(conversation: string, frame: string): void {
  for (const socket of followers.get(conversation) ?? []) socket.send(frame);
}
