/**
 * Signed tokens (JWT, EdDSA by default): who someone is, until when. The key is found by its exact id in the key set and brings its
 * algorithm with it; audience and issuer are pinned, so nothing a caller writes into a header changes how a token is checked. Expiry has
 * no tolerance, since we both sign and check; a token from the future is refused beyond the few seconds that our clocks may differ.
 * Knows no rows and no passwords: whoever signs has already decided, and whether it still holds is authenticate.ts.
 */
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import type { Principal } from '../store/principal.ts';
import { USER_ROLES } from '../store/roles.ts';
import { partnerViewer, staffViewer, viewerKey, type Viewer } from '../store/viewer.ts';
import { TOKEN_S_MAX, type KeySet } from './key-set.ts';

const AUDIENCE = 'parley';
/** Longer texts are no tokens of ours; refused before any cryptography. */
const TOKEN_CHARS_MAX = 4_096;
const FUTURE_S_MAX = 5;

export interface TokensDeps {
  readonly keys: Pick<KeySet, 'signer' | 'verifier'>;
  readonly issuer?: string;
  readonly clock: Clock;
}

export interface Tokens {
  sign(viewer: Viewer, options: SignOptions): Promise<string>;
  /** @throws AppError UNAUTHENTICATED for anything but an unexpired token of ours; `isExpired` tells the one that once was. */
  verify(token: string): Promise<Verified>;
}

export interface SignOptions {
  /** Seconds until it expires, at most 30 days. */
  readonly ttlS: number;
  /** Whom the token ends with, besides the one it stands for. */
  readonly madeBy?: Maker;
}

/** A partner's key, or a person of the desk. */
export type Maker = Extract<Principal, `${'key' | 'user'}:${string}`>;

export interface Verified {
  readonly viewer: Viewer;
  readonly expiresAt: Date;
  readonly issuedAt: Date;
  /** The key it was signed with. */
  readonly kid: string;
  /** Null for a token that ends with nobody else. */
  readonly madeBy: Maker | null;
}

const MakerClaim = z.templateLiteral([z.enum(['key', 'user']), ':', z.string().min(1)]);
const Claims = z.object({ exp: z.number(), iat: z.number(), sub: z.string(), viewer: z.unknown(), made_by: MakerClaim.optional() });

/** What somebody may is not written into a token: it is what their role may when the token is checked. */
const ViewerClaim: z.ZodType<Viewer> = z.discriminatedUnion('kind', [
  z
    .object({ kind: z.literal('staff'), userId: z.string(), name: z.string(), role: z.enum(USER_ROLES), sessionId: z.string().nullish() })
    .transform(staffViewer),
  z.object({ kind: z.literal('customer'), customerId: z.string() }),
  z.object({ kind: z.literal('partner'), partnerId: z.string(), keyId: z.string().nullable() }).transform(partnerViewer),
]);

export function createTokens({ keys, issuer = 'parley', clock }: TokensDeps): Tokens {
  return Object.freeze<Tokens>({
    async sign(viewer, { ttlS, madeBy }) {
      if (ttlS > TOKEN_S_MAX) throw new RangeError(`a token is valid for at most ${TOKEN_S_MAX} seconds`);
      const { kid, alg, privateKey } = await keys.signer();
      const nowS = Math.floor(clock.now().getTime() / 1_000);
      return new SignJWT({ viewer: claimOf(viewer), ...(madeBy === undefined ? {} : { made_by: madeBy }) })
        .setProtectedHeader({ alg, kid, typ: 'JWT' })
        .setSubject(viewerKey(viewer))
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setIssuedAt(nowS)
        .setExpirationTime(nowS + ttlS)
        .sign(privateKey);
    },
    async verify(token) {
      const kid = kidOf(token);
      // Not caught: rows that cannot be read say nothing about the token.
      const key = kid === null ? null : await keys.verifier(kid);
      if (kid === null || !key) throw refusal();
      const { payload } = await jwtVerify(token, key.publicKey, {
        algorithms: [key.alg],
        typ: 'JWT',
        audience: AUDIENCE,
        issuer,
        currentDate: clock.now(),
        requiredClaims: ['exp', 'iat', 'sub'],
      }).catch((cause: unknown) => {
        throw refusal(cause);
      });
      const claims = Claims.safeParse(payload);
      const viewer = claims.success ? ViewerClaim.safeParse(claims.data.viewer) : claims;
      if (!claims.success || !viewer.success || claims.data.sub !== viewerKey(viewer.data)) throw refusal(viewer.error);
      const { exp, iat, made_by: madeBy = null } = claims.data;
      if (iat > clock.now().getTime() / 1_000 + FUTURE_S_MAX) throw refusal();
      return { viewer: viewer.data, expiresAt: new Date(exp * 1_000), issuedAt: new Date(iat * 1_000), kid, madeBy };
    },
  });
}

function claimOf(viewer: Viewer): object {
  if (viewer.kind === 'customer') return viewer;
  const { scopes: _, ...claim } = viewer;
  return claim;
}

/** The id of the key that a token names; null when it names none. Whatever else its header says is not read. */
function kidOf(token: string): string | null {
  if (token.length > TOKEN_CHARS_MAX) return null;
  try {
    const { kid } = decodeProtectedHeader(token);
    return typeof kid === 'string' ? kid : null;
  } catch {
    // No token at all: the null is the answer.
    return null;
  }
}

/** True for the refusal of a genuine token whose time is over: its holder may come back with a fresh one. */
export function isExpired(error: unknown): boolean {
  return error instanceof AppError && error.cause instanceof errors.JWTExpired;
}

function refusal(cause?: unknown): AppError {
  const sentence = cause instanceof errors.JWTExpired ? 'This token has expired. Sign in again.' : 'This token is not valid. Sign in again.';
  return new AppError('UNAUTHENTICATED', sentence, { cause });
}
