/**
 * What the browser knows of one conversation: rows as loaded, made current by the items of the subscription. Applies pieces of text
 * by their offset, so one that comes twice changes nothing and a missing one is noticed. Draws nothing and asks nobody.
 */
import { createRows } from './thread-rows.js';

/** Items that describe the stream or heal: they count whatever their sequence. */
const ALWAYS = new Set(['StreamReady', 'StreamReset', 'TextSnapshot', 'Heartbeat']);

/** True for what several agents do for the desk beside the conversation, of which only the staff is told: no answer in it. */
function isAside({ messageId, runId, run }) {
  return messageId?.startsWith(`${runId}:`) || (run && run.workflow !== 'reply');
}

export function createThread() {
  const unsent = createUnsent();
  const rows = createRows({ onOwn: unsent.forget });
  let status = 'ACTIVE';
  let owner = 'AGENTS';
  let phase = null;
  let epoch = null;
  let sequence = -1;

  function finish(run, ended, error) {
    if (!run) return;
    phase = null;
    rows.takeRun(run);
    rows.end(run.id, ended, error);
  }

  /** @returns `resync` when the rows must be read again, else `ok` */
  function applyNew(item) {
    switch (item.__typename) {
      case 'MessagePosted':
      case 'MessageFinished':
        rows.takeMessage(item.message);
        return 'ok';
      case 'MessageReset':
        Object.assign(rows.message(item.messageId), { text: '', status: 'WRITING', attempt: item.attempt });
        phase = 'RECOVERING';
        return 'ok';
      case 'TextDelta':
        phase = null;
        return rows.takeText(item) ? 'ok' : 'resync';
      case 'AgentChosen':
        rows.explain(item);
        return 'ok';
      case 'RunQueued':
        rows.takeRun(item.run);
        if (item.run) rows.run(item.run.id).place = item.place;
        return 'ok';
      case 'RunStarted':
        rows.takeRun(item.run);
        phase = 'THINKING';
        return 'ok';
      case 'RunFinished':
      case 'RunStopped':
        finish(item.run, item.__typename === 'RunStopped' ? 'STOPPED' : 'SUCCEEDED');
        return 'ok';
      case 'RunFailed':
        finish(item.run, 'FAILED', { code: item.code, message: item.sentence, retryable: item.retryable });
        return 'ok';
      case 'ConversationChanged':
        if (item.conversation) ({ status, owner } = item.conversation);
        return 'ok';
      default:
        // Kinds of items that this page does not know come, and do not matter here.
        return 'ok';
    }
  }

  function applyAlways(item) {
    switch (item.__typename) {
      case 'StreamReady':
        if (item.epoch !== epoch) sequence = -1;
        epoch = item.epoch;
        return item.status === 'RESET' ? 'resync' : 'ok';
      case 'StreamReset':
        return 'resync';
      case 'TextSnapshot':
        if (!isAside(item)) rows.takeSnapshot(item);
        return 'ok';
      default:
        phase = item.phase;
        return 'ok';
    }
  }

  return {
    /** Takes the rows of the conversation; what its position lies before is heard again. */
    load(conversation) {
      ({ status, owner } = conversation);
      epoch = null;
      sequence = -1;
      for (const { node } of conversation.messages.edges) rows.takeMessage(node);
      rows.takeRun(conversation.activeRun);
    },

    apply(item) {
      if (ALWAYS.has(item.__typename)) return applyAlways(item);
      if (isAside(item) || item.sequence <= sequence) return 'ok';
      sequence = item.sequence;
      return applyNew(item);
    },

    takeMessage: rows.takeMessage,
    explain: rows.explain,

    sending: unsent.sending,
    notSent: unsent.notSent,
    forget: unsent.forget,

    get status() {
      return status;
    },
    get owner() {
      return owner;
    },
    get phase() {
      return phase;
    },
    get unsent() {
      return unsent.all;
    },
    get messages() {
      return rows.messages;
    },
    get runs() {
      return rows.runs;
    },
    get activeRuns() {
      return rows.activeRuns;
    },
  };
}

/** What was written here and is not yet known to be with the server. */
function createUnsent() {
  const unsent = new Map();
  return {
    sending: (id, text) => void unsent.set(id, { id, text, error: null }),
    notSent(id, error) {
      const known = unsent.get(id);
      if (known) known.error = error;
    },
    forget: (id) => void unsent.delete(id),
    get all() {
      return [...unsent.values()];
    },
  };
}
