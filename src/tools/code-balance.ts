/**
 * Whether brackets and quotes of a piece of code are closed, by a scan that knows the strings and comments of a language and nothing else
 * of it. Finds the first fault only. Linear in the code.
 */
export interface Imbalance {
  /** One sentence about it. */
  readonly sentence: string;
  /** The line it begins in, without blanks around it. */
  readonly line: string;
}

const PAIRS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

interface Marks {
  readonly lineComments: readonly string[];
  readonly blockComments: boolean;
  /** Quotes whose string may go over lines. */
  readonly wide: readonly string[];
  /** Quotes whose string ends with the line. */
  readonly narrow: readonly string[];
  /** Whether a regular expression may stand where a value may. */
  readonly patterns: boolean;
}

const C: Marks = { lineComments: ['//'], blockComments: true, wide: [], narrow: ['"', "'"], patterns: false };
const HASH: Marks = { lineComments: ['#'], blockComments: false, wide: [], narrow: ['"', "'"], patterns: false };

const MARKS: Readonly<Record<string, Marks>> = {
  javascript: { ...C, wide: ['`'], patterns: true },
  typescript: { ...C, wide: ['`'], patterns: true },
  python: { ...HASH, wide: ['"""', "'''"] },
  ruby: { ...HASH, wide: ['"', "'"], narrow: [] },
  shell: { ...HASH, wide: ['"', "'"], narrow: [] },
  go: { ...C, wide: ['`'] },
  php: { ...C, lineComments: ['//', '#'], wide: ['"', "'"], narrow: [] },
  sql: { ...C, lineComments: ['--'], wide: ["'", '"'], narrow: [] },
  graphql: { ...HASH, wide: ['"""'], narrow: ['"'] },
};

export function findImbalance(code: string, language: string): Imbalance | null {
  const marks = MARKS[language] ?? C;
  const open: { readonly mark: string; readonly at: number }[] = [];
  let at = 0;
  while (at < code.length) {
    const comment = commentEnd(code, at, marks, language);
    if (comment > at) {
      at = comment;
      continue;
    }
    const quote = [...marks.wide, ...marks.narrow].find((mark) => code.startsWith(mark, at));
    if (quote !== undefined && !isApostrophe(code, at, quote)) {
      const end = stringEnd(code, at + quote.length, quote, marks.wide.includes(quote), language);
      if (end < 0) return faultAt(code, at, `A string is not closed: it begins with ${quote}.`);
      at = end;
      continue;
    }
    const char = code[at] ?? '';
    if (char === '\\') at += 1;
    else if (char === '/' && marks.patterns && mayBePattern(code, at)) {
      const end = patternEnd(code, at + 1);
      if (end > 0) at = end - 1;
    } else if (char === '(' || char === '[' || char === '{') open.push({ mark: char, at });
    else if (char === ')' || char === ']' || char === '}') {
      // A case of a shell script ends its pattern with a bracket nobody opened.
      if (char === ')' && language === 'shell' && open.at(-1)?.mark !== '(') {
        at += 1;
        continue;
      }
      const last = open.pop();
      if (!last) return faultAt(code, at, `"${char}" closes nothing.`);
      if (last.mark !== PAIRS[char]) return faultAt(code, at, `"${char}" closes a "${last.mark}".`);
    }
    at += 1;
  }
  const last = open.at(-1);
  return last ? faultAt(code, last.at, `"${last.mark}" is not closed.`) : null;
}

function commentEnd(code: string, at: number, { lineComments, blockComments }: Marks, language: string): number {
  // "$#" and "a#b" are no comments of a shell.
  const starts = lineComments.some((mark) => code.startsWith(mark, at)) && !(language === 'shell' && at > 0 && !/\s/.test(code[at - 1] ?? ''));
  if (starts) {
    const end = code.indexOf('\n', at);
    return end < 0 ? code.length : end;
  }
  if (blockComments && code.startsWith('/*', at)) {
    const end = code.indexOf('*/', at + 2);
    return end < 0 ? code.length : end + 2;
  }
  return at;
}

/** Behind the string, or -1 when it is not closed. */
function stringEnd(code: string, from: number, quote: string, wide: boolean, language: string): number {
  const raw = (language === 'shell' && quote === "'") || (language === 'go' && quote === '`') || language === 'sql';
  for (let at = from; at < code.length; at += 1) {
    if (code[at] === '\\' && !raw) at += 1;
    else if (code.startsWith(quote, at)) return at + quote.length;
    else if (code[at] === '\n' && !wide) return -1;
  }
  return -1;
}

/** A letter on both sides: a lifetime or a word in a comment we do not know. */
function isApostrophe(code: string, at: number, quote: string): boolean {
  return (
    quote === "'" &&
    /[\p{L}\p{N}]/u.test(code[at - 1] ?? '') &&
    /\p{L}/u.test(code[at + 1] ?? '') &&
    !/\b[bfru]{1,2}$/i.test(code.slice(Math.max(0, at - 3), at))
  );
}

function mayBePattern(code: string, at: number): boolean {
  return /(?:^|[=(,:;!&|?{}[\n]|\breturn)\s*$/.test(code.slice(Math.max(0, at - 24), at));
}

function patternEnd(code: string, from: number): number {
  let inClass = false;
  for (let at = from; at < code.length && code[at] !== '\n'; at += 1) {
    if (code[at] === '\\') at += 1;
    else if (code[at] === '[') inClass = true;
    else if (code[at] === ']') inClass = false;
    else if (code[at] === '/' && !inClass) return at + 1;
  }
  return -1;
}

function faultAt(code: string, at: number, sentence: string): Imbalance {
  const from = code.lastIndexOf('\n', at - 1) + 1;
  const to = code.indexOf('\n', at);
  return { sentence, line: code.slice(from, to < 0 ? undefined : to).trim() };
}
