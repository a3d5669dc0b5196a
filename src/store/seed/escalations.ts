/** The escalations behind the conversations in which a person of the desk took part: raised by the agent that could not help, claimed, and settled where the conversation was. */
import { priorityOf } from '../escalation.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import type { Policy } from '../policy-schema.ts';
import type { ConversationDraft } from './conversation.ts';
import { createRandom } from './random.ts';

const MINUTE_MS = 60_000;

/** @param staffUserId Who wrote the messages of persons. */
export function escalationRows(
  conversations: readonly ConversationDraft[],
  policy: Policy,
  staffUserId: string,
  today: Date,
): Prisma.EscalationCreateManyInput[] {
  return conversations.flatMap((conversation) => escalationRow(conversation, policy, staffUserId, today) ?? []);
}

function escalationRow(conversation: ConversationDraft, policy: Policy, staffUserId: string, today: Date): Prisma.EscalationCreateManyInput | null {
  const { id: conversationId, account, agentId, resolvedAt, messages } = conversation;
  const reply = messages.find(({ by }) => by === 'person');
  const before = messages.findLast(({ by, createdAt }) => by !== 'person' && reply !== undefined && createdAt < reply.createdAt);
  if (!reply || !before) return null;
  const random = createRandom(`escalation of ${conversationId}`);
  const { plan } = account;
  const createdAt = before.finishedAt;
  const claimedAt = new Date(Math.max(createdAt.getTime(), reply.createdAt.getTime() - random.int(1, 3) * MINUTE_MS));
  const priority = priorityOf({ plan, urgency: 'medium', sentiment: 0, monthlyValueCents: 0 }, policy);
  const after = (minutes: number) => new Date(createdAt.getTime() + minutes * MINUTE_MS);
  const { firstReplyMinutes, resolutionMinutes } = policy.plans[plan];
  const resolutionDueAt = resolutionMinutes === null ? null : after(resolutionMinutes);
  const late = resolutionDueAt && resolutionDueAt < (resolvedAt ?? today) ? resolutionDueAt : null;
  return {
    id: random.id('esc', createdAt),
    conversationId,
    customerId: account.id,
    status: resolvedAt ? 'resolved' : 'claimed',
    priority,
    team: 'tier2_support',
    reason: 'The customer asks for a person, and the usual steps do not apply.',
    rules: ['explicit_request'],
    snapshot: { plan, accountStatus: account.status, subject: messages[0].text, agentId, messages: messages.filter(({ by }) => by === 'customer').length },
    raisedByKind: 'agent',
    raisedById: agentId,
    firstReplyDueAt: after(Math.min(firstReplyMinutes, policy.priority[priority].firstReplyMinutes)),
    resolutionDueAt,
    warnedAt: late,
    breachedAt: late,
    firstReplyAt: reply.createdAt,
    // The customer has had the last word, and it was thanks: nobody waits.
    lastReplyAt: (messages.at(-1) ?? reply).createdAt,
    claimedById: staffUserId,
    claimedAt,
    summary: resolvedAt ? 'A background job had stopped for this workspace. It was started again and has caught up; the customer has confirmed it.' : null,
    resolvedById: resolvedAt ? `user:${staffUserId}` : null,
    resolvedAt,
    createdAt,
    updatedAt: resolvedAt ?? reply.createdAt,
  };
}
