/**
 * Tokens of the customer's workspace for the product's API: revoked, once, and for good. Only a key that the customer named by its
 * name or its prefix, in words that ask for it. Makes no key and never sees a secret.
 */
import { notFound } from '../foundation/errors.ts';
import type { WorkspaceApiKey } from '../store/generated/prisma/client.ts';
import { actOnce, refused, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { assertAsked } from './asked-for.ts';
import { isNamed, withoutQuotes, type Words } from './grounding.ts';
import { enqueueOutgoing } from './outbox.ts';

export interface RevokeKey extends AgentCall {
  /** Left out: the key the customer named. */
  readonly keyId?: string | undefined;
}

export interface WorkspaceKeyDesk {
  /** @throws AppError NOT_FOUND without such a key; CONFLICT when it was revoked before, or the customer did not name it or ask for it. */
  revoke(act: RevokeKey): Promise<WorkspaceApiKey>;
}

export function createWorkspaceKeyDesk(deps: AgentActDeps): WorkspaceKeyDesk {
  return Object.freeze<WorkspaceKeyDesk>({
    async revoke(act) {
      const { customerId, conversationId } = act;
      const id = await actOnce(deps, act, 'workspace_key.revoke', async ({ tx, now }) => {
        const key = choose(await tx.workspaceApiKey.findMany({ where: { customerId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] }), act);
        if (key.revokedAt !== null) throw refused(`The key "${key.name}" was revoked before.`);
        await assertAsked(tx, act, 'revoke_api_key');
        await tx.workspaceApiKey.update({ where: { id: key.id }, data: { revokedAt: now } });
        await enqueueOutgoing(tx, { kind: 'product', customerId, subject: 'api_key_revoke', payload: { keyId: key.id }, conversationId }, now);
        return { subjectId: key.id, subjectKind: 'workspace_api_key', changes: { fields: ['revokedAt'] } };
      });
      return deps.database.workspaceApiKey.findUniqueOrThrow({ where: { id } });
    },
  });
}

/** The one key that the customer's words name; never a guess, for it cannot be undone. */
function choose(keys: readonly WorkspaceApiKey[], { keyId, said, earlier }: RevokeKey): WorkspaceApiKey {
  const words = { said, earlier };
  const byPrefix = keys.filter(({ prefix }) => namesPrefix(prefix, words));
  const live = keys.filter(({ name, revokedAt }) => revokedAt === null && isNamed(name, words));
  const named = byPrefix.length > 0 ? byPrefix : live.length > 0 ? live : keys.filter(({ name }) => isNamed(name, words));
  if (keyId !== undefined && !keys.some(({ id }) => id === keyId)) throw notFound('API key');
  const meant = named.filter(({ id }) => keyId === undefined || id === keyId);
  const [only] = meant;
  if (only && meant.length === 1) return only;
  if (keys.length === 0) throw notFound('API key');
  throw refused('The customer has not named exactly one key. Ask for its name or for the characters it begins with.');
}

/** A customer may paste the whole key: its start is enough to know which one it is. */
function namesPrefix(prefix: string, { said, earlier }: Words): boolean {
  return [said, ...earlier].some((text) => withoutQuotes(text).includes(prefix));
}
