/**
 * Structured logs by pino: one JSON line per event, constant sentences with fields, never message text. Secrets and personal
 * data are removed by path here, whatever a caller passes. Knows no destinations beyond standard output.
 */
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import pretty from 'pino-pretty';

export type Logger = PinoLogger;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Field names that never reach a log line, at the top or one or two objects down. */
const REDACTED = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'accessToken',
  'refreshToken',
  'apiKey',
  'partnerKey',
  'staffToken',
  'customerToken',
  'email',
  'phone',
  'text',
  'content',
  'cardLast4',
  'connectionParams',
];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Human-readable lines instead of JSON; for a terminal in development. */
  readonly pretty: boolean;
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

export function createLogger(options: LoggerOptions): Logger {
  const destination = options.pretty
    ? pretty({
        colorize: process.stdout.isTTY,
        translateTime: 'SYS:HH:MM:ss',
        ignore: 'pid,hostname',
        ...(options.destination ? { destination: options.destination } : {}),
      })
    : options.destination;
  const settings = {
    level: options.level,
    base: null,
    redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return destination ? pino(settings, destination) : pino(settings);
}
