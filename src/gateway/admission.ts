/**
 * Who may keep a WebSocket: reads the credential of connection_init, counts the sockets of each viewer, and closes a socket whose
 * credential is bad or expires. A client may bring a fresh one of the same viewer before that, in a ping `{ auth: "<token>" }`; it is
 * reminded with a ping `{ reauth: { deadlineMs } }`.
 *
 * The acknowledgement tells until when the credential lasts and what the socket may do. What it stands on is watched: a revoked key, a
 * disabled user or a log-out ends the socket, other rights end what it follows (standing.ts).
 *
 * Close codes, chosen by what the stock client does with them: 4403 (retried) for a credential that has expired, since a fresh one may
 * be at hand, and for one of somebody else; 4401 (final) for one that never was or was taken back; 4429 (final) for too many sockets of
 * one viewer, and for too many credentials that are none from one address; 1013 (retried) when credentials cannot be checked right now.
 */
import type { IncomingMessage } from 'node:http';
import { CloseCode } from 'graphql-ws';
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Authenticate, Authenticated } from '../identity/authenticate.ts';
import type { Revocation } from '../identity/revocation.ts';
import { isExpired } from '../identity/token.ts';
import type { Viewer } from '../store/viewer.ts';
import { credentialOfHeaders, credentialOfParams, credentialOfPing, isRenewal } from './credential.ts';
import { RequestRefused, type Errors } from './errors.ts';
import { hasExpired } from './expiry.ts';
import type { Identify } from './identify.ts';
import type { Session } from './socket.ts';
import { createStanding, isSame } from './standing.ts';
import { ANONYMOUS_FACTOR, callerKey } from './turnstile.ts';

export interface AdmissionDeps {
  readonly authenticate: Authenticate;
  readonly identify: Identify;
  readonly revocation: Pick<Revocation, 'watch'>;
  readonly errors: Errors;
  readonly clock: Clock;
  readonly limits: AckLimits & { readonly socketsPerViewer: number };
}

/** What one socket may do. */
export interface AckLimits {
  readonly subscriptionsPerSocket: number;
  readonly operationsPerSocket: number;
  readonly frameBytesMax: number;
}

/** The payload of `connection_ack`. */
export interface Ack extends Record<string, unknown> {
  /** When the credential ends, as ISO 8601; null for one without an end, and for nobody. */
  readonly expiresAt: string | null;
  /** How long before that the ping `{ reauth }` comes. */
  readonly refreshBeforeMs: number | null;
  /** The log-in behind the credential; null where there is none. */
  readonly sessionId: string | null;
  readonly limits: AckLimits;
}

export interface Admission {
  /** Names the session's viewer and answers what to acknowledge with, or closes the socket and answers false. Without a credential the viewer is nobody. */
  admit(session: Session, request: IncomingMessage, connectionParams: Readonly<Record<string, unknown>> | undefined): Promise<Ack | false>;
}

const TRY_AGAIN_LATER = 1013;
/** Before a credential expires; half of its time when it has less. */
const REMINDER_MS = 30_000;

export function createAdmission({ authenticate, identify, revocation, errors, clock, limits }: AdmissionDeps): Admission {
  const { socketsPerViewer, subscriptionsPerSocket, operationsPerSocket, frameBytesMax } = limits;
  const perViewer = new Map<string, number>();

  /** Anonymous sockets are counted by address. */
  function count(session: Session, viewer: Viewer | null): boolean {
    const key = callerKey({ viewer, address: session.origin.address });
    const open = perViewer.get(key) ?? 0;
    if (open >= socketsPerViewer * (viewer ? 1 : ANONYMOUS_FACTOR)) return false;
    perViewer.set(key, open + 1);
    session.onClose(() => {
      const left = (perViewer.get(key) ?? 1) - 1;
      if (left > 0) perViewer.set(key, left);
      else perViewer.delete(key);
    });
    return true;
  }

  /** Closes the session when its credential expires or is taken back; answers how its pings are answered, which may renew it. */
  function watch(session: Session, credential: string, admitted: Authenticated, sinceMs: number): Session['answerPing'] {
    let known = admitted;
    const check = (brought: string): Promise<Authenticated> => authenticate(brought, session.origin);
    const standing = createStanding(
      {
        authenticate: check,
        revocation,
        onChecked: take,
        onRefused: (error) => closeRefused(session, error, errors),
      },
      credential,
      admitted,
      sinceMs,
    );
    session.standing = standing;
    session.onClose(standing.stop);
    let renewed = new AbortController();
    let checking = false;
    session.onClose(() => renewed.abort());

    /** The end may have moved: of a key that is being replaced it comes nearer. */
    function take(fresh: Authenticated): void {
      const before = known.expiresAt;
      known = fresh;
      session.viewer = fresh.viewer;
      if (fresh.expiresAt?.getTime() === before?.getTime()) return;
      const waiting = renewed;
      renewed = new AbortController();
      waiting.abort();
      if (!before) session.own(expire());
    }

    async function expire(): Promise<void> {
      while (known.expiresAt && !session.signal.aborted) {
        const { signal } = renewed;
        const { expiresAt } = known;
        const leadMs = leadOf(expiresAt, clock.now());
        if (!(await hasExpired(new Date(expiresAt.getTime() - leadMs), clock, signal))) continue;
        session.ping({ reauth: { deadlineMs: Math.round(leadMs) } });
        if (await hasExpired(expiresAt, clock, signal)) return session.close(CloseCode.Forbidden, 'Token expired');
      }
    }

    async function renew(payload: { readonly auth: unknown }): Promise<void> {
      const startedMs = clock.now().getTime();
      const brought = credentialOfPing(payload);
      const fresh = await check(brought);
      if (!isSame(fresh.viewer, known.viewer)) return session.close(CloseCode.Forbidden, 'The token is of somebody else');
      standing.renew(brought, fresh, startedMs);
      take(fresh);
    }

    session.own(expire());
    return async (payload) => {
      if (!isRenewal(payload)) return payload;
      // One at a time: a client that sends them without end gets no more of our time for it.
      if (checking) return undefined;
      checking = true;
      await renew(payload).catch((error: unknown) => closeRefused(session, error, errors));
      checking = false;
      // The token is not said again.
      return undefined;
    };
  }

  function acknowledge(known: Authenticated | null): Ack {
    const { viewer = null, expiresAt = null } = known ?? {};
    return {
      expiresAt: expiresAt?.toISOString() ?? null,
      refreshBeforeMs: expiresAt && Math.round(leadOf(expiresAt, clock.now())),
      sessionId: viewer?.kind === 'staff' ? (viewer.sessionId ?? null) : null,
      limits: { subscriptionsPerSocket, operationsPerSocket, frameBytesMax },
    };
  }

  return Object.freeze({
    async admit(session: Session, request: IncomingMessage, connectionParams: Readonly<Record<string, unknown>> | undefined) {
      try {
        const startedMs = clock.now().getTime();
        const credential = credentialOfParams(connectionParams) ?? credentialOfHeaders(request.headers);
        const known = credential === null ? null : await identify(credential, session.origin);
        if (!count(session, known?.viewer ?? null)) {
          session.close(CloseCode.TooManyInitialisationRequests, 'Too many connections');
          return false;
        }
        session.viewer = known?.viewer ?? null;
        session.answerPing = known && credential !== null ? watch(session, credential, known, startedMs) : nobody(session);
        return acknowledge(known);
      } catch (error) {
        closeRefused(session, error, errors);
        return false;
      }
    },
  });
}

/** Whoever came as nobody stays nobody on this socket: what it follows was begun so. */
function nobody(session: Session): Session['answerPing'] {
  return async (payload) => {
    if (!isRenewal(payload)) return payload;
    session.close(CloseCode.Forbidden, 'The token is of somebody else');
    return undefined;
  };
}

/** How long before its end a credential is asked to be renewed. */
function leadOf(expiresAt: Date, now: Date): number {
  return Math.min(REMINDER_MS, Math.max(0, expiresAt.getTime() - now.getTime()) / 2);
}

function closeRefused(session: Session, error: unknown, errors: Errors): void {
  if (error instanceof RequestRefused) session.close(CloseCode.TooManyInitialisationRequests, 'Too many attempts');
  else if (isExpired(error)) session.close(CloseCode.Forbidden, 'Token expired');
  else if (error instanceof AppError && error.code === 'UNAUTHENTICATED') session.close(CloseCode.Unauthorized, 'Unauthorized');
  else {
    // Presenting it is what logs and reports it.
    errors.present(error, newId('req'));
    session.close(TRY_AGAIN_LATER, 'Try again later');
  }
}
