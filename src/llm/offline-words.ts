/**
 * How the offline model reads words: what a sentence is about, whether it is small talk, how much two texts overlap. Plain English
 * rules and short lists; no statistics, no network, the same result every time.
 */

/** Words that say nothing about the subject. */
const EMPTY = new Set(
  (
    'a about after again all also am an and any are as at be because been before being but by can cannot could did do does doing dont for from get gets getting give go going got had has have having he ' +
    'help hello her here hey hi him his how i if im in into is it its ive just know like make me might mine more most much my need new no not now of off on one only or other our out over own please ' +
    'said same see she should show so some still such tell than thank thanks that the their them then there these they this those through to too try trying under until up us use very want was way we ' +
    'well were what when where which while who why will with without would yes yet you your yours'
  ).split(' '),
);

/** Different words for one thing; the first stands for all. */
const SAME: readonly (readonly string[])[] = [
  ['refund', 'reimburse', 'moneyback', 'guarantee'],
  ['invoice', 'bill', 'receipt'],
  ['payment', 'charge', 'pay', 'paid', 'debit'],
  ['decline', 'reject', 'refuse'],
  ['price', 'cost', 'quote', 'pricing', 'expensive', 'fee'],
  ['signin', 'login'],
  ['forgot', 'forget', 'forgotten', 'lost', 'lose'],
  ['seat', 'licence', 'license'],
  ['year', 'annual', 'annually', 'yearly'],
  ['month', 'monthly'],
  ['plan', 'tier', 'subscription'],
  ['limit', 'quota', 'exceed'],
  ['error', 'fail', 'failure'],
  ['remove', 'delete'],
  ['reset', 'recover', 'restore'],
];

/** The subject words of a text, each once, in one form for singular and plural and for words that mean the same. */
export function subjectsOf(text: string): ReadonlySet<string> {
  const joined = text
    .toLowerCase()
    .replaceAll(/['’]/g, '')
    .replaceAll(/\bmoney back\b/g, 'moneyback')
    .replaceAll(/\b(log|sign)(?:ging|ning)?[ -](?:in|on)\b/g, '$1in')
    .replaceAll(/\b2fa\b|\btwo[- ]factor\b/g, 'twofactor');
  const subjects = new Set<string>();
  for (const word of joined.match(/[\p{L}\p{N}]+/gu) ?? []) {
    if (EMPTY.has(word) || (word.length < 2 && !/\d/.test(word))) continue;
    const form = stem(word);
    subjects.add(CANONICAL.get(form) ?? form);
  }
  return subjects;
}

/** Crude on purpose: it only has to treat two texts alike. */
function stem(word: string): string {
  if (word.length < 5) return word.replace(/(?<=[^s])s$/, '');
  return word
    .replace(/(?:ies)$/, 'y')
    .replace(/(?:ing|ed|es|s)$/, '')
    .replace(/(.)\1$/, '$1')
    .replace(/e$/, '');
}

const CANONICAL: ReadonlyMap<string, string> = new Map(SAME.flatMap((words) => words.map((word) => [stem(word), words[0] ?? word] as const)));

export type SmallTalk = 'greeting' | 'thanks' | 'consent';

/** What a message without a subject is; null for one that asks something. */
export function smallTalkOf(text: string): SmallTalk | null {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^\p{L} ]/gu, ' ')
    .replaceAll(/ +/g, ' ')
    .trim();
  if (/^(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings)(?: (?:there|all|team|everyone|again|parley|loomwork))*$/.test(plain))
    return 'greeting';
  if (
    /^(?:(?:ok|okay|great|perfect|super|wonderful|cool|got it|that helps|no) )*(?:thank you|thanks|thx|cheers|many thanks)(?: (?:so much|very much|a lot|again|for (?:your|the) help|that helps|that helped|bye))*$/.test(
      plain,
    )
  )
    return 'thanks';
  if (
    /^(?:yes|yep|yeah|sure|ok|okay|please do|go ahead|do it|sounds good|correct|confirmed)(?: (?:please|do|it|that|go ahead|thanks|thank you|i agree|i confirm))*$/.test(
      plain,
    )
  )
    return 'consent';
  return null;
}

/** True when the writer is upset and should hear that we are sorry before anything else. */
export function soundsUpset(text: string): boolean {
  return /\b(?:angry|furious|annoy(?:ed|ing)|frustrat(?:ed|ing)|unacceptable|ridiculous|terrible|awful|outrageous|fed up|disappoint(?:ed|ing)|worst|sick of|(?:second|third|fourth|fifth) time|still (?:not|broken|waiting|doesn['’]?t))\b|!{2,}/i.test(
    text,
  );
}

/** What agents of the first tier are about: what to ask when nothing is known, what to offer at the end. */
export interface Topic {
  readonly pattern: RegExp;
  readonly question: string;
  readonly closing: string;
}

/** Matched against the agent's id, title and job; the first that fits wins. */
const TOPICS: readonly Topic[] = [
  {
    pattern: /refund|money back/i,
    question: 'Which payment is it about: roughly which day and which amount?',
    closing: 'If you mean another payment, tell me its date or amount and I will check that one.',
  },
  {
    pattern: /payment.?troubleshoot|declined|payments? (?:that )?fail/i,
    question: 'Which payment failed, and what did the message say?',
    closing: 'If the next attempt fails as well, send me the exact message and I will look again.',
  },
  {
    pattern: /invoice/i,
    question: 'Which invoice do you need: its number or its month?',
    closing: 'If you need another invoice, give me its number or month.',
  },
  {
    pattern: /pric(?:e|ing)/i,
    question: 'How many seats do you need, and would you pay by the month or by the year?',
    closing: 'For another number of seats or another billing cycle, just give me the numbers.',
  },
  {
    pattern: /login|sign.?in|password/i,
    question: 'What happens when you try to sign in, and what does the message say?',
    closing: 'If that does not get you in, tell me the exact message you see.',
  },
  {
    pattern: /\bapi|webhook|integration/i,
    question: 'Which endpoint do you call, and which status code, `error.code` and `request_id` come back?',
    closing: 'If it still fails, send me the status code, the `error.code` and the `request_id`.',
  },
  {
    pattern: /usage|quota|capacity/i,
    question: 'What would you like to do, or which limit is it about?',
    closing: 'If something looks different on your screen, tell me what you see.',
  },
  {
    pattern: /feature|teach|onboard|tutorial/i,
    question: 'What would you like to get done, and in which view are you working?',
    closing: 'If a step looks different on your screen, tell me where you are and I will go through it with you.',
  },
  {
    pattern: /billing|subscription|payment/i,
    question: 'Is it about an invoice, a payment or your plan?',
    closing: 'If it is about another invoice or payment, tell me which one.',
  },
  {
    pattern: /technical|bug|error|troubleshoot|diagnos|performance/i,
    question: 'What did you do, what happened, and what did the message say?',
    closing: 'If it still happens afterwards, tell me what you see and in which browser.',
  },
];

const ANY_TOPIC: Topic = {
  pattern: /^/,
  question: 'What were you trying to do, and what happened instead?',
  closing: 'If this does not answer your question, tell me a little more and I will look again.',
};

export function topicOf(words: string): Topic {
  return TOPICS.find((topic) => topic.pattern.test(words)) ?? ANY_TOPIC;
}
