/** Readers that stop reading while a long answer passes: they cost the server nothing that grows, and nobody else notices. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { isTerminal, isText, ITEM, textOf, type FrontEnd, type StreamItem } from '../support/app.ts';
import { takeUntil } from '../support/collect.ts';
import { startMessagesApi, type MessagesApi } from '../support/messages-api.ts';
import { openBench, type Bench, type ParleyProcess } from '../support/process.ts';

const EVENTS = 3_000;
const CHARS = 2_048;
/** The readers come back here, in the middle of the answer. */
const RESUMED_AT = 2_800;
const STALLED = 40;
/** One reader is owed 6 MB, so that forty queues without a bound would take 240 MB and more. What the garbage collector leaves lying about is far less. */
const GROWTH_BYTES_MAX = 128 * 1_024 * 1_024;

const TOKENS = Array.from({ length: EVENTS }, (_, index) => `${index} `.padEnd(CHARS, 'x'));
const TEXT = TOKENS.join('');

describe('forty readers that stop reading while 3,000 events of 2 KB pass', { timeout: 180_000 }, () => {
  let bench: Bench;
  let model: MessagesApi;
  let parley: ParleyProcess;
  let url: string;
  beforeAll(async () => {
    // A small heap, so that garbage is not taken for growth, and so that queues without a bound would end the process.
    bench = await openBench({ filled: true, nodeOptions: ['--max-semi-space-size=4', '--max-old-space-size=256'] });
    model = await startMessagesApi();
    const limits = { SOCKETS_PER_VIEWER: '100', HISTORY_EVENTS_MAX: '500' };
    parley = bench.start({ ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: model.url, ...limits });
    url = await parley.ready();
  });
  afterAll(async () => {
    await bench.close();
    await model.close();
  });

  /** An answer that waits for the test before its first token and before the one where readers come back. */
  function longAnswer() {
    const begin = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    model.script({
      text: TOKENS,
      tokenMs: 1,
      gate(token) {
        if (token === 0) return begin.promise;
        if (token !== RESUMED_AT) return;
        reached.resolve();
        return goOn.promise;
      },
    });
    return { begin: begin.resolve, reached: reached.promise, goOn: goOn.resolve };
  }

  it('leave its memory bounded and the other readers complete, and come back to a correct continuation', async () => {
    const me = await bench.customer(url);
    // Once without them, so that what a long answer itself costs is known.
    const plain = longAnswer();
    const first = await me.ask('Tell me a lot');
    const alone = takeUntil(me.follow(first.conversationId, first.position), isTerminal);
    plain.begin();
    await plain.reached;
    const before = await residentBytes(parley.pid);
    plain.goOn();
    expect(shown(await alone) === TEXT).toBe(true);

    const answer = longAnswer();
    const { conversationId, position } = await me.ask('Tell me a lot again');
    const others = [await bench.customer(url), await bench.customer(url)].map((reader) => takeUntil(reader.follow(conversationId, position), isTerminal));
    const stalled: Stalled[] = [];
    for (let count = 0; count < STALLED; count += 1) stalled.push(await stall(await bench.customer(url), conversationId, position));
    answer.begin();
    await answer.reached;
    const growth = (await residentBytes(parley.pid)) - before;
    expect(growth).toBeLessThan(GROWTH_BYTES_MAX);

    const [one] = stalled;
    one?.resume();
    await one?.caughtUp;
    answer.goOn();
    for (const items of await Promise.all(others)) {
      expect(shown(items) === TEXT).toBe(true);
      expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished' });
    }
    const items = (await one?.ended) ?? [];
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished' });
    expect(shown(items) === TEXT).toBe(true);
    // How much the system's own buffers took is not ours to say: what lay beyond came in fewer pieces, or as the text so far.
    expect(items.filter(isText).length).toBeLessThan(EVENTS);

    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect(parley.output).not.toMatch(/uncaught|unhandled|"level":(50|60)/);
    // Sockets that do not read do not keep it from leaving.
    expect(await parley.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

interface Stalled {
  resume(): void;
  /** Resolves with the first text received after `resume`. */
  readonly caughtUp: Promise<void>;
  /** What it had received when the run had ended. */
  readonly ended: Promise<readonly StreamItem[]>;
}

/** A stock client that has begun to follow and then takes no more bytes from its socket. */
async function stall({ client }: FrontEnd, id: string, after: string): Promise<Stalled> {
  const began = Promise.withResolvers<void>();
  const caughtUp = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<readonly StreamItem[]>();
  // A client that is never resumed hears nothing, not even the end of its socket.
  ended.promise.catch(() => undefined);
  const items: StreamItem[] = [];
  const variables = { id, after };
  const sockets: WebSocket[] = [];
  client.on('connected', (opened) => void sockets.push(opened as WebSocket));
  const query = `subscription Follow($id: ID!, $after: Position) { item: conversationEvents(id: $id, after: $after) { ${ITEM} } }`;
  client.subscribe<{ item: StreamItem }>(
    { query, variables },
    {
      next({ data }) {
        if (!data) return;
        items.push(data.item);
        variables.after = data.item.position;
        began.resolve();
        if (isText(data.item)) caughtUp.resolve();
        if (isTerminal(data.item)) ended.resolve(items);
      },
      error: ended.reject,
      complete: () => ended.resolve(items),
    },
  );
  await began.promise;
  const paused = sockets[0];
  if (!paused) throw new Error('a subscription without a socket');
  paused.pause();
  return { resume: () => paused.resume(), caughtUp: caughtUp.promise, ended: ended.promise };
}

/** The agent's text on a client's screen: a reset takes away what stood there, and what follows gives it back. */
function shown(items: readonly StreamItem[]): string {
  return textOf(items.slice(items.findLastIndex((item) => item.__typename === 'StreamReset') + 1));
}

async function residentBytes(pid: number): Promise<number> {
  if (process.platform !== 'linux') return Number((await promisify(execFile)('ps', ['-o', 'rss=', '-p', `${pid}`])).stdout) * 1_024;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}
