/**
 * Lists of phrases as patterns on word boundaries of any script. In a list "; " divides phrases, "*" is the rest of a word, " .. " up to
 * eight words in between; everything else is read as a regular expression. Meant for text that went through `foldWords`.
 */

/** Lower case with one kind of apostrophe, hyphen and space: what these patterns are written for. */
export function foldWords(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[’‘`´]/g, "'")
    .replace(/[‐‑–—]/g, '-')
    .replace(/\s+/g, ' ')
    .trim();
}

export function wordsOf(list: string): RegExp {
  const phrases = list
    .split('; ')
    .map((phrase) => phrase.trim())
    .filter((phrase) => phrase !== '')
    .map((phrase) => phrase.replaceAll(/(?<=[\p{L}\d)\]])\*/gu, String.raw`\p{L}*`).replaceAll(' .. ', String.raw` (?:\S+ ){0,8}?`));
  return new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${phrases.join('|')})(?![\p{L}\p{N}])`, 'u');
}
