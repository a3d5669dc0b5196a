/**
 * Asks a range-query service (https://haveibeenpwned.com/API/v3#PwnedPasswords, or one's own mirror of it) whether a password was in a
 * leak. It learns the first five of forty digits of a SHA-1 and gets some hundred candidates back: k-anonymity. A service that does not
 * answer must not keep people from choosing a password, so that counts as "not leaked" and leaves a log line.
 */
import { createHash } from 'node:crypto';
import type { Logger } from '../foundation/logger.ts';

export interface LeakedPasswordsDeps {
  /** Without the five digits: `https://api.pwnedpasswords.com/range/`. */
  readonly url: string;
  readonly log: Logger;
  readonly limitMs?: number;
}

const LIMIT_MS = 2_000;
const PREFIX_CHARS = 5;
/** An answer has some 40 KB. */
const ANSWER_CHARS_MAX = 1_000_000;

/** Never rejects. */
export function createLeakedPasswords({ url, log, limitMs = LIMIT_MS }: LeakedPasswordsDeps): (password: string) => Promise<boolean> {
  const base = url.endsWith('/') ? url : `${url}/`;
  return async (password) => {
    const digits = createHash('sha1').update(password).digest('hex').toUpperCase();
    const rest = digits.slice(PREFIX_CHARS);
    try {
      const response = await fetch(`${base}${digits.slice(0, PREFIX_CHARS)}`, {
        // Answers of equal length: who watches the line learns no more than who answers.
        headers: { 'Add-Padding': 'true', 'User-Agent': 'parley' },
        redirect: 'error',
        signal: AbortSignal.timeout(limitMs),
      });
      if (!response.ok) throw new Error(`the service answered with status ${response.status}`);
      return isAmong(rest, await readShort(response));
    } catch (error) {
      log.warn({ err: error }, 'leaked passwords could not be asked about: the password was accepted without');
      return false;
    }
  };
}

/** Each line is `<35 digits>:<count>`; padding has the count 0. */
function isAmong(rest: string, answer: string): boolean {
  return answer.split(/\r?\n/).some((line) => {
    const [digits, count] = line.split(':');
    return digits?.toUpperCase() === rest && Number(count) > 0;
  });
}

async function readShort(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > ANSWER_CHARS_MAX) throw new Error('the service answered with too much');
  }
  return text;
}
