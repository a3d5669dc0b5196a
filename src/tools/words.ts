/** How facts read in a sentence: dates, counts, lists. Sums are store/money.ts. Dates are in UTC, the time zone invoices are dated in. */

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
const MONTH = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
const COUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const AND = new Intl.ListFormat('en', { type: 'conjunction' });

/** "13 November 2026". */
export function writeDate(date: Date): string {
  return DAY.format(date);
}

/** "November 2026". */
export function writeMonth(date: Date): string {
  return MONTH.format(date);
}

/** "14:05 UTC". */
export function writeTime(date: Date): string {
  return `${TIME.format(date)} UTC`;
}

/** "12,400". */
export function writeNumber(value: number): string {
  return COUNT.format(value);
}

/** "1 seat", "30 seats". */
export function writeCount(value: number, one: string, many = `${one}s`): string {
  return `${writeNumber(value)} ${value === 1 ? one : many}`;
}

/** "a, b, and c". */
export function writeList(items: readonly string[]): string {
  return AND.format(items);
}

/** A markdown list, one item a line. */
export function writeBullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

/** "premium" -> "Premium". */
export function capitalise(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

/** Blocks of text under each other; empty ones are left out. */
export function paragraphs(...blocks: readonly (string | false | null | undefined)[]): string {
  return blocks.filter((block): block is string => typeof block === 'string' && block !== '').join('\n\n');
}

/** Sentences after each other; empty ones are left out. */
export function sentences(...parts: readonly (string | false | null | undefined)[]): string {
  return parts.filter((part): part is string => typeof part === 'string' && part !== '').join(' ');
}

/** d***@northwind.example: enough for its owner to know it, too little for anybody else. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  return at < 1 ? '***' : `${String.fromCodePoint(email.codePointAt(0) ?? 42)}***${email.slice(at)}`;
}
