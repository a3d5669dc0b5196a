/**
 * Error reporting, imported before anything else: Sentry when SENTRY_DSN is set, nothing otherwise (not even loaded). Reports carry
 * the stack and a request id; requests, users, messages and variables stay here.
 */
import { readFileSync } from 'node:fs';
import { redact } from './privacy/redact.ts';

const dsn = process.env['SENTRY_DSN'] || dsnOfFile(process.env['SENTRY_DSN_FILE']);
const sentry = dsn ? await import('@sentry/node') : null;

/** Whatever the desk may need to know, nobody who reads reports does. */
const STRICT = { email: true, phone: true, keptDomains: [] };
/** Addresses, tokens and keys that an error's own sentence may quote. */
const PERSONAL = /[\w.+-]+@[\w-]+\.[\w.-]+|\beyJ[\w-]+\.[\w-]+\.[\w-]*|\bpk_(?:test|live)_[\w-]+|\+?\d[\d ().-]{7,}\d/g;

if (sentry && dsn) {
  sentry.init({
    dsn,
    environment: process.env['NODE_ENV'] ?? 'development',
    // Breadcrumbs hold log lines, URLs and headers: more about customers than a fault needs.
    maxBreadcrumbs: 0,
    dataCollection: {
      userInfo: false,
      cookies: false,
      httpHeaders: false,
      httpBodies: [],
      urlQueryParams: false,
      graphQL: { document: false, variables: false },
      genAI: { inputs: false, outputs: false },
      databaseQueryData: false,
      queues: false,
      stackFrameVariables: false,
    },
    beforeSend(event) {
      delete event.request;
      delete event.user;
      delete event.server_name;
      delete event.extra;
      for (const exception of event.exception?.values ?? []) {
        if (exception.value) exception.value = cleaned(exception.value);
      }
      if (event.message) event.message = cleaned(event.message);
      return event;
    },
  });
}

function cleaned(text: string): string {
  return redact(text, STRICT).text.replace(PERSONAL, '[redacted]');
}

/** Reports an unexpected error. Never throws; without a DSN it does nothing. */
export function captureException(error: unknown, context: { readonly requestId?: string; readonly runId?: string } = {}): void {
  sentry?.captureException(error, { tags: { ...context } });
}

/** Sends what is still queued, for at most `limitMs`. */
export async function flushReports(limitMs: number): Promise<void> {
  await sentry?.flush(limitMs);
}

/** A file that cannot be read is reported by config.ts, which names it. */
function dsnOfFile(path: string | undefined): string | undefined {
  try {
    return path ? readFileSync(path, 'utf8').trim() : undefined;
  } catch {
    return undefined;
  }
}
