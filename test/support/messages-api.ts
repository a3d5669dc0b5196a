/**
 * A local server that speaks the Messages API: `POST /v1/messages` as server-sent events or JSON and `GET /v1/models`, with faults
 * on demand. It checks requests about as strictly as the real one. It understands nothing: what it answers is scripted, or an echo.
 *
 *     const api = await startMessagesApi();
 *     api.script({ text: 'Hello there' }, { status: 529 }, { text: ['To', 'kens'], fault: { kind: 'cut', afterTokens: 1 } });
 *     const llm = createAnthropicLlm({ apiKey: 'sk-test', baseUrl: api.url, ... });
 *     await api.requests[0]?.ended; // 'complete', or 'aborted' when the client went away first
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type StreamFault =
  /** An `error` event inside the 200 stream. */
  | { readonly kind: 'error_event'; readonly afterTokens: number; readonly type?: string }
  /** The connection is destroyed. */
  | { readonly kind: 'cut'; readonly afterTokens: number }
  /** Nothing more is sent, the connection stays open. With `pings`, pings go on every 10 ms. */
  | { readonly kind: 'stall'; readonly afterTokens: number; readonly pings?: boolean }
  /** A data line that is not JSON. */
  | { readonly kind: 'malformed'; readonly afterTokens: number }
  /** The stream ends properly, but without `message_stop`. */
  | { readonly kind: 'no_message_stop' }
  /** The response headers wait for this long. */
  | { readonly kind: 'slow_first_byte'; readonly ms: number };

export interface ScriptedReply {
  /** A status other than 200 answers with an error body of the right type. */
  readonly status?: number;
  /** Seconds, sent as the `retry-after` header. */
  readonly retryAfterS?: number;
  /** One delta per element; a string is cut into words. */
  readonly text?: string | readonly string[];
  /** Tool calls after the text; their JSON arrives in pieces of 7 characters. */
  readonly toolCalls?: readonly { readonly id?: string; readonly name: string; readonly input: unknown; readonly rawJson?: string }[];
  /** Default: `tool_use` with tool calls, else `end_turn`. */
  readonly stopReason?: string;
  readonly usage?: { readonly input?: number; readonly cacheRead?: number; readonly cacheWrite?: number; readonly output?: number };
  /** Pause before each delta, in milliseconds. */
  readonly tokenMs?: number;
  /** Awaited before the delta with this number (from 0): a test holds the stream exactly where it wants. */
  readonly gate?: (token: number) => Promise<void> | void;
  readonly fault?: StreamFault;
}

export interface RecordedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The parsed JSON body; null for a GET. */
  readonly body: MessagesBody | null;
  /** How it ended; settles when the response is complete or the connection is gone. */
  readonly ended: Promise<'complete' | 'aborted'>;
}

export interface MessagesBody {
  readonly model: string;
  readonly max_tokens: number;
  readonly stream?: boolean;
  readonly system?: readonly { readonly text: string; readonly cache_control?: unknown }[];
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly tools?: readonly { readonly name: string; readonly cache_control?: unknown }[];
  readonly tool_choice?: unknown;
  readonly thinking?: unknown;
}

export interface MessagesApi {
  /** For ANTHROPIC_BASE_URL. */
  readonly url: string;
  /** Calls of `/v1/messages`, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** Calls by which an unsure router asks who should answer. They take nothing from the script and are told that nobody should. */
  readonly routings: readonly MessagesBody[];
  /** Calls of `/v1/models` so far. */
  readonly probes: number;
  /** Replies for the next requests, in order; a scripted status also answers `/v1/models`. */
  script(...replies: readonly ScriptedReply[]): void;
  /** What to answer when nothing is scripted; an echo of the last words until this is called. */
  otherwise(reply: (body: MessagesBody) => ScriptedReply): void;
  /** Resolves with the request of this number (from 0) as soon as it has arrived. */
  request(number: number): Promise<RecordedRequest>;
  close(): Promise<void>;
}

/** How the instructions of orchestration/choose-agent.ts begin. */
const ROUTING = 'You route messages of customers';

export async function startMessagesApi(): Promise<MessagesApi> {
  const requests: RecordedRequest[] = [];
  const routings: MessagesBody[] = [];
  const waiting: { readonly number: number; readonly tell: (request: RecordedRequest) => void }[] = [];
  const queue: ScriptedReply[] = [];
  let fallback: (body: MessagesBody) => ScriptedReply = echo;
  let probes = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readText(request);
    if (request.method === 'GET') {
      probes += 1;
      const status = queue[0]?.status ?? 200;
      if (status !== 200) return sendError(response, queue.shift() ?? {}, status);
      return sendJson(response, 200, {
        data: [{ id: 'claude-test', type: 'model', display_name: 'Test', created_at: '2026-01-01T00:00:00Z' }],
        has_more: false,
        first_id: null,
        last_id: null,
      });
    }
    const body: MessagesBody = JSON.parse(text);
    if (body.stream === true && body.system?.[0]?.text.startsWith(ROUTING)) {
      routings.push(body);
      return sendStream(response, body, { text: 'nobody' });
    }
    const ended = new Promise<'complete' | 'aborted'>((resolve) => {
      response.once('close', () => resolve(response.writableFinished ? 'complete' : 'aborted'));
    });
    const recorded = { path: request.url ?? '', headers: request.headers, body, ended };
    requests.push(recorded);
    for (const { number, tell } of waiting) if (number === requests.length - 1) tell(recorded);
    const reply = queue.shift() ?? fallback(body);
    if (!request.headers['x-api-key'] && !request.headers.authorization) return sendError(response, {}, 401);
    const wrong = complaint(body);
    if (wrong !== null) return sendJson(response, 400, { type: 'error', error: { type: 'invalid_request_error', message: wrong } });
    if (reply.fault?.kind === 'slow_first_byte') await quietly(delay(reply.fault.ms, undefined, { ref: false }));
    if (reply.status !== undefined && reply.status !== 200) return sendError(response, reply, reply.status);
    if (body.stream === true) return sendStream(response, body, reply);
    return sendJson(response, 200, wholeMessage(body, reply));
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    routings,
    get probes() {
      return probes;
    },
    script: (...replies) => void queue.push(...replies),
    otherwise(reply) {
      fallback = reply;
    },
    request(number) {
      const known = requests[number];
      return known ? Promise.resolve(known) : new Promise((tell) => waiting.push({ number, tell }));
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** An answer of some length that quotes the question, so that people and tests recognise it. */
function echo(body: MessagesBody): ScriptedReply {
  return { text: `You wrote: "${lastWords(body)}". This is a scripted answer with enough words to watch them arrive one after the other.` };
}

/** The text of the last message, tool results included. */
export function lastWords(body: MessagesBody): string {
  return textOf(body.messages.at(-1)?.content);
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map(textOf).join(' ');
  if (typeof content !== 'object' || content === null) return '';
  if ('text' in content) return textOf(content.text);
  return 'content' in content ? textOf(content.content) : '';
}

/** The mistakes the real API refuses and a loop of tool calls is likely to make. */
function complaint(body: MessagesBody): string | null {
  if (!(body.max_tokens > 0)) return 'max_tokens: must be at least 1';
  if (body.messages[0]?.role !== 'user') return 'messages: first message must use the "user" role';
  if (/"type":"tool_(?:use|result)"/.test(JSON.stringify(body.messages)) && !body.tools?.length)
    return 'tools: must be defined when messages hold tool_use or tool_result';
  let open: string[] = [];
  for (const [at, message] of body.messages.entries()) {
    const blocks = Array.isArray(message.content) ? message.content : [{ type: 'text', text: message.content }];
    if (blocks.length === 0) return `messages.${at}: content is empty`;
    const answered = blocks.filter((block) => block.type === 'tool_result').map((block) => String(block.tool_use_id));
    if (answered.some((id) => !open.includes(id))) return `messages.${at}: unexpected tool_result without its tool_use`;
    if (open.some((id) => !answered.includes(id))) return `messages.${at}: tool_use without its tool_result`;
    if (blocks.some((block) => block.type === 'text' && String(block.text).trim() === '')) return `messages.${at}: text content blocks must be non-empty`;
    open = blocks.filter((block) => block.type === 'tool_use').map((block) => String(block.id));
  }
  return null;
}

type Delta = { readonly index: number; readonly start?: unknown; readonly delta?: unknown };

function deltasOf(reply: ScriptedReply): Delta[] {
  const deltas: Delta[] = [];
  const words = typeof reply.text === 'string' ? (reply.text.match(/\s*\S+/g) ?? []) : (reply.text ?? []);
  let index = 0;
  for (const [at, text] of words.entries()) {
    deltas.push({ index, ...(at === 0 ? { start: { type: 'text', text: '' } } : {}), delta: { type: 'text_delta', text } });
  }
  if (words.length > 0) index += 1;
  for (const [at, call] of (reply.toolCalls ?? []).entries()) {
    const start = { type: 'tool_use', id: call.id ?? `toolu_${at + 1}`, name: call.name, input: {} };
    const pieces = (call.rawJson ?? JSON.stringify(call.input)).match(/[\s\S]{1,7}/g) ?? [];
    deltas.push({ index, start, delta: { type: 'input_json_delta', partial_json: '' } });
    deltas.push(...pieces.map((piece) => ({ index, delta: { type: 'input_json_delta', partial_json: piece } })));
    index += 1;
  }
  return deltas;
}

async function sendStream(response: ServerResponse, body: MessagesBody, reply: ScriptedReply): Promise<void> {
  const { fault } = reply;
  const send = (event: { readonly type: string; readonly [field: string]: unknown }): void => {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': 'req_test' });
  const { content: _content, stop_reason: _reason, ...head } = wholeMessage(body, reply);
  send({ type: 'message_start', message: { ...head, content: [], stop_reason: null, usage: { ...usageOf(reply), output_tokens: 1 } } });
  send({ type: 'ping' });
  let open = -1;
  const deltas = deltasOf(reply);
  for (let token = 0; token <= deltas.length; token += 1) {
    if (fault && 'afterTokens' in fault && fault.afterTokens === token) return breakOff(response, send, fault);
    const next = deltas[token];
    if (!next) break;
    if (reply.tokenMs) await quietly(delay(reply.tokenMs));
    await reply.gate?.(token);
    if (response.destroyed) return;
    if (next.start !== undefined) {
      if (open >= 0) send({ type: 'content_block_stop', index: open });
      open = next.index;
      send({ type: 'content_block_start', index: open, content_block: next.start });
    }
    send({ type: 'content_block_delta', index: next.index, delta: next.delta });
  }
  if (open >= 0) send({ type: 'content_block_stop', index: open });
  send({ type: 'message_delta', delta: { stop_reason: stopReasonOf(reply), stop_sequence: null }, usage: { output_tokens: usageOf(reply).output_tokens } });
  if (fault?.kind !== 'no_message_stop') send({ type: 'message_stop' });
  response.end();
}

async function breakOff(
  response: ServerResponse,
  send: (event: { readonly type: string; readonly [field: string]: unknown }) => void,
  fault: Extract<StreamFault, { readonly afterTokens: number }>,
): Promise<void> {
  switch (fault.kind) {
    case 'error_event':
      send({ type: 'error', error: { type: fault.type ?? 'overloaded_error', message: 'Overloaded' } });
      response.end();
      return;
    case 'cut':
      // What was written must have left before the connection goes, or the fault would come at another token.
      response.write(': cut\n\n', () => response.socket?.destroySoon());
      return;
    case 'malformed':
      response.write('event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_del\n\n');
      return;
    case 'stall':
      while (fault.pings && !response.destroyed) {
        send({ type: 'ping' });
        await quietly(delay(10));
      }
      return;
  }
}

function wholeMessage(body: MessagesBody, reply: ScriptedReply) {
  const text = typeof reply.text === 'string' ? reply.text : (reply.text ?? []).join('');
  const calls = (reply.toolCalls ?? []).map((call, at) => ({ type: 'tool_use', id: call.id ?? `toolu_${at + 1}`, name: call.name, input: call.input }));
  return {
    id: 'msg_test',
    type: 'message',
    role: 'assistant',
    model: body.model,
    content: [...(text === '' ? [] : [{ type: 'text', text }]), ...calls],
    stop_reason: stopReasonOf(reply),
    stop_sequence: null,
    usage: usageOf(reply),
  };
}

function stopReasonOf(reply: ScriptedReply): string {
  return reply.stopReason ?? ((reply.toolCalls ?? []).length > 0 ? 'tool_use' : 'end_turn');
}

function usageOf(reply: ScriptedReply) {
  const { input = 100, cacheRead = 0, cacheWrite = 0, output = deltasOf(reply).length } = reply.usage ?? {};
  return { input_tokens: input, cache_read_input_tokens: cacheRead, cache_creation_input_tokens: cacheWrite, output_tokens: output };
}

const ERROR_TYPES: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [429, 'rate_limit_error'],
  [529, 'overloaded_error'],
]);

function sendError(response: ServerResponse, reply: ScriptedReply, status: number): void {
  if (reply.retryAfterS !== undefined) response.setHeader('retry-after', String(reply.retryAfterS));
  sendJson(response, status, { type: 'error', error: { type: ERROR_TYPES.get(status) ?? 'api_error', message: `Scripted ${status}` } });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** A wait whose end matters, not its outcome. */
async function quietly(wait: Promise<unknown>): Promise<void> {
  await wait.catch(() => {});
}
