/**
 * What a message says, before anyone is chosen to answer it: its kind, language, names, feeling, urgency, how much it asks for and
 * which part of the business it belongs to, and whether it calls for people. One file a part in understand/, below a millisecond together;
 * no language model is asked and nothing is written.
 */
import type { CustomerFacts } from '../store/customer-facts.ts';
import type { Turn } from './turn.ts';
import { adjust } from './understand/adjust.ts';
import { readBusiness, type BusinessRead } from './understand/business.ts';
import { assessComplexity, type Complexity } from './understand/complexity.ts';
import { readEntities, type Entity } from './understand/entities.ts';
import { readLanguage, type LanguageRead } from './understand/language.ts';
import { bandOf, readSentiment, round, type Sentiment } from './understand/sentiment.ts';
import type { Signal, SignalReader, SignalReading } from './understand/signal-model.ts';
import { readUrgency, type Urgency } from './understand/urgency.ts';
import { readWords } from './understand/words.ts';

export const MESSAGE_KINDS = ['question', 'greeting', 'thanks', 'follow_up'] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

export interface Understanding {
  readonly kind: MessageKind;
  /** What routing should read: the message without a greeting in front, on one line. */
  readonly subject: string;
  readonly words: number;
  readonly language: LanguageRead;
  readonly entities: readonly Entity[];
  /** With what the account adds to it. */
  readonly sentiment: Sentiment;
  readonly urgency: UrgencyRead;
  readonly complexity: Complexity;
  readonly business: BusinessRead;
  /** What calls for people. */
  readonly signals: SignalReading;
  /** Messages of the customer since anything was solved, this one included. */
  readonly turnsWithoutProgress: number;
}

interface UrgencyRead {
  readonly urgency: Urgency;
  /** What the words alone say. */
  readonly said: Urgency;
  /** The words that decided, and the rules of the account that changed it. */
  readonly because: readonly string[];
}

const GREETING =
  /^(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening|day)|greetings|dear (?:team|support|sir|madam))(?:\s+(?:there|team|all|everyone|support))?(?![\p{L}\p{N}'’]|-\p{L})[\s,.!?:;-]*/iu;
const THANKS =
  /^(?:ok(?:ay)?[\s,.!]*)?(?:many |so much )?(?:thanks?(?: you)?|thx|ty|cheers|much appreciated|perfect|great|awesome)(?: (?:a lot|so much|very much|again|for (?:your|the) help))?[\s,.!]*$/iu;
/** A message this short, after an earlier one, is read together with it. */
const FOLLOW_UP_WORDS_MAX = 4;
/** Earlier messages looked at for progress: more than any rule counts to. */
const EARLIER_MAX = 10;
const DAY_MS = 86_400_000;
/** Where rage stands on the scale of sentiment. */
const FURIOUS_SCORE = -0.8;
/** As low as a message goes that so surely calls for nobody. */
const CALM_SCORE = -0.65;
const CALM_BELOW = 0.1;

/** What of a turn is read. */
export type Said = Pick<Turn, 'text' | 'customer' | 'now'> & { readonly earlier: readonly string[] };

export function understand({ text, customer, now, earlier }: Said, readSignals: SignalReader): Understanding {
  const words = readWords(text);
  const signals = readSignals(words);
  const { plan, churnRisk, healthScore } = customer;
  const standing = { plan, churnRisk, healthScore };
  const read = sentimentOf(readSentiment(words), signals);
  const urgent = readUrgency(words, read.score, dangerOf(signals));
  const adjusted = adjust(read, urgent.urgency, standing);
  const entities = readEntities(words, now);
  return {
    ...kindOf(text, earlier.length > 0),
    language: readLanguage(words, customer.language),
    entities,
    sentiment: { ...read, score: adjusted.score, band: adjusted.band },
    urgency: { urgency: adjusted.urgency, said: urgent.urgency, because: [urgent.because, ...adjusted.rules] },
    complexity: assessComplexity(words, entities, adjusted.urgency, standing),
    business: readBusiness(words, accountOf(customer, now)),
    signals,
    turnsWithoutProgress: 1 + stuckTurns(earlier),
  };
}

/** Rage is heard in more than the words of a list; and words of a list, quoted or said of something else, are no rage. */
function sentimentOf(read: Sentiment, { signals, chance }: SignalReading): Sentiment {
  if (chance < CALM_BELOW && read.score < CALM_SCORE) return { ...read, score: CALM_SCORE, satisfaction: round((1 + CALM_SCORE) / 2) };
  const furious = signals.find(({ name }) => name === 'furious');
  if (!furious || read.score <= FURIOUS_SCORE) return read;
  return {
    ...read,
    score: FURIOUS_SCORE,
    band: bandOf(FURIOUS_SCORE),
    emotion: 'angry',
    satisfaction: round((1 + FURIOUS_SCORE) / 2),
    because: [furious.words, ...read.because],
  };
}

function dangerOf({ signals }: SignalReading): Signal | null {
  return signals.find(({ name }) => name === 'outage' || name === 'data_loss' || name === 'break_in') ?? null;
}

function kindOf(text: string, asked: boolean): Pick<Understanding, 'kind' | 'subject' | 'words'> {
  const whole = text.replace(/\s+/gu, ' ').trim();
  const rest = whole.replace(GREETING, '');
  const subject = rest === '' ? whole : rest;
  const words = subject.split(' ').length;
  if (THANKS.test(subject)) return { kind: 'thanks', subject, words };
  if (rest === '') return { kind: 'greeting', subject, words };
  return { kind: asked && words <= FOLLOW_UP_WORDS_MAX ? 'follow_up' : 'question', subject, words };
}

/** Earlier messages after the last one that sounded content. */
function stuckTurns(earlier: readonly string[]): number {
  const latest = earlier.slice(-EARLIER_MAX).toReversed();
  const content = latest.findIndex((text) => readSentiment(readWords(text)).score >= 0.2);
  return content < 0 ? latest.length : content;
}

export function accountOf({ plan, healthScore, churnRisk, since, subscription }: CustomerFacts, now: Date) {
  const renews = subscription?.cycle === 'annual' ? (subscription.periodEnd.getTime() - now.getTime()) / DAY_MS : Infinity;
  return { plan, healthScore, churnRisk, ageDays: (now.getTime() - since.getTime()) / DAY_MS, renewalDays: renews };
}
