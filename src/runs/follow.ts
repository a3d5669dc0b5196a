/**
 * Following a conversation or a run: access is checked, only what the viewer's class may see comes through, silence is filled with
 * heartbeats while a run is active, and a run's stream ends with its terminal event. Hand-written iterators, so that leaving always
 * reaches the log.
 */
import type { Clock } from '../foundation/clock.ts';
import { notFound } from '../foundation/errors.ts';
import { conversationsVisibleTo, runsVisibleTo } from '../desk/access.ts';
import type { ChannelHead, Entry, EventLog } from '../events/event-log.ts';
import { TERMINAL_EVENTS, type HeartbeatPhase, type ParleyEvent, type Visibility } from '../events/event.ts';
import { parsePosition, type Position } from '../events/position.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { Viewer } from '../store/viewer.ts';

export interface FollowDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly clock: Clock;
}

/** Silence after which a follower of an active run is told that it is still alive. */
const SILENCE_MS = 10_000;

export async function followConversation(
  { database, log, clock }: FollowDeps,
  viewer: Viewer,
  conversationId: string,
  after: Position | undefined,
  signal: AbortSignal,
): Promise<AsyncIterableIterator<Entry>> {
  if (after !== undefined) parsePosition(after);
  const found = await database.conversation.findFirst({
    where: { AND: [{ id: conversationId }, conversationsVisibleTo(viewer)] },
    select: { runs: { where: { status: { in: ['queued', 'running', 'waiting'] } }, select: { id: true } } },
  });
  if (!found) throw notFound('conversation');
  const source = log.follow(`conversation:${conversationId}`, { ...(after === undefined ? {} : { after }), startAt: 'snapshot', signal });
  return filtered(withHeartbeats(source, clock, new Set(found.runs.map((run) => run.id))), (event) => maySee(viewer, event.visibility));
}

export async function followRun(
  deps: FollowDeps,
  viewer: Viewer,
  runId: string,
  after: Position | undefined,
  signal: AbortSignal,
): Promise<AsyncIterableIterator<Entry>> {
  const { database, log, clock } = deps;
  if (after !== undefined) parsePosition(after);
  const run = await database.run.findFirst({ where: { AND: [{ id: runId }, runsVisibleTo(viewer)] } });
  if (!run) throw notFound('run');
  // A reply's events stand in its conversation's channel; other runs have their own.
  const channel = run.conversationId ? (`conversation:${run.conversationId}` as const) : (`run:${runId}` as const);
  const head = run.finishedAt ? await log.head(channel) : null;
  const source = log.follow(channel, { ...(after === undefined ? {} : { after }), startAt: 'history', signal });
  const events = run.finishedAt ? source : withHeartbeats(source, clock, new Set([runId]));
  const own = filtered(events, (event) => maySee(viewer, event.visibility) && belongsTo(event, runId));
  return untilTerminal(own, run, head);
}

export async function conversationHead({ log }: FollowDeps, conversationId: string): Promise<ChannelHead> {
  return log.head(`conversation:${conversationId}`);
}

function maySee(viewer: Viewer, visibility: Visibility): boolean {
  switch (visibility) {
    case 'CUSTOMER':
      return true;
    case 'STAFF':
      return viewer.kind === 'staff';
    case 'DEBUG':
      return viewer.kind === 'staff' && viewer.role === 'admin';
  }
}

function belongsTo(event: ParleyEvent, runId: string): boolean {
  return event.type === 'Heartbeat' || ('runId' in event && event.runId === runId);
}

function filtered(source: AsyncIterableIterator<Entry>, allows: (event: ParleyEvent) => boolean): AsyncIterableIterator<Entry> {
  return derive(source, async () => {
    for (;;) {
      const result = await source.next();
      if (result.done || result.value.kind !== 'event' || allows(result.value.event)) return result;
    }
  });
}

/** Ends after the run's terminal event; a run that had ended before is answered from its row when the history no longer tells. */
function untilTerminal(source: AsyncIterableIterator<Entry>, run: Run, head: ChannelHead | null): AsyncIterableIterator<Entry> {
  const lastKnown = head ? parsePosition(head.top).offset : Infinity;
  let ended = false;
  let started = false;

  function fromRow(): IteratorResult<Entry> {
    ended = true;
    const position = head?.top ?? '';
    return { done: false, value: { kind: 'event', position, sequence: lastKnown, event: terminalOf(run), replay: true } };
  }

  return derive(source, async () => {
    while (!ended) {
      // What the history holds of an ended run comes first; the row answers once nothing more can come.
      const result = head && started ? await Promise.race([source.next(), settled()]) : await source.next();
      if (result === 'nothing more') return fromRow();
      if (result.done) return result;
      started = true;
      if (result.value.kind === 'event' && TERMINAL_EVENTS.has(result.value.event.type)) ended = true;
      return result;
    }
    await source.return?.();
    return { done: true, value: undefined };
  });
}

/** Two turns of the event loop: replay comes without waiting for anything, so what has not come by then is not there. */
function settled(): Promise<'nothing more'> {
  return new Promise((resolve) => setImmediate(() => setImmediate(() => resolve('nothing more'))));
}

/** A source that also says, after ten seconds of silence while a run is active, in which phase it is. */
function withHeartbeats(source: AsyncIterableIterator<Entry>, clock: Clock, activeRuns: Set<string>): AsyncIterableIterator<Entry> {
  let pending: Promise<IteratorResult<Entry>> | null = null;
  let last: Entry | null = null;
  let phase: HeartbeatPhase = 'queued';

  function note(entry: Entry): void {
    last = entry;
    if (entry.kind !== 'event') return;
    const { event } = entry;
    if (event.type === 'RunQueued' || event.type === 'RunStarted') activeRuns.add(event.runId);
    if (TERMINAL_EVENTS.has(event.type) && 'runId' in event && event.runId) activeRuns.delete(event.runId);
    phase = phaseAfter(event, phase);
  }

  function heartbeat(): Entry | null {
    if (!last || activeRuns.size === 0) return null;
    const { position, sequence } = last;
    return { kind: 'event', position, sequence, event: { type: 'Heartbeat', at: clock.now().toISOString(), visibility: 'CUSTOMER', phase }, replay: false };
  }

  return derive(source, async () => {
    for (;;) {
      pending ??= source.next();
      const silence = new AbortController();
      const result = await Promise.race([
        pending,
        clock.sleep(SILENCE_MS, silence.signal).then(
          () => null,
          () => null,
        ),
      ]);
      silence.abort();
      if (result === null) {
        const beat = heartbeat();
        if (beat) return { done: false, value: beat };
        continue;
      }
      pending = null;
      if (!result.done) note(result.value);
      return result;
    }
  });
}

function phaseAfter(event: ParleyEvent, phase: HeartbeatPhase): HeartbeatPhase {
  switch (event.type) {
    case 'RunQueued':
      return 'queued';
    case 'MessageReset':
      return 'recovering';
    case 'ToolCalled':
      return 'using_tool';
    case 'RunStarted':
    case 'AgentChosen':
    case 'StepStarted':
    case 'ToolReturned':
    case 'TextDelta':
      return 'thinking';
    case 'MessagePosted':
    case 'MessageFinished':
    case 'TextSnapshot':
    case 'Heartbeat':
    case 'RunFinished':
    case 'RunFailed':
    case 'RunStopped':
    case 'StepFinished':
    case 'ConversationChanged':
    case 'UsageUpdated':
      return phase;
  }
}

function terminalOf(run: Run): ParleyEvent {
  const at = (run.finishedAt ?? run.createdAt).toISOString();
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = run;
  const first = {
    at,
    visibility: 'CUSTOMER' as const,
    runId: run.id,
    usage: { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, cost: run.cost.toString() },
  };
  if (run.status === 'failed') {
    const { errorCode, errorMessage, errorRetryable, partialKept } = run;
    return { type: 'RunFailed', ...first, code: errorCode ?? 'INTERNAL', message: errorMessage ?? '', retryable: errorRetryable ?? false, partialKept };
  }
  if (run.status === 'stopped') return { type: 'RunStopped', ...first, by: run.stoppedBy ?? 'system' };
  const finishReason =
    run.finishReason === 'end_turn' || run.finishReason === 'max_tokens' || run.finishReason === 'stop_sequence' || run.finishReason === 'context_window'
      ? run.finishReason
      : null;
  return { type: 'RunFinished', ...first, outcome: run.outcome ?? 'answered', finishReason, firstTokenMs: run.firstTokenMs };
}

/** An iterator with another `next` over the same source: leaving it leaves the source. */
function derive(source: AsyncIterableIterator<Entry>, next: () => Promise<IteratorResult<Entry>>): AsyncIterableIterator<Entry> {
  return {
    next,
    [Symbol.asyncIterator]() {
      return this;
    },
    async return() {
      await source.return?.();
      return { done: true, value: undefined };
    },
  };
}
