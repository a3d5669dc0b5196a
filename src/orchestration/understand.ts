/**
 * What kind of message this is, before anyone is chosen to answer it: a question, a greeting, thanks, or a short follow-up that
 * means nothing without what was said before. Rules only, so that it costs nothing and can be read.
 */
import type { Turn } from './turn.ts';

export const MESSAGE_KINDS = ['question', 'greeting', 'thanks', 'follow_up'] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

export interface Understanding {
  readonly kind: MessageKind;
  /** What routing should read: the message without a greeting in front, on one line. */
  readonly subject: string;
  readonly words: number;
}

const GREETING =
  /^(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening|day)|greetings|dear (?:team|support|sir|madam))(?:\s+(?:there|team|all|everyone|support))?(?![\p{L}\p{N}'’]|-\p{L})[\s,.!:;-]*/iu;
const THANKS =
  /^(?:ok(?:ay)?[\s,.!]*)?(?:many |so much )?(?:thanks?(?: you)?|thx|ty|cheers|much appreciated|perfect|great|awesome)(?: (?:a lot|so much|very much|again|for (?:your|the) help))?[\s,.!]*$/iu;
/** A message this short, after an earlier one, is read together with it. */
const FOLLOW_UP_WORDS_MAX = 4;

export function understand(turn: Turn): Understanding {
  const whole = turn.text.replace(/\s+/gu, ' ').trim();
  const rest = whole.replace(GREETING, '');
  const subject = rest === '' ? whole : rest;
  const words = subject.split(' ').length;
  const asked = turn.history.some((message) => message.role === 'customer');
  if (THANKS.test(subject)) return { kind: 'thanks', subject, words };
  if (rest === '') return { kind: 'greeting', subject, words };
  return { kind: asked && words <= FOLLOW_UP_WORDS_MAX ? 'follow_up' : 'question', subject, words };
}
