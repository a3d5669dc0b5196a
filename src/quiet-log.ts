/**
 * The log without personal data in its errors: what went wrong may quote what was sent. Stands here because the logger lies below the
 * room that knows such data. Fields beside the error are constant names and ids; the logger itself leaves out the rest.
 */
import { stdSerializers } from 'pino';
import type { Logger } from './foundation/logger.ts';
import type { RedactionPolicy } from './privacy/kinds.ts';
import { redactValue } from './privacy/redact-value.ts';

/** Writes to the same place; loggers made from it do the same. */
export function quietLog(log: Logger, redaction: RedactionPolicy): Logger {
  return log.child({}, { serializers: { err: (error: Error) => redactValue(stdSerializers.err(error), redaction) } });
}
