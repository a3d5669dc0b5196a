/**
 * Signed tokens (JWT, HS256): who someone is, until when. The algorithm, audience and issuer are pinned, so nothing a caller writes
 * into a header changes how a token is checked. Knows no rows and no passwords: whoever signs has already decided.
 */
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { USER_ROLES } from '../store/roles.ts';
import { partnerViewer, staffViewer, viewerKey, type Viewer } from '../store/viewer.ts';

const ALGORITHM = 'HS256';
const AUDIENCE = 'parley';
/** Longer texts are no tokens of ours; refused before any cryptography. */
const TOKEN_CHARS_MAX = 4_096;

export interface TokensDeps {
  /** At least 32 characters. */
  readonly secret: string;
  readonly issuer?: string;
  readonly clock: Clock;
}

export interface Tokens {
  /** @param options.ttlS Seconds until it expires. */
  sign(viewer: Viewer, options: { readonly ttlS: number }): Promise<string>;
  /** @throws AppError UNAUTHENTICATED for anything but an unexpired token of ours; `isExpired` tells the one that once was. */
  verify(token: string): Promise<{ readonly viewer: Viewer; readonly expiresAt: Date }>;
}

const Claims = z.object({ exp: z.number(), sub: z.string(), viewer: z.unknown() });

/** What somebody may is not written into a token: it is what their role may when the token is checked. */
const ViewerClaim: z.ZodType<Viewer> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('staff'), userId: z.string(), name: z.string(), role: z.enum(USER_ROLES) }).transform(staffViewer),
  z.object({ kind: z.literal('customer'), customerId: z.string() }),
  z.object({ kind: z.literal('partner'), partnerId: z.string(), keyId: z.string().nullable() }).transform(partnerViewer),
]);

export function createTokens({ secret, issuer = 'parley', clock }: TokensDeps): Tokens {
  const key = new TextEncoder().encode(secret);
  if (key.length < 32) throw new RangeError('the secret that signs tokens needs at least 32 bytes');
  return Object.freeze({
    async sign(viewer: Viewer, options: { readonly ttlS: number }) {
      const nowS = Math.floor(clock.now().getTime() / 1_000);
      return new SignJWT({ viewer: claimOf(viewer) })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
        .setSubject(viewerKey(viewer))
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setIssuedAt(nowS)
        .setExpirationTime(nowS + options.ttlS)
        .sign(key);
    },
    async verify(token: string) {
      if (token.length > TOKEN_CHARS_MAX) throw refusal();
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        audience: AUDIENCE,
        issuer,
        currentDate: clock.now(),
        requiredClaims: ['exp', 'sub'],
      }).catch((cause: unknown) => {
        throw refusal(cause);
      });
      const claims = Claims.safeParse(payload);
      const viewer = claims.success ? ViewerClaim.safeParse(claims.data.viewer) : claims;
      if (!claims.success || !viewer.success || claims.data.sub !== viewerKey(viewer.data)) throw refusal(viewer.error);
      return { viewer: viewer.data, expiresAt: new Date(claims.data.exp * 1_000) };
    },
  });
}

function claimOf(viewer: Viewer): object {
  if (viewer.kind === 'customer') return viewer;
  const { scopes: _, ...claim } = viewer;
  return claim;
}

/** True for the refusal of a genuine token whose time is over: its holder may come back with a fresh one. */
export function isExpired(error: unknown): boolean {
  return error instanceof AppError && error.cause instanceof errors.JWTExpired;
}

function refusal(cause?: unknown): AppError {
  const sentence = cause instanceof errors.JWTExpired ? 'This token has expired. Sign in again.' : 'This token is not valid. Sign in again.';
  return new AppError('UNAUTHENTICATED', sentence, { cause });
}
