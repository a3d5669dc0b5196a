/**
 * A conversation as a front-end shows it: rows as loaded, made current by the items of the subscription. Pure: each step answers a
 * new thread and shares what did not change, so a changed message is another object and an unchanged one is the same. Applies pieces
 * of text by their offset: one that comes twice changes nothing, a missing one is noticed. Asks nobody; knows no transport.
 */
import type {
  Agent,
  AgentChosen,
  ConversationItem,
  ConversationOwner,
  ConversationRows,
  ConversationStatus,
  HeartbeatPhase,
  Message,
  MessageRole,
  MessageStatus,
  Participant,
  Run,
  RunError,
  RunStatus,
  Source,
  TextDelta,
} from './types.ts';

/** What a message is made of, in the order to show it: tools that were used, its text, the articles it rests on. */
export type Part =
  | { readonly type: 'tool'; readonly callId: string; readonly tool: string; readonly summary: string | null; readonly failed: boolean }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'source'; readonly source: Source };

export type ToolPart = Extract<Part, { type: 'tool' }>;

export interface ThreadMessage {
  readonly id: string;
  readonly role: MessageRole;
  /** WRITING while pieces still come. */
  readonly status: MessageStatus;
  readonly text: string;
  readonly parts: readonly Part[];
  readonly author: string | null;
  readonly agent: Agent | null;
  readonly sources: readonly Source[];
  readonly clientMessageId: string | null;
  readonly createdAt: string;
  /** The run that writes it, or that it started. */
  readonly runId: string | null;
  /** The attempt its text belongs to; 0 until a piece named one. */
  readonly attempt: number;
}

/** Why this agent answers. */
export type Why = Pick<AgentChosen, 'confidence' | 'reason' | 'by'>;
type Explained = Why & Pick<AgentChosen, 'runId' | 'agent'>;

export interface ThreadRun {
  readonly id: string;
  readonly status: RunStatus;
  readonly createdAt: string;
  /** Who answers; `null` until it is decided. */
  readonly agent: Agent | null;
  /** `null` until it is decided, and for runs that had ended before the thread was loaded. */
  readonly why: Why | null;
  /** Its place in the queue, 0 is next; `null` unless it waits. */
  readonly place: number | null;
  readonly error: RunError | null;
  readonly tools: readonly ToolPart[];
}

/** A message on its way. With an error it waits for a person: send it again under its id, or discard it. */
export interface Unsent {
  /** Its `clientMessageId`. */
  readonly id: string;
  readonly text: string;
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
}

/** Someone in the conversation. */
export interface Other extends Participant {
  readonly present: boolean;
  /** They write, until this moment at the latest; `null` when they do not. */
  readonly typingUntil: string | null;
}

export interface Thread {
  readonly status: ConversationStatus;
  readonly owner: ConversationOwner;
  /** Oldest first. */
  readonly messages: readonly ThreadMessage[];
  /** Oldest first. */
  readonly runs: readonly ThreadRun[];
  /** The run that answers now, or is next; `null` when nothing is to be answered. */
  readonly activeRun: ThreadRun | null;
  /** What that run is doing while it says nothing. */
  readonly phase: HeartbeatPhase | null;
  readonly unsent: readonly Unsent[];
  /** Who was seen to have the conversation open or to write, since this thread was loaded; colleagues of the desk see themselves too. */
  readonly others: readonly Other[];
  readonly epoch: string | null;
  /** Of the last item applied in this epoch. */
  readonly sequence: number;
  /** Pass it as `after` to go on behind what was applied. */
  readonly position: string | null;
  /** True when items were missed: load the rows anew and follow from their position. */
  readonly stale: boolean;
}

export const EMPTY: Thread = {
  status: 'ACTIVE',
  owner: 'AGENTS',
  messages: [],
  runs: [],
  activeRun: null,
  phase: null,
  unsent: [],
  others: [],
  epoch: null,
  sequence: -1,
  position: null,
  stale: false,
};

const ENDED: ReadonlySet<RunStatus> = new Set<RunStatus>(['FAILED', 'STOPPED', 'SUCCEEDED']);

/** True for an item that the thread has not applied yet; one that describes the stream itself always counts. */
export function isNew(thread: Thread, item: ConversationItem): boolean {
  switch (item.__typename) {
    case 'StreamReady':
    case 'StreamReset':
    case 'TextSnapshot':
    case 'Heartbeat':
      return true;
    default:
      return item.sequence > thread.sequence;
  }
}

/** The thread after one item. An item that was applied before, or of an unknown kind, changes nothing that is shown. */
export function reduce(thread: Thread, item: ConversationItem): Thread {
  if (!isNew(thread, item)) return thread;
  if (isAside(thread, item)) return item.__typename === 'TextSnapshot' ? thread : { ...thread, sequence: item.sequence, position: item.position };
  switch (item.__typename) {
    case 'StreamReady':
      return { ...thread, epoch: item.epoch, sequence: item.epoch === thread.epoch ? thread.sequence : -1 };
    case 'StreamReset':
      return { ...thread, stale: true };
    case 'Heartbeat':
      return { ...thread, phase: item.phase };
    case 'TextSnapshot': {
      const known = messageOf(thread, item.messageId);
      const behind = item.attempt > known.attempt || (item.attempt === known.attempt && item.text.length >= known.text.length);
      if (known.status !== 'WRITING' || !behind) return thread;
      return putMessage(thread, { ...known, runId: item.runId, attempt: item.attempt, text: item.text });
    }
    default:
      return apply({ ...thread, sequence: item.sequence, position: item.position }, item);
  }
}

/**
 * True for what several agents do for the desk beside the conversation: no answer in it. Only the staff is told, and reads it with `runEvents`.
 */
function isAside(thread: Thread, item: ConversationItem): boolean {
  switch (item.__typename) {
    case 'TextDelta':
    case 'TextSnapshot':
    case 'MessageReset':
      return item.messageId.startsWith(`${item.runId}:`);
    case 'RunQueued':
    case 'RunStarted':
    case 'RunFinished':
    case 'RunStopped':
    case 'RunFailed':
      return item.run !== null && item.run.workflow !== 'reply';
    case 'ToolCalled':
    case 'ToolReturned':
      return !thread.runs.some(({ id }) => id === item.runId);
    default:
      return false;
  }
}

function apply(thread: Thread, item: ConversationItem): Thread {
  switch (item.__typename) {
    case 'TextDelta':
      return takeText(thread, item);
    case 'MessagePosted':
    case 'MessageFinished':
      return item.message ? takeMessage(thread, item.message) : thread;
    case 'MessageReset': {
      const known = messageOf(thread, item.messageId);
      if (known.status === 'COMPLETE' || item.attempt < known.attempt) return thread;
      return { ...putMessage(thread, { ...known, runId: item.runId, attempt: item.attempt, text: '', status: 'WRITING' }), phase: 'RECOVERING' };
    }
    case 'RunQueued':
      return item.run ? changeRun(takeRun(thread, item.run), item.run.id, { place: item.place }) : thread;
    case 'RunStarted':
      return item.run ? { ...changeRun(takeRun(thread, item.run), item.run.id, { place: null }), phase: 'THINKING' } : thread;
    case 'RunFinished':
      return end(thread, item.run, 'SUCCEEDED', null);
    case 'RunStopped':
      return end(thread, item.run, 'STOPPED', null);
    case 'RunFailed':
      return end(thread, item.run, 'FAILED', { code: item.code, message: item.sentence, retryable: item.retryable });
    case 'AgentChosen':
      return explain(thread, item);
    case 'ToolCalled':
      return takeTool(thread, item.runId, { type: 'tool', callId: item.callId, tool: item.tool, summary: null, failed: false }, 'USING_TOOL');
    case 'ToolReturned':
      return takeTool(thread, item.runId, { type: 'tool', callId: item.callId, tool: item.tool, summary: item.summary, failed: item.failed }, 'THINKING');
    case 'TypingChanged':
      return putOther(thread, item.who, { typingUntil: item.until });
    case 'PresenceChanged':
      return putOther(thread, item.who, item.state === 'PRESENT' ? { present: true } : { present: false, typingUntil: null });
    case 'ConversationChanged':
      return item.conversation ? { ...thread, status: item.conversation.status, owner: item.conversation.owner } : thread;
    default:
      return thread;
  }
}

function putOther(thread: Thread, who: Participant, change: Partial<Other>): Thread {
  const same = (other: Other) => other.id === who.id;
  const known = thread.others.find(same) ?? { present: false, typingUntil: null };
  return { ...thread, others: [...thread.others.filter((other) => !same(other)), { ...known, ...who, ...change }] };
}

/** The thread with the rows of its conversation in it. What has been heard of an unfinished message stays: rows lag behind. */
export function load(thread: Thread, rows: ConversationRows): Thread {
  let next: Thread = { ...thread, status: rows.status, owner: rows.owner, position: rows.position, stale: false };
  for (const { node } of rows.messages.edges) {
    const fresh = !next.messages.some(({ id }) => id === node.id);
    next = takeMessage(next, node);
    // Shown until the first piece comes, which begins from nothing.
    if (fresh && node.status === 'WRITING') next = putMessage(next, { ...messageOf(next, node.id), text: node.text });
  }
  return rows.activeRun ? takeRun(next, rows.activeRun) : next;
}

/** The thread with a message on its way, or on its way again. */
export function sending(thread: Thread, id: string, text: string): Thread {
  return { ...discard(thread, id), unsent: [...discard(thread, id).unsent, { id, text, error: null }] };
}

/** The thread with a message that was refused, or that could not be sent in time. */
export function notSent(thread: Thread, id: string, error: { readonly code: string; readonly message: string; readonly retryable: boolean }): Thread {
  const { code, message, retryable } = error;
  return { ...thread, unsent: thread.unsent.map((each) => (each.id === id ? { ...each, error: { code, message, retryable } } : each)) };
}

/** The thread without a message that was never sent. */
export function discard(thread: Thread, id: string): Thread {
  return { ...thread, unsent: thread.unsent.filter((each) => each.id !== id) };
}

/** The thread with a message as its row says. A row that is still being written lags behind what was heard. */
export function takeMessage(thread: Thread, row: Message): Thread {
  const withRun = row.run ? takeRun(thread, row.run) : thread;
  const known = messageOf(withRun, row.id);
  const { role, author, agent, clientMessageId, createdAt } = row;
  const current = { ...known, role, author, agent, clientMessageId, createdAt, sources: row.citations, runId: row.run?.id ?? known.runId };
  const next = putMessage(withRun, row.status === 'WRITING' ? current : { ...current, text: row.text, status: row.status });
  return clientMessageId === null ? next : discard(next, clientMessageId);
}

/** The thread with the reason why an agent answers. */
export function explain(thread: Thread, { runId, agent, confidence, reason, by }: Explained): Thread {
  return changeRun(thread, runId, { why: { confidence, reason, by }, ...(agent ? { agent } : {}) });
}

/** The thread with a run as its row says. An ended run stays ended: an item about it may carry the row of a moment before. */
export function takeRun(thread: Thread, row: Run): Thread {
  const known = runOf(thread, row.id);
  const status = ENDED.has(known.status) ? known.status : row.status;
  return changeRun(thread, row.id, { status, createdAt: row.createdAt, agent: row.agent ?? known.agent, error: row.error ?? known.error });
}

function takeText(thread: Thread, { messageId, runId, attempt, offset, text }: TextDelta): Thread {
  const known = messageOf(thread, messageId);
  if (known.status !== 'WRITING' || attempt < known.attempt) return thread;
  const before = attempt > known.attempt ? '' : known.text;
  // Something before this piece is missing; sequences begin anew, so that what comes again is applied again.
  if (offset > before.length) return { ...thread, stale: true, sequence: -1 };
  const whole = before.slice(0, offset) + text + before.slice(offset + text.length);
  return { ...putMessage(thread, { ...known, runId, attempt, text: whole }), phase: null };
}

function takeTool(thread: Thread, runId: string, part: ToolPart, phase: HeartbeatPhase): Thread {
  const { tools } = runOf(thread, runId);
  const known = tools.some(({ callId }) => callId === part.callId);
  const changed = changeRun(thread, runId, { tools: known ? tools.map((each) => (each.callId === part.callId ? part : each)) : [...tools, part] });
  const answer = changed.messages.find((message) => message.runId === runId && message.role === 'AGENT');
  return { ...(answer ? putMessage(changed, answer) : changed), phase };
}

function end(thread: Thread, row: Run | null, status: RunStatus, error: RunError | null): Thread {
  if (!row) return thread;
  let next = changeRun(takeRun(thread, row), row.id, { status, place: null, ...(error ? { error } : {}) });
  for (const message of thread.messages) {
    if (message.runId !== row.id || message.status !== 'WRITING') continue;
    next = putMessage(next, { ...message, status: status === 'SUCCEEDED' ? 'COMPLETE' : 'PARTIAL' });
  }
  return { ...next, phase: null };
}

function messageOf(thread: Thread, id: string): ThreadMessage {
  const known = thread.messages.find((message) => message.id === id);
  const blank = { text: '', parts: [], author: null, agent: null, sources: [], clientMessageId: null, createdAt: '', runId: null, attempt: 0 };
  return known ?? { id, role: 'AGENT', status: 'WRITING', ...blank };
}

function runOf(thread: Thread, id: string): ThreadRun {
  return thread.runs.find((run) => run.id === id) ?? { id, status: 'QUEUED', createdAt: '', agent: null, why: null, place: null, error: null, tools: [] };
}

function putMessage(thread: Thread, message: ThreadMessage): Thread {
  const whole = { ...message, parts: partsOf(message, message.role === 'AGENT' && message.runId !== null ? runOf(thread, message.runId).tools : []) };
  return { ...thread, messages: put(thread.messages, whole) };
}

function partsOf({ text, sources }: ThreadMessage, tools: readonly ToolPart[]): readonly Part[] {
  return [...tools, ...(text === '' ? [] : [{ type: 'text' as const, text }]), ...sources.map((source) => ({ type: 'source' as const, source }))];
}

function changeRun(thread: Thread, id: string, change: Partial<ThreadRun>): Thread {
  const runs = put(thread.runs, { ...runOf(thread, id), ...change });
  return { ...thread, runs, activeRun: activeOf(runs) };
}

interface Placed {
  readonly id: string;
  readonly createdAt: string;
}

/** Oldest first, what has no date yet last; ids grow with time and decide between things of one moment. */
function put<T extends Placed>(list: readonly T[], one: T): readonly T[] {
  const known = list.find(({ id }) => id === one.id);
  if (known?.createdAt === one.createdAt) return list.map((each) => (each === known ? one : each));
  const before = (each: T) => (each.createdAt || '~') < (one.createdAt || '~') || (each.createdAt === one.createdAt && each.id < one.id);
  const others = list.filter((each) => each !== known);
  return [...others.filter(before), one, ...others.filter((each) => !before(each))];
}

/** One runs at a time: the latest that began is it, and what began before that waits for people, whoever heard of it. */
function activeOf(runs: readonly ThreadRun[]): ThreadRun | null {
  const standing = (status: ThreadRun['status']) => runs.filter((run) => run.status === status);
  return standing('RUNNING').at(-1) ?? standing('QUEUED')[0] ?? standing('WAITING')[0] ?? null;
}
