/** Lines of a text that tell what must not be told: secrets, cards, numbers of somebody. Answers the words before it, never the secret itself. */
import { redact } from '../privacy/redact.ts';

export interface SecretLine {
  /** The whole line: for judging it, not for showing it. */
  readonly line: string;
  /** What it tells: "API key", "password", as a list. */
  readonly kinds: string;
  /** The words before it, as they stand in the text. */
  readonly before: string;
}

const BEFORE_CHARS_MAX = 60;

export function secretLinesIn(text: string): SecretLine[] {
  return text.split('\n').flatMap((line) => {
    const { text: redacted, found } = redact(line, { email: false, phone: false, keptDomains: [] });
    if (found.length === 0) return [];
    let same = 0;
    while (same < line.length && line[same] === redacted[same]) same += 1;
    const before = line.slice(0, same).trim();
    const cut = before.length > BEFORE_CHARS_MAX ? before.slice(before.indexOf(' ', before.length - BEFORE_CHARS_MAX) + 1) : before;
    return [{ line, kinds: found.map(({ kind }) => kind.replaceAll('_', ' ')).join(', '), before: cut.slice(-2 * BEFORE_CHARS_MAX) }];
  });
}
