/**
 * Writes the offline model's answer: facts from the tools first, then steps from the best article, with citations, in the voice of
 * the agent. The same request gives the same text. Invents nothing: every fact is a tool's sentence or an article's.
 */
import { numberPassages } from './citations.ts';
import type { LlmMessage, LlmRequest, Persona, ToolResult } from './llm.ts';
import { rankPassages, shortenPassage, type RankedPassage } from './offline-passages.ts';
import { smallTalkOf, soundsUpset, subjectsOf, topicOf, type SmallTalk, type Topic } from './offline-words.ts';

const FACTS_MAX = 3;
const SOURCES = 'Sources: ';
const PASSAGE_WORDS = 170;
/** What a further article adds is said shortly: the answer is about the best one. */
const ADDED_WORDS = 60;
const ADDED_MAX = 4;
/** Beside facts an article only has to say what to do next: steps are worth more room than prose. */
const STEP_WORDS_BESIDE_FACTS = 120;
const PROSE_WORDS_BESIDE_FACTS = 60;
/** How near a second article must come to the first to be named. */
const ALSO_SCORE = 0.8;

/** The whole answer as Markdown; passages are cited as `[n]`, numbered as in `numberPassages`. */
export function composeAnswer(request: LlmRequest): string {
  const { persona } = request;
  const topic = topicOf(`${persona.agentId.replaceAll('_', ' ')} ${persona.agentTitle} ${persona.job}`);
  const question = lastQuestion(request.messages);
  const talk = smallTalkOf(question.text);
  const results = resultsOfTurn(request.messages);
  const parts = talk === 'greeting' || talk === 'thanks' ? [chat(talk, request)] : answer(request, question, results, topic, talk);
  // A tool may have said it already.
  if (persona.mustSay && !parts.some((part) => part.includes(persona.mustSay ?? ''))) parts.push(persona.mustSay);
  if (persona.forColleagues) return parts.join('\n\n');
  const closing = parts.at(-1) === topic.closing ? [topic.closing] : [];
  parts.splice(parts.length - closing.length, closing.length, ...tellOfColleagues(persona, parts), ...closing);
  if (persona.firstReply) {
    if (talk !== 'greeting' && persona.customerName) parts.unshift(`Hi ${persona.customerName},`);
    parts.push("_This is Parley's offline model: no language model is connected. With ANTHROPIC_API_KEY set, a real one answers._");
  }
  return parts.join('\n\n');
}

/** What each of them found, paragraph by paragraph, unless it stands there already. */
function tellOfColleagues({ colleagues = [] }: Persona, parts: readonly string[]): readonly string[] {
  const said = new Set(parts);
  return colleagues.flatMap(({ title, text }) => {
    const fresh = text.split('\n\n').filter((paragraph) => !said.has(paragraph) && !paragraph.startsWith(SOURCES));
    for (const paragraph of fresh) said.add(paragraph);
    // Their numbers belong to their own lists of sources.
    return fresh.length === 0 ? [] : [`**${title}**`, ...fresh.map((paragraph) => paragraph.replace(/ ?\[\d+\]/g, ''))];
  });
}

/** True when tools would only get in the way of a greeting or a thank-you. */
export function needsNoTools(messages: readonly LlmMessage[]): boolean {
  const talk = smallTalkOf(lastQuestion(messages).text);
  return talk === 'greeting' || talk === 'thanks';
}

interface Question {
  readonly text: string;
  /** The question with earlier ones where it says too little by itself ("and for 50?"). */
  readonly context: string;
}

function lastQuestion(messages: readonly LlmMessage[]): Question {
  const said = messages.flatMap((message) => (message.role === 'user' ? [message.text] : []));
  const text = said.at(-1) ?? '';
  const context = subjectsOf(text).size >= 2 ? text : said.slice(-3).join(' ');
  return { text, context };
}

/** The results that belong to the last question: those after the last message of the customer. */
export function resultsOfTurn(messages: readonly LlmMessage[]): readonly ToolResult[] {
  const asked = messages.findLastIndex((message) => message.role === 'user');
  return messages.slice(asked + 1).flatMap((message) => (message.role === 'tool' ? message.results : []));
}

function chat(talk: SmallTalk, { persona }: LlmRequest): string {
  if (talk === 'thanks') return 'You are welcome. If anything else comes up, just write here.';
  return `Hello${persona.customerName ? ` ${persona.customerName}` : ''}, good to hear from you. What can I help you with? I can look up your plan, invoices, payments, refunds and usage, work out prices, and explain how things are done.`;
}

function answer(request: LlmRequest, question: Question, results: readonly ToolResult[], topic: Topic, talk: SmallTalk | null): string[] {
  const parts: string[] = [];
  const facts = relevantFacts(results, question.context);
  const ranked = rankPassages(numberPassages(request.messages), question.context);
  // Beside facts only an article named after what was asked adds something; without facts the best there is must do. A bare "yes" asks nothing.
  const fits = ({ passage, score }: RankedPassage) => score > 0 && (facts.length === 0 || sharesTitle(`${passage.title} ${passage.section}`, question.text));
  const best = talk === null ? (ranked.find(fits) ?? (facts.length === 0 ? ranked[0] : undefined)) : undefined;
  if (soundsUpset(question.text) && !request.persona.forColleagues) parts.push('I am sorry for the trouble this has caused you.');
  if (talk === 'consent') parts.push('Thank you. I can look things up and explain them here, but I cannot make the change myself.');
  parts.push(...facts);
  if (facts.length === 0) parts.push(...couldNotLookUp(results));
  if (best) {
    const added = facts.length === 0 ? additions(best, ranked, question.text) : [];
    const quoted = [best, ...added];
    const also = ranked.find(
      ({ passage, score }) =>
        quoted.every((one) => one.passage.slug !== passage.slug) && score >= ALSO_SCORE * best.score && sharesTitle(passage.title, question.context),
    );
    parts.push(...quote(best, facts.length > 0));
    for (const one of added) parts.push(`**${headingOf(one)}** [${one.number}]`, shortenPassage(one.passage.text, ADDED_WORDS));
    if (also) parts.push(`Also useful: "${also.passage.title}" [${also.number}].`);
    parts.push(`${SOURCES}${[...quoted, ...(also ? [also] : [])].map(({ number, passage }) => `[${number}] ${passage.title}`).join(' · ')}`);
  }
  if (!best && facts.length === 0 && talk === null) {
    parts.push(`I do not have enough to answer that yet. ${topic.question}`);
  } else if (!request.persona.forColleagues) {
    parts.push(topic.closing);
  }
  return parts;
}

/** Sentences of tools that succeeded. Where some fit the question, those that do not are left out; what found articles speaks through them. */
function relevantFacts(results: readonly ToolResult[], question: string): readonly string[] {
  const checks = results.filter(isCheck);
  if (checks.length > 0) return checks.map(({ summary }) => summary.trim());
  const asked = subjectsOf(question);
  const facts = results
    .filter((result) => !result.failed && result.passages === undefined && result.summary.trim() !== '')
    .map((result) => {
      const about = subjectsOf(`${result.name.replaceAll('_', ' ')} ${result.summary}`);
      return { summary: result.summary.trim(), score: [...asked].filter((word) => about.has(word)).length };
    });
  const fitting = facts.filter(({ score }) => score > 0);
  const chosen = fitting.length > 0 ? fitting.toSorted((a, b) => b.score - a.score) : facts;
  return [...new Set(chosen.slice(0, FACTS_MAX).map(({ summary }) => summary))];
}

/** The result of a check of a draft: such results belong together, and none is left out. */
function isCheck({ failed, facts }: ToolResult): boolean {
  return !failed && typeof facts === 'object' && facts !== null && 'findings' in facts && 'score' in facts;
}

/** What to say when nothing of the account could be read: which look-up failed, and the tool's own reason. */
function couldNotLookUp(results: readonly ToolResult[]): string[] {
  return results
    .filter((result) => result.failed)
    .slice(0, 2)
    .map((result) => {
      const noun = result.name.replace(/^[a-z]+_/, '').replaceAll('_', ' ');
      return `I could not look up the ${noun} just now. ${result.summary.trim()}`.trim();
    });
}

/** Other articles that are named after a part of the question that nothing quoted before speaks of: a message may ask two things. */
function additions(best: RankedPassage, ranked: readonly RankedPassage[], question: string): readonly RankedPassage[] {
  const open = new Set(subjectsOf(question));
  const close = ({ passage }: RankedPassage): void => {
    for (const word of subjectsOf(`${passage.title} ${passage.section} ${passage.text}`)) open.delete(word);
  };
  close(best);
  const added: RankedPassage[] = [];
  for (const one of ranked) {
    const names = subjectsOf(`${one.passage.title} ${one.passage.section}`);
    if (added.length === ADDED_MAX || one.score === 0 || [best, ...added].some(({ passage }) => passage.slug === one.passage.slug)) continue;
    if (![...names].some((word) => open.has(word))) continue;
    added.push(one);
    close(one);
  }
  return added;
}

function headingOf({ passage }: RankedPassage): string {
  return passage.section === '' ? passage.title : passage.section;
}

function quote(best: RankedPassage, besideFacts: boolean): string[] {
  const { passage, number } = best;
  const steps = /^\d+[.)] /m.test(passage.text);
  const wordsMax = !besideFacts ? PASSAGE_WORDS : steps ? STEP_WORDS_BESIDE_FACTS : PROSE_WORDS_BESIDE_FACTS;
  const heading = `**${headingOf(best)}** [${number}]`;
  const text = shortenPassage(passage.text, wordsMax);
  return besideFacts ? [heading, text] : [steps ? 'Here is what to do.' : 'Here is how it works.', heading, text];
}

function sharesTitle(title: string, question: string): boolean {
  const asked = subjectsOf(question);
  return [...subjectsOf(title)].some((word) => asked.has(word));
}
