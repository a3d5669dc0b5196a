/**
 * Classes of UTF-16 units, as the scanner needs them: what a word is made of and what ends it. Not Unicode's own classes: scripts that
 * are written without spaces count as ends of words, so that their text is never held back.
 */
export const LETTER = 1;
export const DIGIT = 2;
/** - . + which numbers, keys and addresses have inside. */
export const DASH = 4;
/** _ and % */
export const MARK = 8;
export const AT = 16;
/** Not part of a word, unlike all above. */
export const SPACE = 32;
export const WORDY = LETTER | DIGIT | DASH | MARK | AT;

const ASCII = classes();

export function classOf(code: number): number {
  return code < 128 ? (ASCII[code] ?? 0) : classBeyondAscii(code);
}

/** Lower case of ASCII and Latin-1 letters; others as they are. */
export function lowerOf(code: number): number {
  return (code >= 65 && code <= 90) || (code >= 0xc0 && code <= 0xde) ? code + 32 : code;
}

export function isNewline(code: number): boolean {
  return code === 10 || code === 13 || code === 0x2028 || code === 0x2029;
}

/** Hyphens and dashes that word processors make of a minus. */
export function isWideDash(code: number): boolean {
  return (code >= 0x2010 && code <= 0x2015) || code === 0x2212;
}

export function codesOf(chars: string): ReadonlySet<number> {
  return new Set(Array.from(chars, (char) => char.charCodeAt(0)));
}

function classes(): Uint8Array {
  const table = new Uint8Array(128);
  for (let code = 0; code < 128; code += 1) {
    const char = String.fromCharCode(code);
    if (/[a-z]/i.test(char)) table[code] = LETTER;
    else if (/\d/.test(char)) table[code] = DIGIT;
    else if ('-.+'.includes(char)) table[code] = DASH;
    else if ('_%'.includes(char)) table[code] = MARK;
    else if (char === '@') table[code] = AT;
    else if (/\s/.test(char)) table[code] = SPACE;
  }
  return table;
}

function classBeyondAscii(code: number): number {
  if (code >= 0xc0 && code < 0xe00) return code === 0xd7 || code === 0xf7 ? 0 : LETTER;
  if (code === 0xa0 || (code >= 0x2000 && code <= 0x200a) || code === 0x2028 || code === 0x2029 || code === 0x202f || code === 0x3000) return SPACE;
  return 0;
}
