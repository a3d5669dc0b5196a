/** Where callers put their credential: the Authorization header, or the payload of a WebSocket's `connection_init` or `ping`. Does not judge it. */
import { AppError } from '../foundation/errors.ts';

const HINT = 'Send "Bearer <token or API key>" as authorization.';

/** The credential of an Authorization header; null when there is none. @throws AppError UNAUTHENTICATED for another scheme. */
export function credentialOfHeader(header: string | undefined): string | null {
  return header === undefined ? null : bare(header);
}

/**
 * The credential of `connection_init`: `authorization` in any case, beside the other parameters or in a nested `headers`, as the
 * stock clients and GraphiQL send it. Null when there is none. @throws AppError UNAUTHENTICATED for anything but text.
 */
export function credentialOfParams(params: Readonly<Record<string, unknown>> | undefined): string | null {
  const value = valueIn(params) ?? valueIn(params?.['headers']);
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new AppError('UNAUTHENTICATED', HINT);
  return bare(value);
}

/** True for a ping that brings a fresh credential: `{ auth: "<token>" }`. */
export function isRenewal(payload: unknown): payload is { readonly auth: unknown } {
  return typeof payload === 'object' && payload !== null && 'auth' in payload;
}

/** The credential of such a ping. @throws AppError UNAUTHENTICATED for anything but text. */
export function credentialOfPing({ auth }: { readonly auth: unknown }): string {
  if (typeof auth !== 'string') throw new AppError('UNAUTHENTICATED', HINT);
  return bare(auth);
}

function valueIn(params: unknown): unknown {
  if (typeof params !== 'object' || params === null) return undefined;
  return Object.entries(params).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
}

function bare(value: string): string {
  const match = /^(?:bearer +)?(\S+)$/i.exec(value.trim());
  if (!match?.[1]) throw new AppError('UNAUTHENTICATED', HINT);
  return match[1];
}
