/**
 * How fast an answer is needed: low (only information is asked, or nothing), medium (something is to be done or does not work), high
 * (time presses, work stands still), critical (all work stands still, data is lost, somebody broke in). Reads words; what the account
 * adds to it is adjust.ts.
 */
import { PROBLEMS } from './entity-words.ts';
import type { Signal } from './signal-model.ts';
import type { Words } from './words.ts';

export const URGENCIES = ['low', 'medium', 'high', 'critical'] as const;
export type Urgency = (typeof URGENCIES)[number];

export interface UrgencyRead {
  readonly urgency: Urgency;
  /** The words that decided. */
  readonly because: string;
}

const NO_HURRY =
  /\b(?:no (?:rush|hurry)|not (?:that |so |very )?urgent|not in a hurry|when(?:ever)? you (?:have|get|find) (?:time|a (?:chance|minute|moment))|just (?:curious|wondering)|only wondering|whenever)\b/;

const DAY = '(?:today|tonight|tomorrow|this (?:morning|afternoon|evening)|noon|midnight|eod|end of (?:the )?day|\\d{1,2} ?(?:am|pm))';
const HIGH = new RegExp(
  [
    "\\b(?:asap|urgent(?:ly)?|immediate(?:ly)?|right (?:now|away)|at once|hurry|emergency|without delay|time-critical|dringend|sofort|urgente(?:mente)?|d'urgence|de inmediato|imediatamente)\\b",
    `\\b(?:by|until|before|back|due|expires?|closes?|ends?|deadline(?: is)?|needs?(?: (?:it|this|them|that|access))?|starts?) (?:at |is )?${DAY}`,
    `\\bdeadline\\b.{0,20}\\b${DAY}|\\bcloses at\\b`,
    '\\b(?:meeting|presentation|call|demo|deadline|launch|starts?|begins?|due)\\b.{0,25}\\bin (?:\\d+|half an|an|a few|twenty|ten) (?:min\\w*|hours?)\\b',
    "\\b(?:blocked|standstill|cannot work|can't work|can not work|nothing works|cannot take orders|losing (?:money|customers))\\b",
    '\\bproduction\\b.{0,20}\\b(?:down|blocked|broken|stopped)\\b',
  ].join('|'),
);

/** Something is to be done: a wish, a request, an order. */
const WISH = new RegExp(
  [
    "\\b(?:please|pls|i want|we want|i need|we need|i'd like|we'd like|i would like|we would like|i have to|we have to|i must|we must|help me|let me|put me|wants? to|i forgot|add|remove|refund me)\\b",
    '\\b(?:can|could|would|will) you (?:please )?(?!(?:tell|explain|say|show|check which|let me know))\\w+',
    '\\b(?:can i|could i|may i) (?:get|have) (?:a|my|our|the)\\b',
    '\\b(?:charge|charged|billed|bill|payment|invoiced|refund|money)\\b',
    '\\b(?:möchte|will|wollen|brauche|bitte|quiero|necesito|quisiera|por favor|voudrais|veux|quero|preciso|gostaria)\\b',
  ].join('|'),
);
const QUESTION =
  /\?|^(?:hi |hello |hey )?(?:how|what|where|which|who|when|why|is|are|does|do|can|could|whats|what's|explain|wie|wo|was|welche|cómo|dónde|qué|cuánto|comment|où|quel|como|onde|qual|quanto)\b|\b(?:how (?:do|to|can)|where (?:is|do|can)|explain|wondering|a question|vorrei sapere)\b|[?？]/;
const NOTHING = /^(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|thanks?|thank you|thx|ok|okay|cool|great|fine|alright|perfect|bye)[\s,.!]*)+$/;

/**
 * @param score The sentiment: praise asks for nothing.
 * @param danger An outage, lost data or a break-in that the message tells of.
 */
export function readUrgency({ text, shouted }: Words, score: number, danger: Signal | null): UrgencyRead {
  if (danger) return { urgency: 'critical', because: danger.words };
  const calm = NO_HURRY.exec(text);
  if (calm) return { urgency: 'low', because: calm[0] };
  const high = HIGH.exec(text);
  if (high) return { urgency: 'high', because: high[0] };
  if (shouted.has('now') || /\bnow!+/.test(text)) return { urgency: 'high', because: 'now' };
  const problem = PROBLEMS.exec(text);
  if (problem && score < 0.1) return { urgency: 'medium', because: problem[0] };
  const wish = WISH.exec(text);
  if (wish && score < 0.6) return { urgency: 'medium', because: wish[0] };
  if (NOTHING.test(text) || score >= 0.2) return { urgency: 'low', because: 'nothing is asked' };
  if (score <= -0.15) return { urgency: 'medium', because: 'the customer is not content' };
  const question = QUESTION.exec(text);
  return question ? { urgency: 'low', because: 'only a question' } : { urgency: 'medium', because: 'nothing says otherwise' };
}
