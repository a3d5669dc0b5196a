/**
 * One entry of the log: a question, an answer with its agent and why that one answers, an answer still to come, a message that was
 * not sent. Each function brings an element to what is known now and leaves alone what did not change.
 */
import { element, showMarkdown } from './markdown-view.js';

const PHASES = {
  QUEUED: 'Waiting for its turn',
  THINKING: 'Thinking',
  USING_TOOL: 'Looking things up',
  WAITING_FOR_PERSON: 'Waiting for a person to decide',
  RECOVERING: 'Taking the answer up again',
};
const DECIDED_BY = { LOCAL_INDEX: 'by similarity', MODEL: 'by a language model', RULE: 'by rule', PERSON: 'by a person' };

export function showQuestion(entry, { text }) {
  if (!changed(entry, ['question', text])) return;
  entry.className = 'message question';
  entry.replaceChildren(element('span', { class: 'unseen' }, 'You: '), element('p', { class: 'words' }, text));
}

/** @param again asks the question once more; null where that would be out of place */
export function showAnswer(entry, message, run, phase, again) {
  const { status, text } = message;
  entry.dataset.status = status;
  // While it is busy, screen readers wait: they read the whole answer once instead of every word.
  entry.setAttribute('aria-busy', String(status === 'WRITING'));
  const parts = partsOf(entry, () => {
    entry.className = `message answer ${message.role.toLowerCase()}`;
  });
  showSpeaker(parts.speaker, message.agent ?? run?.agent ?? null, message.author, run?.why ?? null, message.role);
  if (changed(parts.words, text)) showMarkdown(parts.words, text);
  if (changed(parts.foot, [status, message.citations, run?.status, run?.error, again !== null, phase])) {
    parts.foot.replaceChildren(...footOf(message, run, phase, again));
  }
}

export function showPending(entry, run, phase, again) {
  entry.dataset.status = run.status;
  const parts = partsOf(entry, () => {
    entry.className = 'message answer agent pending';
  });
  showSpeaker(parts.speaker, run.agent, null, run.why, 'AGENT');
  if (!changed(parts.foot, [run.status, run.place, run.error, phase, again !== null])) return;
  const ended = run.status === 'FAILED' || run.status === 'STOPPED';
  parts.foot.replaceChildren(...(ended ? [endedLine(run, again, 'nothing was written')] : [typing(phaseOf(run, phase))]));
}

export function showUnsent(entry, { text, error }, sendAgain) {
  if (!changed(entry, ['unsent', text, error?.message])) return;
  entry.className = 'message question unsent';
  const state = error
    ? warning(`Not sent: ${error.message} (${error.code ?? 'INTERNAL'})`, 'Send again', sendAgain)
    : element('p', { class: 'state' }, 'Sending');
  entry.replaceChildren(element('p', { class: 'words' }, text), state);
}

function partsOf(entry, begin) {
  if (entry.parts) return entry.parts;
  begin();
  entry.parts = { speaker: element('header', {}), words: element('div', { class: 'words markdown' }), foot: element('footer', {}) };
  entry.replaceChildren(entry.parts.speaker, entry.parts.words, entry.parts.foot);
  return entry.parts;
}

function showSpeaker(place, agent, author, why, role) {
  if (!changed(place, [agent?.id, author, why])) return;
  const name = agent?.title ?? author ?? (role === 'SYSTEM' ? 'Notice' : 'Choosing the right agent');
  const line = element('p', { class: 'who' }, element('strong', agent ? { title: agent.description } : {}, name));
  if (why)
    line.append(
      ' ',
      element('span', { class: 'confidence', title: `How sure the choice is, ${DECIDED_BY[why.by] ?? why.by}` }, `${Math.round(why.confidence * 100)}% sure`),
    );
  const badge = element('span', { class: 'badge', 'aria-hidden': 'true', 'data-hue': hueOf(agent?.id ?? name) }, initialsOf(agent || author ? name : ''));
  const reason = why ? [element('p', { class: 'why' }, element('span', { class: 'unseen' }, 'Why: '), why.reason)] : [];
  place.replaceChildren(badge, element('div', {}, line, ...reason));
}

function footOf({ status, citations, text }, run, phase, again) {
  const foot = [];
  if (citations.length > 0) foot.push(sources(citations));
  if (status === 'WRITING') foot.push(typing(text === '' || phase ? phaseOf(run, phase) : 'Writing'));
  if (status === 'PARTIAL') foot.push(endedLine(run ?? { status: 'STOPPED', error: null }, again, 'what was written is kept'));
  return foot;
}

/** Articles behind the answer, each once with the sections that were used. */
function sources(citations) {
  const sections = new Map();
  for (const { title, section } of citations) sections.set(title, [...(sections.get(title) ?? []), ...(section ? [section] : [])]);
  const items = [...sections].map(([title, named]) => element('li', named.length > 0 ? { title: named.join(', ') } : {}, title));
  return element('div', { class: 'sources' }, element('span', {}, 'Articles used'), element('ul', {}, ...items));
}

function endedLine({ status, error }, again, kept) {
  if (status !== 'FAILED') return warning(`Stopped: ${kept}.`, again ? 'Ask again' : null, again);
  const sentence = `${error?.message ?? 'The answer failed.'} (${error?.code ?? 'INTERNAL'})`;
  return warning(`Failed: ${sentence}`, again && error?.retryable !== false ? 'Ask again' : null, again, 'failed');
}

function warning(sentence, label, act, kind = '') {
  const line = element('p', { class: `state cut ${kind}` }, sentence);
  if (label === null) return line;
  const button = element('button', { type: 'button', class: 'quiet' }, label);
  button.addEventListener('click', act);
  line.append(' ', button);
  return line;
}

function typing(label) {
  return element('p', { class: 'state typing' }, element('span', { class: 'dots', 'aria-hidden': 'true' }, element('i'), element('i'), element('i')), label);
}

function phaseOf(run, phase) {
  if (run?.status === 'QUEUED') return run.place ? `Waiting behind ${run.place} other ${run.place === 1 ? 'answer' : 'answers'}` : PHASES.QUEUED;
  return PHASES[phase] ?? PHASES.THINKING;
}

function initialsOf(name) {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join('');
}

/** The same agent has the same colour, one of eight. */
function hueOf(name) {
  return String([...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997, 7) % 8);
}

const remembered = new WeakMap();

/** True when `now` differs from what it was at the last call for this element. */
function changed(place, now) {
  const key = JSON.stringify(now);
  if (remembered.get(place) === key) return false;
  remembered.set(place, key);
  return true;
}
