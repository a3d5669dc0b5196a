/**
 * The messages and runs of one conversation as far as the browser knows them. A row that lags behind what was heard changes no text,
 * and an ended run stays ended. Knows nothing of the stream that brings them.
 */

const ENDED = new Set(['SUCCEEDED', 'FAILED', 'STOPPED']);

/** @param onOwn called with the `clientMessageId` of a message the server has */
export function createRows({ onOwn }) {
  const messages = new Map();
  const runs = new Map();

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
    const known = messages.get(id) ?? {
      id,
      role: 'AGENT',
      text: '',
      status: 'WRITING',
      author: null,
      agent: null,
      citations: [],
      createdAt: '',
      runId: null,
      attempt: 0,
    };
    messages.set(id, known);
    return known;
  }

  /** A row that is still being written lags behind what was heard; any other is the truth. */
  function takeMessage(row) {
    if (!row) return;
    takeRun(row.run);
    if (row.clientMessageId) onOwn(row.clientMessageId);
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

  function takeSnapshot({ messageId, runId, attempt, text }) {
    const known = message(messageId);
    if (known.status === 'WRITING' && attempt >= known.attempt) Object.assign(known, { runId, attempt, text });
  }

  function end(runId, ended, error = null) {
    const known = run(runId);
    known.status = ended;
    known.error = error ?? known.error;
    for (const said of messages.values()) if (said.runId === runId && said.status === 'WRITING') said.status = ended === 'SUCCEEDED' ? 'COMPLETE' : 'PARTIAL';
  }

  function explain({ runId, agent, confidence, reason, by }) {
    const known = run(runId);
    known.why = { agent, confidence, reason, by };
    known.agent = agent ?? known.agent;
  }

  return {
    run,
    message,
    takeRun,
    takeMessage,
    takeText,
    takeSnapshot,
    end,
    explain,
    get runs() {
      return runs;
    },
    /** Oldest first; ids grow with time and decide between messages of one moment. */
    get messages() {
      return [...messages.values()].toSorted((a, b) => (a.createdAt === b.createdAt ? (a.id < b.id ? -1 : 1) : a.createdAt < b.createdAt ? -1 : 1));
    },
    /** The run that answers now or is next, oldest first. */
    get activeRuns() {
      return [...runs.values()].filter((known) => !ENDED.has(known.status)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    },
  };
}
