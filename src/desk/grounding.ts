/**
 * Whether the customer themself named what is about to be changed. Looks only at their own words: what they quote or paste (lines
 * behind ">", blocks of code) is somebody else's, and what tools and articles say never comes here. Understands no sentences.
 */

/** What the customer said in this conversation. */
export interface Words {
  /** The message being answered. */
  readonly said: string;
  /** Their earlier messages, oldest first. */
  readonly earlier: readonly string[];
}

/** Words looked at; a longer message is not a request for one thing. */
const CHARS_MAX = 10_000;

/** True when the name stands in the customer's words, whole and in this order; case, spaces and punctuation around it do not count. */
export function isNamed(name: string, { said, earlier }: Words): boolean {
  const wanted = fold(name);
  if (wanted.trim() === '') return false;
  return [said, ...earlier].some((text) => fold(withoutQuotes(text.slice(0, CHARS_MAX))).includes(wanted));
}

/** The same, leaving out what stands in quotation marks as somebody's sentence: for people and addresses, whom a quoted mail must not name. */
export function isOwnlyNamed(name: string, { said, earlier }: Words): boolean {
  return isNamed(name, { said: ownWords(said), earlier: earlier.map(ownWords) });
}

/** Where a forwarded or answered mail begins; what follows is somebody else's. */
const FORWARDED =
  /^[-_ ]*(?:(?:original|forwarded) message|begin forwarded message)[-_ :]*$|^(?:on|am|le|el) .{4,120} (?:wrote|schrieb[^:\n]{0,80}|a écrit|escribió) ?:[ \t]*$/im;

/** The text without what was quoted, forwarded or pasted into it. */
export function withoutQuotes(text: string): string {
  const forwarded = text.search(FORWARDED);
  return (forwarded < 0 ? text : text.slice(0, forwarded))
    .replace(/```[\s\S]*?(?:```|$)/g, '\n')
    .split('\n')
    .filter((line) => !/^\s*(?:>|\|)/.test(line))
    .join('\n');
}

/** Four words in quotation marks are somebody's sentence, not a name. */
const QUOTED = /["“”„«»]([^"“”„«»\n]{1,2000})["“”„«»]/gu;
const QUOTED_WORDS_MIN = 4;
/** What is put into the mouth of a machine: tags, objects, and lines that say who speaks. */
const MACHINE = [
  /<([\w:-]{1,40})\b[^>\n]{0,200}>[\s\S]*?<\/\1\s*>/gu,
  /<\/?[\w:-]{1,40}>/gu,
  /\{[^{}]*"[^{}]*\}/gu,
  /^\s*(?:system|assistant|agent|tool|gateway|user)\s*:.*$/gimu,
];

/** What asks for something: their words without sentences in quotation marks and without a machine's. Names may stand in quotes, wishes do not. */
export function ownWords(text: string): string {
  const own = withoutQuotes(text.slice(0, CHARS_MAX)).replace(QUOTED, (all, inner: string) =>
    inner.trim().split(/\s+/).length >= QUOTED_WORDS_MIN ? ' ' : all,
  );
  return MACHINE.reduce((left, pattern) => left.replace(pattern, ' '), own);
}

/** Letters and digits of any script, lower case, single spaces, one at each end: so that only whole words match. */
function fold(text: string): string {
  return ` ${text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_]+/gu, ' ')
    .trim()} `;
}
