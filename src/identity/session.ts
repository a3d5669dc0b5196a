/**
 * Log-ins of the people of the desk. Each is a family of refresh tokens: opaque, kept as hashes, each good once and followed by the next.
 * A token that comes a second time was copied, and nobody can tell by whom it comes now: the whole family ends. There is no grace for an
 * answer that got lost on its way, since a thief would have it too; whoever loses one logs in again. What a client says it is stands on
 * the row for people to recognise it by and decides nothing.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { Prisma, SessionEndCause, User } from '../store/generated/prisma/client.ts';
import { networkOf } from './lockout.ts';
import { randomSecret, secretHash } from './one-time.ts';
import type { Revocation } from './revocation.ts';
import type { Principal } from '../store/principal.ts';
import { staffViewer } from '../store/viewer.ts';
import type { Tokens } from './token.ts';

export interface SessionTokens {
  /** Good for 15 minutes. */
  readonly accessToken: string;
  readonly expiresAt: Date;
  /** Good once, until the session ends. */
  readonly refreshToken: string;
  readonly sessionId: string;
  readonly sessionExpiresAt: Date;
}

export interface SessionsDeps {
  readonly database: Database;
  readonly tokens: Tokens;
  readonly revocation: Pick<Revocation, 'note' | 'tell'>;
  readonly clock: Clock;
  /** Called in the transaction that ends a family because a token came twice. */
  readonly onReplay: (tx: Prisma.TransactionClient, userId: string, sessionId: string, now: Date) => Promise<void>;
}

export interface Sessions {
  /** A new log-in, always under a new id. */
  begin(tx: Prisma.TransactionClient, user: User, from: { readonly address: string | null; readonly userAgent: string | null }): Promise<SessionTokens>;
  /** @throws AppError UNAUTHENTICATED, the same for a token that never was, came twice, or whose session has ended. */
  refresh(refreshToken: string): Promise<SessionTokens>;
  /** Ends these in the transaction; answers whom to tell after the commit. */
  end(
    tx: Prisma.TransactionClient,
    which: { readonly userId: string; readonly id?: string; readonly except?: string | null },
    cause: SessionEndCause,
  ): Promise<Principal[]>;
  /** Forgets what ended long ago. */
  prune(): Promise<number>;
}

export const ACCESS_S = 15 * 60;
export const SESSION_MS = 30 * 24 * 60 * 60_000;
const USER_AGENT_CHARS_MAX = 200;

export function createSessions({ database, tokens, revocation, clock, onReplay }: SessionsDeps): Sessions {
  async function issue(tx: Prisma.TransactionClient, user: User, session: { readonly id: string; readonly expiresAt: Date }): Promise<SessionTokens> {
    const now = clock.now();
    const refreshToken = randomSecret();
    await tx.refreshToken.create({ data: { hash: secretHash(refreshToken), sessionId: session.id, createdAt: now } });
    // No token outlives its session.
    const ttlS = Math.max(1, Math.min(ACCESS_S, Math.floor((session.expiresAt.getTime() - now.getTime()) / 1_000)));
    const { id: userId, name, role } = user;
    return {
      accessToken: await tokens.sign(staffViewer({ userId, name, role, sessionId: session.id }), { ttlS }),
      expiresAt: new Date(now.getTime() + ttlS * 1_000),
      refreshToken,
      sessionId: session.id,
      sessionExpiresAt: session.expiresAt,
    };
  }

  async function end(tx: Prisma.TransactionClient, which: Parameters<Sessions['end']>[1], cause: SessionEndCause): Promise<Principal[]> {
    const { userId, id, except = null } = which;
    const where = { userId, endedAt: null, ...(id === undefined ? {} : { id }), ...(except === null ? {} : { NOT: { id: except } }) };
    const rows = await tx.staffSession.findMany({ where, select: { id: true } });
    const ids = rows.map((row) => row.id);
    await tx.staffSession.updateMany({ where: { id: { in: ids }, endedAt: null }, data: { endedAt: clock.now(), endReason: cause } });
    await tx.refreshToken.deleteMany({ where: { sessionId: { in: ids }, usedAt: null } });
    const principals = ids.map((one): Principal => `session:${one}`);
    await revocation.note(tx, principals);
    return principals;
  }

  /** The row is told, then everybody: a copy of this token is in somebody's hands. */
  async function endReplayed(sessionId: string): Promise<void> {
    const ended = await database.$transaction(async (tx) => {
      const session = await tx.staffSession.findUnique({ where: { id: sessionId } });
      if (!session || session.endedAt) return [];
      await onReplay(tx, session.userId, sessionId, clock.now());
      return end(tx, { userId: session.userId, id: sessionId }, 'replayed');
    });
    await revocation.tell(ended);
  }

  return Object.freeze<Sessions>({
    async begin(tx, user, { address, userAgent }) {
      const now = clock.now();
      const id = newId('login');
      const expiresAt = new Date(now.getTime() + SESSION_MS);
      const agent = userAgent?.replaceAll(/\p{Cc}/gu, ' ').slice(0, USER_AGENT_CHARS_MAX) ?? null;
      await tx.staffSession.create({
        data: { id, userId: user.id, createdAt: now, lastUsedAt: now, expiresAt, userAgent: agent, network: networkOf(address) },
      });
      return issue(tx, user, { id, expiresAt });
    },
    async refresh(refreshToken) {
      const hash = secretHash(refreshToken);
      const now = clock.now();
      const next = await database.$transaction(async (tx) => {
        const { count } = await tx.refreshToken.updateMany({ where: { hash, usedAt: null }, data: { usedAt: now } });
        if (count === 0) return null;
        const { session } = await tx.refreshToken.findUniqueOrThrow({ where: { hash }, include: { session: { include: { user: true } } } });
        if (session.endedAt || session.expiresAt <= now || !session.user.active) return null;
        await tx.staffSession.update({ where: { id: session.id }, data: { lastUsedAt: now } });
        return issue(tx, session.user, session);
      });
      if (next) return next;
      const used = await database.refreshToken.findUnique({ where: { hash } });
      if (used) await endReplayed(used.sessionId);
      throw new AppError('UNAUTHENTICATED', 'This sign-in has ended. Sign in again.');
    },
    end,
    async prune() {
      const { count } = await database.staffSession.deleteMany({ where: { expiresAt: { lt: new Date(clock.now().getTime() - SESSION_MS) } } });
      return count;
    },
  });
}
