/**
 * A stream of entries that shows only what its reader may see, and says, after ten seconds of silence while a run is active, in which
 * phase that run is. One timer per stream, moved on by each entry: a timer per entry would cost more than the entry.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Entry, Polled } from '../events/event-log.ts';
import { TERMINAL_EVENTS, type HeartbeatPhase, type ParleyEvent } from '../events/event.ts';
import type { Run } from '../store/generated/prisma/client.ts';

/** Silence after which a follower of an active run is told that it is still alive. */
const SILENCE_MS = 10_000;

/** A run that has not ended, as its row says. */
export type ActiveRun = Pick<Run, 'id' | 'status'>;

/**
 * @param readActiveRuns Asked at the first silence, and at the first after a reset: which runs are active, and what they do, is known from
 * then on. Nobody who reads a running answer pays for it.
 * @param only The run that is followed; left out, all that the source tells of.
 */
export function withHeartbeats(
  source: Polled<Entry>,
  clock: Clock,
  readActiveRuns: () => Promise<readonly ActiveRun[]>,
  shows: (event: ParleyEvent) => boolean,
  only: string | null = null,
): Polled<Entry> {
  let pending: Promise<IteratorResult<Entry>> | null = null;
  let beat: ((entry: IteratorResult<Entry>) => void) | null = null;
  /** Whoever waits without a promise, and the heartbeat that is to be had then. */
  let woken: (() => void) | null = null;
  let due: Entry | null = null;

  const silence = watchSilence(clock, readActiveRuns, only, (entry) => {
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
function watchSilence(clock: Clock, readActiveRuns: () => Promise<readonly ActiveRun[]>, only: string | null, tell: (heartbeat: Entry) => void): Silence {
  /** Of each active run. A conversation may have several: one at work or waiting for people, and those that come after it. */
  const phases = new Map<string, HeartbeatPhase>();
  const endedRuns = new Set<string>();
  /** Of which this reader hears nothing at all: they are no life of an answer. */
  const hiddenRuns = new Set<string>();
  let asked = false;
  /** The rows are being read. */
  let reading = false;
  let last: Entry | null = null;
  let timer: NodeJS.Timeout | null = null;

  function note(entry: Entry, shown: boolean): void {
    if (!shown && entry.kind === 'event' && isHiddenWhole(entry.event)) return;
    last = entry;
    if (entry.kind === 'event') hear(entry.event, shown);
    // What was skipped may have ended one run and begun another.
    else if (entry.kind === 'reset') forget();
    if (asked && phases.size === 0) stop();
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
    if (phases.has(runId)) return false;
    if (type === 'RunQueued' || type === 'RunStarted' || type === 'TextDelta') hiddenRuns.add(runId);
    return hiddenRuns.has(runId);
  }

  function hear(event: ParleyEvent, shown: boolean): void {
    if (!('runId' in event) || !event.runId || (only !== null && event.runId !== only)) return;
    const { runId } = event;
    if (TERMINAL_EVENTS.has(event.type)) return ended(runId);
    const phase = phaseAfter(event);
    if (phase === null || endedRuns.has(runId)) return;
    // What is not shown may belong to a run that is hidden: the rows tell.
    if (!shown && !phases.has(runId)) return;
    // Once the rows were asked all are known: a late word of one that has ended does not bring it back.
    if (!asked || phases.has(runId) || event.type === 'RunQueued' || event.type === 'RunStarted') phases.set(runId, phase);
  }

  function forget(): void {
    phases.clear();
    endedRuns.clear();
    asked = false;
  }

  function stop(): void {
    if (timer) clearTimeout(timer);
    timer = null;
  }

  function ended(runId: string): void {
    phases.delete(runId);
    // An answer that is on its way from the rows may still call it active.
    if (!asked || reading) endedRuns.add(runId);
  }

  function onSilence(): void {
    timer?.refresh();
    if (asked) return tellAlive();
    asked = true;
    reading = true;
    readActiveRuns().then(
      (runs) => {
        for (const { id, status } of runs) if (!endedRuns.has(id) && !phases.has(id)) phases.set(id, PHASE_OF[status] ?? 'thinking');
        reading = false;
        endedRuns.clear();
        tellAlive();
      },
      // Not known then: the next event of a run tells.
      () => void (reading = false),
    );
  }

  function tellAlive(): void {
    const known = [...phases.values()];
    const [first] = known;
    if (!first) return stop();
    if (!timer || !last) return;
    // Of several the one at work; then that people are waited for; one that is merely next comes last.
    const phase = known.find((one) => one !== 'queued' && one !== 'waiting_for_person') ?? known.find((one) => one !== 'queued') ?? first;
    const { position, sequence } = last;
    const event: ParleyEvent = { type: 'Heartbeat', at: clock.now().toISOString(), visibility: 'CUSTOMER', phase };
    tell({ kind: 'event', position, sequence, event, replay: false });
  }

  return { note, stop };
}

/** For a reader who has heard nothing of the run yet. */
const PHASE_OF: Partial<Record<Run['status'], HeartbeatPhase>> = { queued: 'queued', running: 'thinking', waiting: 'waiting_for_person' };

/** What the run of an event does from then on; null where it goes on as before. */
function phaseAfter(event: ParleyEvent): HeartbeatPhase | null {
  switch (event.type) {
    case 'RunQueued':
      return 'queued';
    case 'MessageReset':
      return 'recovering';
    case 'ToolCalled':
      return 'using_tool';
    case 'ApprovalRequested':
      return 'waiting_for_person';
    case 'ApprovalDecided':
      // Another one has to approve as well, or the run is in the queue again.
      return event.outcome === 'pending' ? 'waiting_for_person' : 'queued';
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
    case 'EscalationRaised':
    case 'EscalationQueued':
    case 'EscalationClaimed':
    case 'EscalationReleased':
    case 'EscalationResolved':
    case 'EscalationSlaWarning':
    case 'EscalationSlaBreached':
      return null;
  }
}
