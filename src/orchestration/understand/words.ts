/**
 * A message as the parts of understanding read it: cut to a length that bounds their work, in one case and one kind of apostrophe,
 * and as a list of words. Judges nothing.
 */

/** What a customer wants stands at the start; a pasted log must not cost more than a letter. */
const CHARS_MAX = 2_000;

export interface Words {
  /** Lower case, one kind of apostrophe and hyphen, single spaces. */
  readonly text: string;
  /** As it was written, cut to the same length. */
  readonly written: string;
  /** Words in lower case; a mark that ends a thought stands between them as `.`, `,`, `!` or `?`. */
  readonly list: readonly string[];
  /** Words written in capitals, in lower case: what is shouted. Empty when all of the message is. */
  readonly shouted: ReadonlySet<string>;
  /** Words without the marks. */
  readonly count: number;
}

const WORD = /[\p{L}\p{N}]+(?:['-][\p{L}\p{N}]+)*|[.,;:!?]/gu;

export function readWords(text: string): Words {
  const written = text
    .slice(0, CHARS_MAX)
    .normalize('NFKC')
    .replace(/[’‘`´]/g, "'")
    .replace(/[‐‑–—]/g, '-')
    .replace(/\s+/g, ' ')
    .trim();
  const found = written.match(WORD) ?? [];
  const list = found.map((word) => (word === ';' || word === ':' ? ',' : word.toLowerCase()));
  const letters = found.filter((word) => /^\p{L}{2,}$/u.test(word));
  const loud = letters.filter((word) => word.length > 2 && word === word.toUpperCase() && word !== word.toLowerCase() && !ABBREVIATIONS.has(word));
  const shouted = new Set(loud.length < letters.length * 0.6 || letters.length < 4 ? loud.map((word) => word.toLowerCase()) : []);
  return { text: written.toLowerCase(), written, list, shouted, count: list.length - list.filter((word) => /^[.,!?]$/.test(word)).length };
}

/** Written in capitals by everybody. */
const ABBREVIATIONS = new Set(
  'API APIS CSV PDF JSON XML SSO SAML SCIM SDK URL URLS VAT GDPR CCPA HIPAA SOC ISO DPA SLA FAQ USD EUR GBP HTTP HTTPS TLS SSL HMAC OAUTH PKCE CPU RAM IOS MFA OTP SMS QR CVC ZIP USA INV ASAP OMG'.split(
    ' ',
  ),
);
