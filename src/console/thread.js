/**
 * What the browser knows of one conversation: rows as loaded, made current by the items of the subscription. Applies pieces of text
 * by their offset, so one that comes twice changes nothing and a missing one is noticed. Draws nothing and asks nobody.
 */

const ENDED = new Set(['SUCCEEDED', 'FAILED', 'STOPPED']);
/** Items that describe the stream or heal: they count whatever their sequence. */
const ALWAYS = new Set(['StreamReady', 'StreamReset', 'TextSnapshot', 'Heartbeat']);

export function createThread() {
  const messages = new Map();
  const runs = new Map();
  const unsent = new Map();
  let status = 'ACTIVE';
  let owner = 'AGENTS';
  let phase = null;
  let epoch = null;
  let sequence = -1;

  function run(id) {
    const known = runs.get(id) ?? { id, status: 'QUEUED', agent: null, error: null, why: null, place: null, createdAt: null };
    runs.set(id, known);
    return known;
  }

  /** An ended run stays ended: an item about it may carry the row of a moment before. */
  function takeRun(row) {
    if (!row) return;
    const known = run(row.id);
    if (!ENDED.has(known.status)) known.status = row.status;
    known.agent = row.agent ?? known.agent;
    known.error = row.error ?? known.error;
    known.createdAt = row.createdAt ?? known.createdAt;
  }

  function message(id) {
    const known = messages.get(id) ?? { id, role: 'AGENT', text: '', status: 'WRITING', author: null, agent: null, citations: [], createdAt: '', runId: null, attempt: 0 };
    messages.set(id, known);
    return known;
  }

  /** A row that is still being written lags behind what was heard; any other is the truth. */
  function takeMessage(row) {
    if (!row) return;
    takeRun(row.run);
    if (row.clientMessageId) unsent.delete(row.clientMessageId);
    const known = message(row.id);
    const { role, author, agent, citations, createdAt } = row;
    Object.assign(known, { role, author, agent, citations, createdAt, runId: row.run?.id ?? null });
    if (row.status === 'WRITING') return;
    Object.assign(known, { text: row.text, status: row.status });
  }

  /** @returns false when a piece before this one is missing */
  function takeText({ messageId, runId, attempt, offset, text }) {
    const known = message(messageId);
    known.runId = runId;
    if (known.status !== 'WRITING' || attempt < known.attempt) return true;
    if (attempt > known.attempt) Object.assign(known, { attempt, text: '' });
    if (offset > known.text.length) return false;
    known.text = known.text.slice(0, offset) + text + known.text.slice(offset + text.length);
    return true;
  }

  function end(runId, ended, error = null) {
    const known = run(runId);
    known.status = ended;
    known.error = error ?? known.error;
    phase = null;
    for (const said of messages.values()) if (said.runId === runId && said.status === 'WRITING') said.status = ended === 'SUCCEEDED' ? 'COMPLETE' : 'PARTIAL';
  }

  /** @returns `resync` when the rows must be read again, else `ok` */
  function applyNew(item) {
    switch (item.__typename) {
      case 'MessagePosted':
      case 'MessageFinished':
        takeMessage(item.message);
        return 'ok';
      case 'MessageReset':
        Object.assign(message(item.messageId), { text: '', status: 'WRITING', attempt: item.attempt });
        phase = 'RECOVERING';
        return 'ok';
      case 'TextDelta':
        phase = null;
        return takeText(item) ? 'ok' : 'resync';
      case 'AgentChosen':
        explain(item);
        return 'ok';
      case 'RunQueued':
        takeRun(item.run);
        if (item.run) run(item.run.id).place = item.place;
        return 'ok';
      case 'RunStarted':
        takeRun(item.run);
        phase = 'THINKING';
        return 'ok';
      case 'RunFinished':
      case 'RunStopped':
        takeRun(item.run);
        if (item.run) end(item.run.id, item.__typename === 'RunStopped' ? 'STOPPED' : 'SUCCEEDED');
        return 'ok';
      case 'RunFailed':
        takeRun(item.run);
        if (item.run) end(item.run.id, 'FAILED', { code: item.code, message: item.sentence, retryable: item.retryable });
        return 'ok';
      case 'ConversationChanged':
        if (item.conversation) ({ status, owner } = item.conversation);
        return 'ok';
      default:
        // A kind of item this page does not know: others will come, and none of them matters here.
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
      case 'TextSnapshot': {
        const known = message(item.messageId);
        if (known.status === 'WRITING' && item.attempt >= known.attempt) Object.assign(known, { runId: item.runId, attempt: item.attempt, text: item.text });
        return 'ok';
      }
      default:
        phase = item.phase;
        return 'ok';
    }
  }

  function explain({ runId, agent, confidence, reason, by }) {
    const known = run(runId);
    known.why = { agent, confidence, reason, by };
    known.agent = agent ?? known.agent;
  }

  return {
    /** Takes the rows of the conversation; what its position lies before is heard again. */
    load(conversation) {
      ({ status, owner } = conversation);
      epoch = null;
      sequence = -1;
      for (const { node } of conversation.messages.edges) takeMessage(node);
      takeRun(conversation.activeRun);
    },

    apply(item) {
      if (ALWAYS.has(item.__typename)) return applyAlways(item);
      if (item.sequence <= sequence) return 'ok';
      sequence = item.sequence;
      return applyNew(item);
    },

    takeMessage,
    explain,

    sending(id, text) {
      unsent.set(id, { id, text, error: null });
    },
    notSent(id, error) {
      const known = unsent.get(id);
      if (known) known.error = error;
    },
    forget(id) {
      unsent.delete(id);
    },

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
      return [...unsent.values()];
    },
    /** Oldest first; ids grow with time and decide between messages of one moment. */
    get messages() {
      return [...messages.values()].toSorted((a, b) => (a.createdAt === b.createdAt ? (a.id < b.id ? -1 : 1) : a.createdAt < b.createdAt ? -1 : 1));
    },
    get runs() {
      return runs;
    },
    /** The run that answers now or is next, oldest first. */
    get activeRuns() {
      return [...runs.values()].filter((known) => !ENDED.has(known.status)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    },
  };
}
