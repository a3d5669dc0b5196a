/** Where callers put their credential: the headers Authorization or X-API-Key, or the payload of a WebSocket's `connection_init` or `ping`. Does not judge it. */
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../foundation/errors.ts';

const HINT = 'Send "Bearer <token or API key>" as authorization, or an API key as X-API-Key.';
const TWO = 'Send one credential: authorization and X-API-Key say different things.';

/** The credential of a request's headers; null when there is none. @throws AppError UNAUTHENTICATED for another scheme, or two that differ. */
export function credentialOfHeaders(headers: IncomingHttpHeaders): string | null {
  return one(headers.authorization, headers['x-api-key']);
}

/**
 * The credential of `connection_init`: `authorization` or `x-api-key` in any case, beside the other parameters or in a nested
 * `headers`, as the stock clients and GraphiQL send it. Null when there is none. @throws AppError UNAUTHENTICATED for anything but text.
 */
export function credentialOfParams(params: Readonly<Record<string, unknown>> | undefined): string | null {
  const valueOf = (name: string): unknown => valueIn(params, name) ?? valueIn(params?.['headers'], name);
  return one(valueOf('authorization'), valueOf('x-api-key'));
}

/** True for a ping that brings a fresh credential: `{ auth: "<token>" }`. */
export function isRenewal(payload: unknown): payload is { readonly auth: unknown } {
  return typeof payload === 'object' && payload !== null && 'auth' in payload;
}

/** The credential of such a ping. @throws AppError UNAUTHENTICATED for anything but text. */
export function credentialOfPing({ auth }: { readonly auth: unknown }): string {
  return bare(auth);
}

function one(authorization: unknown, apiKey: unknown): string | null {
  const [first, second] = [authorization, apiKey].filter((value) => value !== undefined && value !== null && value !== '').map((value) => bare(value));
  if (second !== undefined && first !== second) throw new AppError('UNAUTHENTICATED', TWO);
  return first ?? null;
}

function valueIn(params: unknown, wanted: string): unknown {
  if (typeof params !== 'object' || params === null) return undefined;
  return Object.entries(params).find(([name]) => name.toLowerCase() === wanted)?.[1];
}

function bare(value: unknown): string {
  if (typeof value !== 'string') throw new AppError('UNAUTHENTICATED', HINT);
  const match = /^(?:bearer +)?(\S+)$/i.exec(value.trim());
  if (!match?.[1]) throw new AppError('UNAUTHENTICATED', HINT);
  return match[1];
}
