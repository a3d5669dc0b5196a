/**
 * Who may keep a WebSocket: reads the credential of connection_init, counts the sockets of each viewer, and closes a socket whose
 * credential is bad or expires.
 *
 * Close codes, chosen by what the stock client does with them: 4403 (retried) for a credential that has expired, since a fresh one may
 * be at hand; 4401 (final) for one that never was; 4429 (final) for too many sockets of one viewer; 1013 (retried) when credentials
 * cannot be checked right now.
 */
import type { IncomingMessage } from 'node:http';
import { CloseCode } from 'graphql-ws';
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Authenticate } from '../identity/authenticate.ts';
import { isExpired } from '../identity/token.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { credentialOfHeader, credentialOfParams } from './credential.ts';
import type { Errors } from './errors.ts';
import { hasExpired } from './expiry.ts';
import type { Session } from './socket.ts';

export interface AdmissionDeps {
  readonly authenticate: Authenticate;
  readonly errors: Errors;
  readonly clock: Clock;
  readonly socketsPerViewer: number;
}

export interface Admission {
  /** Names the session's viewer and answers true, or closes the socket and answers false. Without a credential the viewer is nobody. */
  admit(session: Session, request: IncomingMessage, connectionParams: Readonly<Record<string, unknown>> | undefined): Promise<boolean>;
}

/** Many people may share an address behind one proxy. */
const ANONYMOUS_FACTOR = 10;
const TRY_AGAIN_LATER = 1013;

export function createAdmission({ authenticate, errors, clock, socketsPerViewer }: AdmissionDeps): Admission {
  const perViewer = new Map<string, number>();

  /** Anonymous sockets are counted by address. */
  function count(session: Session, viewer: Viewer | null): boolean {
    const key = viewer ? viewerKey(viewer) : `address:${session.address}`;
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

  return Object.freeze({
    async admit(session: Session, request: IncomingMessage, connectionParams: Readonly<Record<string, unknown>> | undefined) {
      try {
        const credential = credentialOfParams(connectionParams) ?? credentialOfHeader(request.headers.authorization);
        const known = credential === null ? null : await authenticate(credential);
        if (!count(session, known?.viewer ?? null)) {
          session.close(CloseCode.TooManyInitialisationRequests, 'Too many connections');
          return false;
        }
        session.viewer = known?.viewer ?? null;
        if (known?.expiresAt) session.own(closeAtExpiry(session, known.expiresAt, clock));
        return true;
      } catch (error) {
        closeRefused(session, error, errors);
        return false;
      }
    },
  });
}

async function closeAtExpiry(session: Session, expiresAt: Date, clock: Clock): Promise<void> {
  if (await hasExpired(expiresAt, clock, session.signal)) session.close(CloseCode.Forbidden, 'Token expired');
}

function closeRefused(session: Session, error: unknown, errors: Errors): void {
  if (isExpired(error)) session.close(CloseCode.Forbidden, 'Token expired');
  else if (error instanceof AppError && error.code === 'UNAUTHENTICATED') session.close(CloseCode.Unauthorized, 'Unauthorized');
  else {
    // Presenting it is what logs and reports it.
    errors.present(error, newId('req'));
    session.close(TRY_AGAIN_LATER, 'Try again later');
  }
}
