/**
 * A stream of entries that shows only what its reader may see, and says, after ten seconds of silence while a run is active, in which
 * phase that run is. One timer per stream, moved on by each entry: a timer per entry would cost more than the entry.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Entry, Polled } from '../events/event-log.ts';
import { TERMINAL_EVENTS, type HeartbeatPhase, type ParleyEvent } from '../events/event.ts';

/** Silence after which a follower of an active run is told that it is still alive. */
const SILENCE_MS = 10_000;

/**
 * @param readActiveRuns Asked once, at the first silence: which runs are active is known from then on. Nobody who reads a running
 * answer pays for it.
 */
export function withHeartbeats(
  source: Polled<Entry>,
  clock: Clock,
  readActiveRuns: () => Promise<readonly string[]>,
  shows: (event: ParleyEvent) => boolean,
): Polled<Entry> {
  let pending: Promise<IteratorResult<Entry>> | null = null;
  let beat: ((entry: IteratorResult<Entry>) => void) | null = null;
  /** Whoever waits without a promise, and the heartbeat that is to be had then. */
  let woken: (() => void) | null = null;
  let due: Entry | null = null;

  const silence = watchSilence(clock, readActiveRuns, (entry) => {
    if (beat) return beat({ done: false, value: entry });
    if (!woken) return;
    due = entry;
    woken();
  });

  /** The next entry, or a heartbeat that came first; what is still awaited then stays pending. */
  function awaitEntry(): Promise<IteratorResult<Entry>> {
    return new Promise((resolve, reject) => {
      beat = resolve;
      const awaited = pending ?? source.next();
      pending = awaited;
      awaited.then((result) => {
        if (beat !== resolve) return;
        pending = null;
        resolve(result);
      }, reject);
    });
  }

  return {
    async next() {
      for (;;) {
        const result = await awaitEntry();
        beat = null;
        if (result.done) {
          silence.stop();
          return result;
        }
        const entry = result.value;
        if (entry.kind === 'event' && entry.event.type === 'Heartbeat') return result;
        const shown = entry.kind !== 'event' || shows(entry.event);
        silence.note(entry, shown);
        if (shown) return result;
      }
    },
    poll(wake) {
      // A promise for the next entry is out already: it has to be kept.
      if (pending) return undefined;
      woken = null;
      const heartbeat = due;
      due = null;
      if (heartbeat) return heartbeat;
      for (;;) {
        const entry = source.poll(wake);
        if (entry === null) woken = wake;
        if (!entry) return entry;
        const shown = entry.kind !== 'event' || shows(entry.event);
        silence.note(entry, shown);
        if (shown) return entry;
      }
    },
    async return() {
      silence.stop();
      await source.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

interface Silence {
  /** Something was said. @param shown Whether the reader hears of it. */
  note(entry: Entry, shown: boolean): void;
  stop(): void;
}

/** Calls `tell` with a heartbeat after each ten seconds in which nothing was noted while a run is active. */
function watchSilence(clock: Clock, readActiveRuns: () => Promise<readonly string[]>, tell: (heartbeat: Entry) => void): Silence {
  const activeRuns = new Set<string>();
  const endedRuns = new Set<string>();
  /** Of which this reader hears nothing at all: they are no life of an answer. */
  const hiddenRuns = new Set<string>();
  let asked = false;
  let phase: HeartbeatPhase = 'queued';
  let last: Entry | null = null;
  let timer: NodeJS.Timeout | null = null;

  function note(entry: Entry, shown: boolean): void {
    if (!shown && entry.kind === 'event' && isHiddenWhole(entry.event)) return;
    last = entry;
    if (entry.kind === 'event') {
      const { event } = entry;
      if (event.type === 'RunQueued' || event.type === 'RunStarted') activeRuns.add(event.runId);
      else if (TERMINAL_EVENTS.has(event.type) && 'runId' in event && event.runId) ended(event.runId);
      phase = phaseAfter(event, phase);
    }
    if (asked && activeRuns.size === 0) stop();
    else if (timer) timer.refresh();
    else timer = setTimeout(onSilence, SILENCE_MS).unref();
  }

  /** A run that begins, speaks or ends unheard is hidden whole; of others single events are. */
  function isHiddenWhole(event: ParleyEvent): boolean {
    if (!('runId' in event) || !event.runId) return false;
    const { runId, type } = event;
    if (TERMINAL_EVENTS.has(type)) {
      hiddenRuns.delete(runId);
      return true;
    }
    // Of an answer its colleagues' words are hidden as well: it is known by then, or by the first look at the rows.
    if (activeRuns.has(runId)) return false;
    if (type === 'RunQueued' || type === 'RunStarted' || type === 'TextDelta') hiddenRuns.add(runId);
    return hiddenRuns.has(runId);
  }

  function stop(): void {
    if (timer) clearTimeout(timer);
    timer = null;
  }

  function ended(runId: string): void {
    activeRuns.delete(runId);
    // An answer that is on its way from the rows may still call it active.
    if (!asked) endedRuns.add(runId);
  }

  function onSilence(): void {
    timer?.refresh();
    if (asked) return tellAlive();
    asked = true;
    readActiveRuns().then(
      (runIds) => {
        for (const runId of runIds) if (!endedRuns.has(runId)) activeRuns.add(runId);
        endedRuns.clear();
        tellAlive();
      },
      // Not known then: the next event of a run tells.
      () => undefined,
    );
  }

  function tellAlive(): void {
    if (activeRuns.size === 0) return stop();
    if (!timer || !last) return;
    const { position, sequence } = last;
    const event: ParleyEvent = { type: 'Heartbeat', at: clock.now().toISOString(), visibility: 'CUSTOMER', phase };
    tell({ kind: 'event', position, sequence, event, replay: false });
  }

  return { note, stop };
}

function phaseAfter(event: ParleyEvent, phase: HeartbeatPhase): HeartbeatPhase {
  switch (event.type) {
    case 'RunQueued':
      return 'queued';
    case 'MessageReset':
      return 'recovering';
    case 'ToolCalled':
      return 'using_tool';
    case 'ApprovalRequested':
      return 'waiting_for_person';
    case 'RunStarted':
    case 'AgentChosen':
    case 'StepStarted':
    case 'ToolReturned':
    case 'HandedOver':
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
    case 'EscalationDecided':
    case 'TypingChanged':
    case 'PresenceChanged':
    case 'ConversationChanged':
    case 'UsageUpdated':
    case 'BudgetWarning':
    case 'ApprovalExpiring':
    case 'ApprovalDecided':
    case 'EscalationRaised':
    case 'EscalationQueued':
    case 'EscalationClaimed':
    case 'EscalationReleased':
    case 'EscalationResolved':
    case 'EscalationSlaWarning':
    case 'EscalationSlaBreached':
      return phase;
  }
}
