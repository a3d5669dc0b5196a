/**
 * E-mail addresses inside one word. Addresses at the business's own domains, version marks (`package@1.2.0`), image densities
 * (`logo@2x.png`) and names of repositories (`git@host`) are none. Sees no text around the word.
 */

/** Endings of files that people write with an @ before them. */
const FILES = new Set(['png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'js', 'mjs', 'ts', 'css', 'json', 'zip', 'pdf', 'txt', 'md', 'latest', 'next', 'beta']);
const LABEL = /^[\p{L}\d](?:[\p{L}\d-]*[\p{L}\d])?$/u;

export interface EmailSpan {
  readonly from: number;
  readonly to: number;
}

/**
 * The first address, from the first letter or digit of the word on: what stands before it without a space has no use without it.
 * @param word At most a few hundred characters.
 */
export function emailIn(word: string, keptDomains: readonly string[]): EmailSpan | null {
  const from = word.search(/[\p{L}\d]/u);
  for (let at = word.indexOf('@'); at >= 0; at = word.indexOf('@', at + 1)) {
    if (from < 0 || at <= from || word[at - 1] === '@') continue;
    const domain = domainAt(word, at + 1);
    if (domain === '' || isKept(domain.toLowerCase(), keptDomains) || word.slice(from, at) === 'git') continue;
    return { from, to: at + 1 + domain.length };
  }
  return null;
}

/** The longest name of at least two labels whose last one is letters. */
function domainAt(word: string, from: number): string {
  const end = word.slice(from).search(/[^\p{L}\d.-]/u);
  const labels = word.slice(from, end < 0 ? word.length : from + end).split('.');
  const bad = labels.findIndex((label) => !LABEL.test(label));
  const good = bad < 0 ? labels : labels.slice(0, bad);
  while (good.length > 1 && !/^\p{L}{2,24}$/u.test(good.at(-1) ?? '')) good.pop();
  return good.length < 2 || FILES.has((good.at(-1) ?? '').toLowerCase()) ? '' : good.join('.');
}

function isKept(domain: string, keptDomains: readonly string[]): boolean {
  return keptDomains.some((kept) => domain === kept || domain.endsWith(`.${kept}`));
}
