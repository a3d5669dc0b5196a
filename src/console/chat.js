/**
 * The live chat: loads a conversation, follows it from where the rows stand, and sends what is written. The address bar holds which
 * conversation it is, so a refresh or a second tab goes on exactly. What is known is in thread.js, how it looks in chat-view.js.
 */
import { createChatView } from './chat-view.js';
import { createConnection, Refusal } from './connection.js';
import { EXPLAIN, FOLLOW, LOAD, POST, REOPEN, START, STOP } from './operations.js';
import { createThread } from './thread.js';

/** Between two attempts to make good a break in the stream. */
const RESYNC_MS = 1_000;
/** Reasons asked for again after a load: those on the screen. */
const EXPLAINED_MAX = 10;

const view = createChatView({ onAsk: ask, onSendAgain: post, onStop: stop, onNew: leave, onReopen: reopen });
const connection = createConnection({ onState: (state) => view.showState(state) });

let conversationId = null;
let thread = createThread();
let generation = 0;
let unfollow = () => {};
let explaining = new Map();
let frame = 0;
let busy = false;

addEventListener('hashchange', () => {
  if (idInAddress() !== conversationId) void open(idInAddress());
});
void open(idInAddress());

/** Shows a conversation, or none. What an earlier one still sends is dropped by its generation. */
async function open(id) {
  close();
  conversationId = id;
  thread = createThread();
  view.clear();
  draw();
  if (id !== null) await sync();
  else view.showState('idle');
}

function close() {
  generation += 1;
  unfollow();
  for (const stopExplaining of explaining.values()) stopExplaining();
  explaining = new Map();
}

/** Reads the rows, then follows from the position read with them: between the two nothing is lost and nothing counts twice. */
async function sync() {
  const mine = generation;
  unfollow();
  try {
    const { conversation } = await connection.request(LOAD, { id: conversationId });
    if (mine !== generation) return;
    if (!conversation) throw new Refusal('NOT_FOUND', 'This conversation does not exist.');
    thread.load(conversation);
    followAfter(conversation.position);
    explainRuns();
    view.clearNotice();
  } catch (error) {
    if (mine !== generation) return;
    if (error.retryable) later(mine, error.retryAfterMs ?? RESYNC_MS, sync);
    else view.showState('idle');
    view.showNotice(error, error.code === 'NOT_FOUND' ? { label: 'New chat', act: leave } : null);
  }
  draw();
}

function followAfter(after) {
  const mine = generation;
  const variables = { id: conversationId, after };
  unfollow = connection.follow({
    query: FOLLOW,
    variables,
    onItem(item) {
      if (mine !== generation) return;
      variables.after = item.position;
      if (thread.apply(item) === 'resync') {
        unfollow();
        later(mine, item.__typename === 'TextDelta' ? RESYNC_MS : 0, sync);
      }
      draw();
    },
    onRefused: (refusal) => view.showNotice(refusal, null),
  });
}

/** Asks why each run chose its agent where that was said before this page listened. */
function explainRuns() {
  const unexplained = [...thread.runs.values()].filter((run) => run.why === null && !explaining.has(run.id));
  for (const { id } of unexplained.slice(-EXPLAINED_MAX)) {
    let leaveRun = () => {};
    const done = () => {
      leaveRun();
      explaining.set(id, () => {});
    };
    const mine = generation;
    leaveRun = connection.follow({
      query: EXPLAIN,
      variables: { id },
      onItem(item) {
        if (mine !== generation) return leaveRun();
        if (item.__typename !== 'AgentChosen') return;
        thread.explain(item);
        done();
        draw();
      },
      onRefused: done,
      onEnd: done,
    });
    explaining.set(id, leaveRun);
  }
}

/** Each call is a new message, also when it repeats the question of a run that was cut off. */
async function ask(text) {
  await post({ id: newId(), text });
}

/** The id stays the same when the same message is sent again, so it is posted once however often that takes. */
async function post({ id, text }) {
  const mine = generation;
  const target = thread;
  target.sending(id, text);
  view.clearNotice();
  draw();
  try {
    if (conversationId === null) await start(mine, id, text);
    else {
      const { postMessage } = await connection.request(POST, { input: { conversationId, text, clientMessageId: id, onBusy: 'QUEUE' } });
      target.takeMessage(postMessage.message);
    }
  } catch (error) {
    target.notSent(id, error);
  }
  draw();
}

async function start(mine, id, text) {
  if (busy) throw new Refusal('CONFLICT', 'The conversation is just being started.', { retryable: true });
  busy = true;
  try {
    const { startConversation } = await connection.request(START, { input: { text, channel: 'WEB', idempotencyKey: id } });
    if (mine !== generation) return;
    conversationId = startConversation.conversation.id;
    history.pushState(null, '', `#${conversationId}`);
    await sync();
    thread.forget(id);
  } finally {
    busy = false;
  }
}

async function stop() {
  const [run] = thread.activeRuns;
  if (!run) return;
  view.stopping(run.id);
  draw();
  try {
    await connection.request(STOP, { input: { runId: run.id } });
  } catch (error) {
    view.stopping(null);
    view.showNotice(error, null);
  }
  draw();
}

async function reopen() {
  try {
    await connection.request(REOPEN, { input: { conversationId } });
    view.clearNotice();
    await sync();
  } catch (error) {
    view.showNotice(error, null);
  }
}

function leave() {
  history.pushState(null, '', location.pathname);
  void open(null);
  view.focus();
}

function later(mine, afterMs, act) {
  setTimeout(() => {
    if (mine === generation) act();
  }, afterMs);
}

/** Once per frame, however many pieces arrive in it. */
function draw() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    view.show(thread, conversationId);
  });
}

function idInAddress() {
  const id = location.hash.slice(1);
  return /^conv_\w{1,64}$/.test(id) ? id : null;
}

/** `crypto.randomUUID` is missing on pages that came over plain HTTP from another machine. */
function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
