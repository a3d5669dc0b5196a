/** The row that says who did what to which subject. Written in the transaction of the act; holds names of fields, never their content. */
import { newId } from '../foundation/ids.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';
import type { Sql } from '../store/sql.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';

const ACTOR_KIND = { staff: 'user', customer: 'customer', partner: 'partner' } as const;

export function auditEntry(
  viewer: Viewer,
  action: string,
  subjectKind: string,
  subjectId: string,
  changes: Prisma.InputJsonObject,
  now: Date,
): Prisma.AuditEntryCreateInput {
  return { id: newId('aud'), at: now, actorKind: ACTOR_KIND[viewer.kind], actorId: viewerKey(viewer), action, subjectKind, subjectId, changes };
}

/** The same for an act of an agent, on behalf of the customer it serves. */
export function agentEntry(
  agentId: string,
  action: string,
  subjectKind: string,
  subjectId: string,
  changes: Prisma.InputJsonObject,
  now: Date,
): Prisma.AuditEntryCreateInput {
  return { id: newId('aud'), at: now, actorKind: 'agent', actorId: agentId, action, subjectKind, subjectId, changes };
}

/** The same for what nobody in particular did: a clock ran out. */
export function systemEntry(action: string, subjectKind: string, subjectId: string, changes: Prisma.InputJsonObject, now: Date): Prisma.AuditEntryCreateInput {
  return { id: newId('aud'), at: now, actorKind: 'system', actorId: 'system', action, subjectKind, subjectId, changes };
}

/** Writes an entry in a transaction of hand-written statements. */
export async function insertEntry(
  tx: Sql,
  { id, at, actorKind, actorId, action, subjectKind, subjectId, changes }: Prisma.AuditEntryCreateInput,
): Promise<void> {
  await tx.execute`
    INSERT INTO "AuditEntry" ("id", "at", "actorKind", "actorId", "action", "subjectKind", "subjectId", "changes")
    VALUES (${id}, ${at}, ${actorKind}::"ActorKind", ${actorId}, ${action}, ${subjectKind}, ${subjectId}, ${JSON.stringify(changes)}::jsonb)`;
}
