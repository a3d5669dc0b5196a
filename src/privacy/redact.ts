/**
 * Takes personal data out of a complete text: the redactor of streams, fed once, so that a stored text and a streamed one can never differ.
 * Linear in the length of the text, and the same for what has been redacted before. Logs and stores nothing.
 */
import type { Found, RedactionPolicy } from './kinds.ts';
import { createRedactor } from './redact-stream.ts';

export interface Redacted {
  readonly text: string;
  readonly found: readonly Found[];
}

export function redact(text: string, policy: RedactionPolicy): Redacted {
  const redactor = createRedactor(policy);
  const redacted = redactor.push(text) + redactor.end();
  return { text: redacted, found: redactor.found() };
}
