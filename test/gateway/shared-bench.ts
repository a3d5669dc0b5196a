/** Subscribers of a shared subscription in this process: the real fan-out and log, sockets made of a list and a debt the test sets. */
import { AppError } from '../../src/foundation/errors.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createMemoryEventLog, type MemoryEventLog } from '../../src/events/memory-event-log.ts';
import type { ParleyEvent } from '../../src/events/event.ts';
import { createErrors, RequestRefused } from '../../src/gateway/errors.ts';
import { createFanOut, type FanOut } from '../../src/gateway/fan-out.ts';
import { frameStart } from '../../src/gateway/frame.ts';
import { createOperations } from '../../src/gateway/operations.ts';
import type { Standing } from '../../src/gateway/standing.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { sharedSchema, type SharedStreams } from './shared-schema.ts';
import { LIMITS } from './start-gateway.ts';

export const EVERYTHING =
  '__typename position sequence replay ... on TextDelta { offset text } ... on TextSnapshot { text } ... on ConversationChanged { waits }';
export const FOLLOW = `subscription Follow($after: String) { item: events(id: "c", after: $after) { ${EVERYTHING} } }`;
export const SAM = staffViewer({ userId: 'usr_sam', name: 'Sam', role: 'user' });
export const KIM = staffViewer({ userId: 'usr_kim', name: 'Kim', role: 'user' });

export interface Seen {
  readonly __typename: string;
  readonly position: string;
  readonly sequence: number;
  readonly replay: boolean;
  readonly offset?: number;
  readonly text?: string;
  readonly me?: string;
}

export interface Subscriber {
  readonly id: string;
  /** Payloads of its `next` messages. */
  readonly items: Seen[];
  /** Bytes its socket owes; what is written while it owes adds to it. */
  owed: number;
  /** What its socket has taken. */
  taken: number;
  /** The code its socket was closed with; null while it is open. */
  closedWith: number | null;
  /** How it ended: `complete`, or the codes of its errors. */
  readonly ended: Promise<'complete' | readonly string[]>;
  over: boolean;
  leave(): void;
}

export interface SharedBench {
  readonly streams: SharedStreams;
  readonly fanOut: FanOut;
  readonly log: MemoryEventLog;
  readonly clock: ManualClock;
  subscribe(options?: {
    readonly viewer?: Viewer | null;
    readonly query?: string;
    readonly variables?: Record<string, unknown>;
    readonly id?: string;
    readonly standing?: Standing;
  }): Subscriber;
  append(...events: readonly ParleyEvent[]): Promise<void>;
  /** Appends the next piece of the text. */
  say(text: string): Promise<void>;
  /** Everything said so far. */
  said(): string;
  close(): Promise<void>;
}

const HEAD = { at: '2026-01-01T12:00:00.000Z', visibility: 'CUSTOMER' } as const;
export const CHANGED: ParleyEvent = { ...HEAD, type: 'ConversationChanged', conversationId: 'c' };
export const QUEUED: ParleyEvent = { ...HEAD, type: 'RunQueued', runId: 'run_1', place: 0 };

export function openSharedBench(historyEventsMax = 10_000): SharedBench {
  const clock = createManualClock();
  const log = createMemoryEventLog({ clock, historyMs: 3_600_000, historyEventsMax });
  const { schema, streams } = sharedSchema(log);
  const errors = createErrors({
    log: createLogger({ level: 'silent', pretty: false }),
    isDatabaseUnavailable: () => false,
    captureException: () => undefined,
  });
  const operations = createOperations({ schema, contextOf: (call) => ({ ...call }), limits: LIMITS, errors, clock });
  const fanOut = createFanOut({ operations, errors, clock });
  let said = '';
  let subscribers = 0;

  return {
    streams,
    fanOut,
    log,
    clock,
    said: () => said,
    async append(...events) {
      await log.append('conversation:c', events);
    },
    async say(text) {
      const offset = said.length;
      said += text;
      await log.append('conversation:c', [{ ...HEAD, type: 'TextDelta', runId: 'run_1', messageId: 'msg_1', step: 's', attempt: 1, offset, text }]);
    },
    subscribe({ viewer = SAM, query = FOLLOW, variables = {}, id = `op${(subscribers += 1)}`, standing } = {}) {
      const gone = new AbortController();
      const start = frameStart(id);
      const ended = Promise.withResolvers<'complete' | readonly string[]>();
      const subscriber: Subscriber = {
        id,
        items: [],
        owed: 0,
        taken: 0,
        closedWith: null,
        over: false,
        ended: ended.promise,
        leave: () => gone.abort(),
      };
      const end = (how: 'complete' | readonly string[]) => {
        subscriber.over = true;
        ended.resolve(how);
      };
      const prepared = operations.prepare({ query, variables });
      const call = { viewer, requestId: newId('req'), signal: gone.signal, log: createLogger({ level: 'silent', pretty: false }), standing: standing ?? null };
      const answer = fanOut.subscribe(prepared, call, {
        write(frames) {
          if (gone.signal.aborted) throw new Error('written to a subscriber that has left');
          const message = readFrame(frames.frameFor(start));
          if (message.id !== id) throw new Error(`the frame of ${message.id} reached ${id}`);
          if (!message.payload.data) end((message.payload.errors ?? []).map(({ extensions }) => extensions.code));
          else subscriber.items.push(Object.values(message.payload.data)[0] as Seen);
          if (subscriber.owed > 0) subscriber.owed += 300;
        },
        owed: () => subscriber.owed,
        taken: () => subscriber.taken,
        close(code) {
          subscriber.closedWith = code;
          gone.abort();
        },
      });
      if (!answer) throw new Error('this subscription is not shared');
      void answer.then(async (result) => {
        if (!('next' in result)) return end((result.errors ?? []).map((error) => String(error.extensions['code'])));
        try {
          await result.next();
          end('complete');
        } catch (error) {
          if (!(error instanceof RequestRefused)) throw error;
          end(error.errors.map(({ extensions }) => String(extensions['code'])));
        }
      });
      return subscriber;
    },
    close: () => log.close(),
  };
}

/** Lets everything that can happen without time happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export interface NextMessage {
  readonly id: string;
  readonly payload: { readonly data?: Record<string, unknown>; readonly errors?: readonly { readonly extensions: { readonly code: string } }[] };
}

/** The message in a frame, as a client would read it. */
export function readFrame(frame: Buffer): NextMessage {
  const short = (frame[1] ?? 0) & 0x7f;
  const header = short < 126 ? 2 : short === 126 ? 4 : 10;
  const length = short < 126 ? short : short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
  if (frame[0] !== 0x81 || frame.length !== header + length) throw new AppError('INTERNAL', 'this is no text frame');
  return JSON.parse(frame.toString('utf8', header)) as NextMessage;
}

/** The text a subscriber holds, by the rules of offsets. @param start What it held before it subscribed. */
export function textOf(items: readonly Seen[], start = ''): string {
  let text = start;
  for (const item of items) {
    if (item.__typename === 'TextSnapshot') text = item.text ?? '';
    if (item.__typename !== 'TextDelta') continue;
    if (item.offset !== text.length) throw new Error(`offset ${item.offset} after ${text.length} characters`);
    text += item.text ?? '';
  }
  return text;
}
