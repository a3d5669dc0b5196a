/**
 * Where the stream of one run ends: after its terminal event, whichever way that is learnt. A run that had ended before is answered
 * from its row when the history no longer tells; so is one whose end may be among what a reset skipped.
 */
import type { ChannelHead, Entry } from '../events/event-log.ts';
import { TERMINAL_EVENTS, type ParleyEvent } from '../events/event.ts';
import { parsePosition } from '../events/position.ts';
import type { Run } from '../store/generated/prisma/client.ts';

type Step = { readonly entry: Entry | null; readonly over: boolean };

/** The rest of an active run. @param readRun Reads its row anew. */
export function untilTerminal(source: AsyncIterableIterator<Entry>, readRun: () => Promise<Run | null>): AsyncIterableIterator<Entry> {
  let skipped: Entry | null = null;
  return stepping(source, async () => {
    if (skipped) return { entry: skipped, over: true };
    const result = await source.next();
    if (result.done) return { entry: null, over: true };
    const entry = result.value;
    if (entry.kind === 'reset') {
      const row = await readRun();
      if (row?.finishedAt) skipped = terminalEntry(row, entry.position, entry.sequence);
    }
    return { entry, over: isTerminal(entry) };
  });
}

/** A run that ended before: what the history still holds of it, and its end. @param head Of its channel, read before `source` began. */
export function endedRun(
  source: AsyncIterableIterator<Entry>,
  run: Run,
  head: ChannelHead,
  shows: (event: ParleyEvent) => boolean,
): AsyncIterableIterator<Entry> {
  const top = parsePosition(head.top).offset;
  let reached = -1;
  return stepping(source, async () => {
    // Beyond what was there when it began nothing more can come of a run that has ended.
    while (reached < top) {
      const result = await source.next();
      if (result.done) return { entry: null, over: true };
      const entry = result.value;
      // A stream that begins with RESET has its reset still to come.
      if (entry.kind !== 'ready' || entry.status !== 'RESET') reached = entry.sequence;
      if (entry.kind !== 'event') return { entry, over: false };
      if (shows(entry.event)) return { entry, over: isTerminal(entry) };
    }
    return { entry: terminalEntry(run, head.top, top), over: true };
  });
}

/** An iterator over steps that ends after the one that says so, and then leaves the source. */
function stepping(source: AsyncIterableIterator<Entry>, step: () => Promise<Step>): AsyncIterableIterator<Entry> {
  let over = false;
  const leave = async (): Promise<IteratorResult<Entry>> => {
    await source.return?.();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      if (over) return leave();
      const { entry, over: last } = await step();
      over = last;
      return entry ? { done: false, value: entry } : leave();
    },
    return: leave,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function isTerminal(entry: Entry): boolean {
  return entry.kind === 'event' && TERMINAL_EVENTS.has(entry.event.type);
}

function terminalEntry(run: Run, position: string, sequence: number): Entry {
  return { kind: 'event', position, sequence, event: terminalOf(run), replay: true };
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
