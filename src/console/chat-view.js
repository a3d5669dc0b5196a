/**
 * How the chat looks: one element per message, changed in place as its text grows. Reads the thread, calls back what a person does,
 * and decides nothing. Text reaches the page as text nodes only.
 */
import { showAnswer, showPending, showQuestion, showUnsent } from './message-view.js';
import { element } from './markdown-view.js';

/** Nearer to the end than this, the log follows what is added. */
const NEAR_END_PX = 80;

const SUGGESTIONS = [
  ['Invoice', 'Can you show me my latest invoice and what is on it?'],
  ['Refund', 'I was charged twice this month. Can I get a refund?'],
  ['Failed payment', 'My card payment failed. Why, and what should I do now?'],
  ['Password', 'I forgot my password and cannot sign in. How do I reset it?'],
  ['Price for 30 seats', 'What would the premium plan cost for 30 seats, billed annually?'],
  ['API error', 'The API answers 401 invalid_token since this morning. What is wrong?'],
];

const STATES = { idle: 'Ready', connecting: 'Connecting', connected: 'Live', offline: 'Reconnecting' };

export function createChatView({ onAsk, onSendAgain, onStop, onNew, onReopen }) {
  const at = (id) => document.querySelector(`#chat-${id}`);
  const [log, form, text, sendButton, stopButton, newButton, tab, notice, told] = ['log', 'form', 'text', 'send', 'stop', 'new', 'tab', 'notice', 'told'].map(
    at,
  );
  const entries = new Map();
  let stoppingId = null;
  let saidLast = '';

  const composer = createComposer({ form, text, sendButton, suggestions: at('suggestions'), onAsk });
  stopButton.addEventListener('click', onStop);
  newButton.addEventListener('click', onNew);

  function showEntries(list) {
    const follows = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
    const kept = new Set(list.map(({ key }) => key));
    for (const [key, entry] of entries) {
      if (kept.has(key)) continue;
      entry.remove();
      entries.delete(key);
    }
    let before = null;
    for (const { key, make } of list) {
      const entry = entries.get(key) ?? element('article', {});
      make(entry);
      // Standing in its place already, it is not touched: moving it would make readers announce it again.
      const place = before ? before.nextSibling : log.firstChild;
      if (place !== entry) log.insertBefore(entry, place);
      entries.set(key, entry);
      before = entry;
    }
    if (follows) log.scrollTop = log.scrollHeight;
  }

  function announce(thread) {
    const last = thread.messages.at(-1);
    if (!last || last.role !== 'AGENT') return;
    const sentence = { WRITING: 'is answering', COMPLETE: 'has answered', PARTIAL: 'was cut off' }[last.status];
    const said = `${last.author ?? 'The agent'} ${sentence}.`;
    if (said !== saidLast) told.textContent = said;
    saidLast = said;
  }

  return {
    show(thread, conversationId) {
      const { activeRuns } = thread;
      if (!activeRuns.some(({ id }) => id === stoppingId)) stoppingId = null;
      showEntries(entriesOf(thread, { onAsk, onSendAgain }));
      announce(thread);
      log.parentElement.classList.toggle('begun', entries.size > 0);
      stopButton.hidden = activeRuns.length === 0;
      stopButton.disabled = stoppingId !== null;
      stopButton.textContent = stoppingId === null ? 'Stop' : 'Stopping';
      newButton.hidden = conversationId === null;
      tab.hidden = conversationId === null;
      if (conversationId !== null) tab.href = `#${conversationId}`;
      composer.setClosed(thread.status === 'RESOLVED');
      showStanding(thread);
      document.querySelector('#chat').dataset.active = String(activeRuns.length);
    },
    showState(state) {
      const pill = at('state');
      pill.textContent = STATES[state];
      pill.dataset.state = state;
    },
    stopping(runId) {
      stoppingId = runId;
    },
    showNotice: (error, action) => showNotice(`${error.message} (${error.code})`, action),
    clearNotice: hideNotice,
    clear() {
      showEntries([]);
      hideNotice();
      stoppingId = null;
      saidLast = '';
      told.textContent = '';
    },
    focus: () => text.focus(),
  };

  /** What holds as long as the conversation stands so; an error that is shown comes first. */
  function showStanding({ status, owner }) {
    if (!notice.hidden && notice.dataset.kind === 'error') return;
    if (status === 'RESOLVED') showNotice('This conversation is closed.', { label: 'Open it again', act: onReopen }, 'standing');
    else if (owner === 'PEOPLE') showNotice('A person of the support desk answers here now.', null, 'standing');
    else hideNotice();
  }

  function hideNotice() {
    notice.hidden = true;
    notice.dataset.sentence = '';
  }

  function showNotice(sentence, action, kind = 'error') {
    // Drawn again and again, told once.
    if (notice.dataset.sentence === sentence) return;
    notice.dataset.sentence = sentence;
    notice.dataset.kind = kind;
    notice.replaceChildren(sentence);
    if (action) {
      const button = element('button', { type: 'button', class: 'quiet' }, action.label);
      button.addEventListener('click', action.act);
      notice.append(' ', button);
    }
    notice.hidden = false;
  }
}

/** Where people write: Enter sends, Shift+Enter begins a new line, a suggestion sends itself. */
function createComposer({ form, text, sendButton, suggestions, onAsk }) {
  let closed = false;

  function submit(words) {
    if (words.trim() === '' || closed) return;
    text.value = '';
    fit();
    onAsk(words.trim());
  }

  function fit() {
    text.style.height = '';
    // What scrolls is without the border.
    if (text.scrollHeight > text.clientHeight) text.style.height = `${text.scrollHeight + 2}px`;
  }

  function suggestion([label, question]) {
    const button = element('button', { type: 'button', title: question }, element('strong', {}, label), element('span', {}, question));
    button.addEventListener('click', () => submit(question));
    return element('li', {}, button);
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(text.value);
  });
  text.addEventListener('input', fit);
  text.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit(text.value);
  });
  suggestions.append(...SUGGESTIONS.map(suggestion));

  return {
    setClosed(now) {
      closed = now;
      text.disabled = now;
      sendButton.disabled = now;
    },
  };
}

/** Everything that stands in the log, in order: messages, the answers still to come, and what was not sent. */
function entriesOf(thread, { onAsk, onSendAgain }) {
  const { messages, runs, phase } = thread;
  const answered = new Set(messages.filter(({ role }) => role !== 'CUSTOMER').map(({ runId }) => runId));
  const questions = new Map(messages.filter(({ role }) => role === 'CUSTOMER').map(({ runId, text }) => [runId, text]));
  const lastQuestion = messages.findLast(({ role }) => role === 'CUSTOMER');
  const again = (runId) => (questions.has(runId) && lastQuestion?.runId === runId ? () => onAsk(questions.get(runId)) : null);
  const said = messages.map((message) => ({
    key: message.id,
    createdAt: message.createdAt,
    make: (entry) =>
      message.role === 'CUSTOMER' ? showQuestion(entry, message) : showAnswer(entry, message, runs.get(message.runId), phase, again(message.runId)),
  }));
  const waiting = [...runs.values()]
    .filter(({ id, status }) => !answered.has(id) && questions.has(id) && status !== 'SUCCEEDED')
    .map((run) => ({ key: run.id, createdAt: run.createdAt ?? '~', make: (entry) => showPending(entry, run, phase, again(run.id)) }));
  const unsent = thread.unsent.map((message) => ({ key: message.id, createdAt: '~', make: (entry) => showUnsent(entry, message, () => onSendAgain(message)) }));
  // The sort is stable: a question comes before the run of the same moment.
  return [...said, ...waiting, ...unsent].toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
}
