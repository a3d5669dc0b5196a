/**
 * What is taken out of text, and what stands there instead. The placeholders are a closed list, so that text redacted once is known as
 * such and left alone the second time. Finds nothing itself.
 */
export const KINDS = ['card', 'card_code', 'national_id', 'iban', 'password', 'secret', 'private_key', 'email', 'phone'] as const;
export type Kind = (typeof KINDS)[number];

/** Cards, ids, accounts, passwords and keys always go; the ways to reach somebody are needed by support, so they go per policy. */
export interface RedactionPolicy {
  readonly email: boolean;
  readonly phone: boolean;
  /** Lower case, such as `loomwork.example`: addresses at these domains and below are the business's own and stay. */
  readonly keptDomains: readonly string[];
}

export interface Found {
  readonly kind: Kind;
  readonly count: number;
}

/** A card tells its last four digits instead: see `cardPlaceholder`. */
export const PLACEHOLDERS: Readonly<Record<Exclude<Kind, 'card'>, string>> = {
  card_code: '[card code]',
  national_id: '[national id]',
  iban: '[IBAN]',
  password: '[password]',
  secret: '[API key]',
  private_key: '[private key]',
  email: '[e-mail]',
  phone: '[phone]',
};

const CARD_START = '[card ending ';
const CARD_DIGITS = 4;
const LITERALS: readonly string[] = Object.values(PLACEHOLDERS);

/** @param digits All of them, without separators. */
export function cardPlaceholder(digits: string): string {
  return `${CARD_START}${digits.slice(-CARD_DIGITS)}]`;
}

/** How long the placeholder that starts at `at` is; 0 when none does, -1 when more text would be needed to say. */
export function placeholderAt(text: string, at: number, ended: boolean): number {
  let open = false;
  for (const literal of LITERALS) {
    const common = commonLength(text, at, literal);
    if (common === literal.length) return common;
    if (at + common === text.length) open = true;
  }
  let length = commonLength(text, at, CARD_START);
  if (length === CARD_START.length) {
    while (length < CARD_START.length + CARD_DIGITS && isDigitCode(text.charCodeAt(at + length))) length += 1;
    if (length === CARD_START.length + CARD_DIGITS && text[at + length] === ']') return length + 1;
  }
  if (at + length === text.length) open = true;
  return open && !ended ? -1 : 0;
}

function commonLength(text: string, at: number, literal: string): number {
  let length = 0;
  while (length < literal.length && at + length < text.length && text.charCodeAt(at + length) === literal.charCodeAt(length)) length += 1;
  return length;
}

/** NaN, beyond the text, is none. */
function isDigitCode(code: number): boolean {
  return code >= 48 && code <= 57;
}
