/**
 * `check_completeness`: whether each question and each wish in the customer's message has an answer in the draft, with what its kind
 * needs (a sum for "how much", steps for "how do I"), and whether the draft itself is finished. Whether the answer is right is for others.
 */
import type { AnyTool, Reviewed } from '../orchestration/tool.ts';
import type { Finding } from '../orchestration/verdict.ts';
import { contentOf, coverage, sentencesOf, withoutCode, withoutQuotes } from './draft.ts';
import { datesIn, quantitiesIn } from './quantities.ts';
import { defineCheck, found, quote, type Reading } from './review.ts';
import { conceptsIn, topicsIn } from './topics-of.ts';

export function checkCompleteness(): AnyTool {
  return defineCheck({
    name: 'check_completeness',
    description:
      "Looks whether each question and each wish in the customer's message has an answer in the draft, with what its kind needs, and whether the draft is finished.",
    about: 'whether everything that was asked has an answer',
    needsQuestion: true,
    read: (reviewed) => readCompleteness(reviewed),
  });
}

const CHECK = 'completeness';
/** The share of a question's words that an answer to it has, at the least; a shared topic needs less. */
const ANSWERED_SHARE = 0.34;
const TOPIC_SHARE = 0.15;
/** Of what it means, whatever the words. */
const CONCEPT_SHARE = 0.5;
const FEW_WORDS = 3;
const ASKS_MAX = 12;
const ANSWER_WORDS_MIN = 4;

interface Ask {
  readonly text: string;
  readonly kind: 'question' | 'wish';
}

export function readCompleteness({ question, answer }: Reviewed): Reading {
  const asks = asksIn(question);
  const findings: Finding[] = [...ofUnfinished(answer)];
  const words = answer.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  if (words < ANSWER_WORDS_MIN && asks.length > 0)
    return { findings: [found(CHECK, 'critical', 'The draft does not answer anything.', 'Answer the message.', answer)], checked: asks.length };
  const open = defers(answer) ? [] : asks.filter((ask) => !isAnswered(ask, answer, asks.length));
  const fits = isAbout(question, answer);
  findings.push(
    ...open.map(({ text, kind }) => {
      const sure = isSure(text, answer);
      const severity = !sure ? 'low' : fits ? 'medium' : 'high';
      return found(CHECK, severity, `The ${kind} ${quote(text)} ${sure ? 'has' : 'may have'} no answer.`, 'Answer it, or say what happens with it.');
    }),
  );
  findings.push(...asks.filter((ask) => !open.includes(ask)).flatMap((ask) => ofElement(ask, answer)));
  return { findings, checked: asks.length + 1 };
}

const WISH =
  /\b(?:i|we)(?:'d| would)? (?:want|need|like|wish) (?:to|you to|a|an|the|my|our|it|this|that|help|more|your)\b|\b(?:please|pls|kindly) (?!note|see|find|advise\b)\p{L}+|\b(?:can|could|would|will) (?:you|someone|somebody)\b|\b(?:i'm|i am|we're|we are) (?:trying|looking) (?:to|for)\b|^(?:refund|cancel|change|send|delete|add|remove|upgrade|downgrade|switch|reset|invite|explain|tell|show|give|help|restore|move|stop|update|check|fix|resend|export|close)\b/iu;
const QUESTION =
  /^(?:and |but |so |also,? |then |or |by the way,? )?(?:how|what|when|where|why|who|which|whose|is|are|was|were|do|does|did|can|could|may|will|would|should|has|have|am)\b/i;
const NO_ASK =
  /^(?:hi|hello|hey|dear|thanks|thank you|many thanks|best|regards|cheers|please help|can you help(?: me)?|could you help(?: me)?|any ideas?|how are you|please advise|what now)\b[^.?!]{0,20}[.?!]*$/i;

/** Sentences, and the parts of one that asks two things. */
function asksIn(question: string): Ask[] {
  return sentencesOf(withoutQuotes(withoutCode(question)))
    .flatMap(({ text }) =>
      text.split(
        /(?:,|;)? (?:and|also|plus) (?:also )?(?=(?:how|what|when|where|why|who|which|can (?:i|you|we)|could (?:i|you|we)|do (?:i|you|we)|does|is (?:there|it)|are there|please|i(?:'d like| want| need))\b)/i,
      ),
    )
    .map((text) => text.trim().replace(/^(?:hi|hello|hey)(?: there| team| all)?[,!.]* /i, ''))
    .filter((text) => text !== '' && !NO_ASK.test(text) && contentOf(text).size > 0)
    .flatMap((text): Ask[] => (text.endsWith('?') || QUESTION.test(text) ? [{ text, kind: 'question' }] : WISH.test(text) ? [{ text, kind: 'wish' }] : []))
    .slice(0, ASKS_MAX);
}

/** Words that say nothing about what is asked. */
const ASKING = contentOf(
  'can could please tell explain help question customer loomwork team account work works way possible want need know anything something thing time',
);

function wantedOf(text: string): ReadonlySet<string> {
  return new Set([...contentOf(text)].filter((word) => !ASKING.has(word)));
}

function isAnswered({ text }: Ask, answer: string, asks: number): boolean {
  const wanted = wantedOf(text);
  if (wanted.size === 0) return true;
  const share = coverage(wanted, contentOf(answer));
  if (share >= ANSWERED_SHARE) return true;
  const concepts = conceptsIn(text);
  const meant = coverage(concepts, conceptsIn(answer));
  if (concepts.size > 0 && meant >= CONCEPT_SHARE && (asks === 1 || share > 0 || concepts.size > 1)) return true;
  const topics = topicsIn(text);
  const shared = topics.length > 0 && topicsIn(answer).some((topic) => topics.includes(topic));
  if (shared && share >= TOPIC_SHARE) return true;
  // One question alone may be answered in other words: a plain yes or no, or a question back.
  return asks === 1 && (share > 0 || meant > 0 || shared || /^(?:\p{L}+[ ,]+){0,3}(?:yes|no)\b/iu.test(answer) || /\?\s*$/.test(answer));
}

/** A question of few words is often answered in others; it surely is not where what its kind needs is missing too. */
function isSure(text: string, answer: string): boolean {
  return wantedOf(text).size > FEW_WORDS || ELEMENTS.some(({ asked, given, severity }) => severity === 'medium' && asked.test(text) && !given(answer));
}

/** Whether the draft speaks of the message at all. */
function isAbout(question: string, answer: string): boolean {
  return coverage(contentOf(question), contentOf(answer)) >= 0.2 || coverage(conceptsIn(question), conceptsIn(answer)) >= 0.4;
}

/** What hands all of it to a person leaves nothing open. */
function defers(answer: string): boolean {
  return /\b(?:pass(?:ed|ing)?|hand(?:ed|ing)?|forward(?:ed|ing)?|left)\b[^.]{0,40}\b(?:to|with|for)\b[^.]{0,30}\b(?:people|person|colleague|team|desk|specialist)\b|\b(?:person|people|colleagues?|team)\b[^.]{0,30}\b(?:takes?|will take|taking) (?:this|it|over)\b/i.test(
    answer,
  );
}

interface Element {
  readonly asked: RegExp;
  readonly given: (answer: string) => boolean;
  readonly lacks: string;
  readonly severity: 'medium' | 'low';
}

const UNKNOWN =
  /\b(?:cannot|can't|can not) be\b|\bthere is no\b|\b(?:do not|don't|cannot|can't|could not|couldn't) (?:know|tell|say|see|find)\b|\bnot (?:possible|available|known)\b|\bdepends\b|\bwhich (?:plan|payment|invoice)\b|\?\s*$/i;

const ELEMENTS: readonly Element[] = [
  {
    asked: /\bhow much (?:is|are|does|do|would|will|did|for|to|more|money)\b|\bwhat(?:'s| is| are| would| does)?\b[^?]{0,30}\b(?:prices?|costs?|fees?)\b/i,
    given: (answer) =>
      quantitiesIn(answer).some(({ dimension }) => dimension === 'money' || dimension === 'percent' || dimension === 'megabytes' || dimension === 'count') ||
      /\b(?:free|nothing|no (?:extra )?(?:cost|charge|fee)|included|by contract)\b/i.test(answer),
    lacks: 'a sum',
    severity: 'medium',
  },
  {
    asked: /\bhow (?:do|can|could|should|would) (?:i|we|you|one)\b|\bhow to\b|\bsteps\b/i,
    given: (answer) =>
      /^\s*\d+[.)] /m.test(answer) ||
      /\b(?:open|go to|click|choose|select|press|under|enter|set|use|call|add|turn|switch|run|install|send|create|copy|drag|type|sign|reply|tell|cancel|confirm|upload|ask|move|tick|invite|import|write|contact)\b/i.test(
        answer,
      ) ||
      /```|\*\*[^*]+ > /.test(answer),
    lacks: 'the steps',
    severity: 'low',
  },
  {
    asked: /\bhow long\b|\bhow many (?:days|hours|weeks|months|minutes)\b|^(?:and |so )?when\b|\bby when\b|\bwhat (?:date|day|time)\b/i,
    given: (answer) =>
      quantitiesIn(answer).some(({ dimension }) => dimension === 'minutes' || dimension === 'business_days' || dimension === 'months') ||
      datesIn(answer).length > 0 ||
      /\b(?:today|tomorrow|yesterday|immediately|at once|right away|straight away|instantly|already|now|as soon as|once|until|after|at the end of|when|always|monday|tuesday|wednesday|thursday|friday|january|february|march|april|june|july|august|september|october|november|december|seconds?)\b/i.test(
        answer,
      ),
    lacks: 'a time or a day',
    severity: 'medium',
  },
  {
    asked: /^(?:and |so )?why\b|\bwhat (?:is|was) the reason\b/i,
    given: (answer) =>
      /\b(?:because|since|reason|due to|caused? by|so that|means that|as (?:the|your|it)|was for|is for|comes from|happens|if|when)\b/i.test(answer),
    lacks: 'the reason',
    severity: 'low',
  },
  {
    asked: /^(?:and |so )?where (?:do|can|is|are|should|could|did)\b/i,
    given: (answer) => /\b(?:under|in|at|on|from|open|go to|here|behind|menu|settings|page|tab)\b|>/i.test(answer),
    lacks: 'the place',
    severity: 'low',
  },
];

function ofElement({ text }: Ask, answer: string): Finding[] {
  if (UNKNOWN.test(answer)) return [];
  return ELEMENTS.filter(({ asked, given }) => asked.test(text) && !given(answer)).map(({ lacks, severity }) =>
    found(CHECK, severity, `The question ${quote(text)} gets an answer without ${lacks}.`, `Give ${lacks}, or say that you do not know.`),
  );
}

const UNFINISHED =
  /\[(?:insert|your|customer|name|date|amount|link|company|todo|tbd|xx+)[^\]\n]{0,60}\](?!\()|\{\{[^}\n]{1,60}\}\}|<(?:insert|name|customer|your|date|amount)[^>\n]{0,60}>|\b(?:TODO|TBD|FIXME|XXX+)\b|\blorem ipsum\b|\b(?:to be (?:filled|completed|added) (?:in|later|here))\b/gi;

function ofUnfinished(answer: string): Finding[] {
  const prose = withoutCode(answer);
  const findings = [...prose.matchAll(UNFINISHED)].map(([words]) =>
    found('unfinished', 'high', `The draft is not finished: ${quote(words)}.`, 'Fill it, or leave it out.', words),
  );
  const end = prose.trimEnd();
  // A last line that stops inside a sentence was cut off.
  const last = end.split('\n').at(-1) ?? '';
  if (/(?:\b(?:the|a|an|and|or|to|of|with|for|your|in|because)|,)$/i.test(last) && last.split(' ').length > 4)
    findings.push(found('unfinished', 'high', 'The draft ends inside a sentence.', 'Finish it.', last.slice(-60)));
  return findings;
}
