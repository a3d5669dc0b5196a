/** The closed list of what webhooks tell of: milestones, which stand in rows. What only lives while it is watched (text on its way, typing) is for subscriptions. */
import type { ParleyEvent } from '../events/event.ts';

/** Told to partners and to the business. */
export const PARTNER_EVENT_TYPES = [
  'MessagePosted',
  'MessageFinished',
  'ConversationChanged',
  'RunStarted',
  'RunFinished',
  'RunFailed',
  'RunStopped',
  'EscalationRaised',
  'EscalationClaimed',
  'EscalationReleased',
  'EscalationResolved',
] as const;

/** The desk's own affairs: told to webhooks of the business itself only. */
export const DESK_EVENT_TYPES = ['ApprovalRequested', 'ApprovalDecided', 'BudgetWarning'] as const;

export const WEBHOOK_EVENT_TYPES = [...PARTNER_EVENT_TYPES, ...DESK_EVENT_TYPES] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];
/** An event that webhooks may tell of. */
export type WebhookEvent = Extract<ParleyEvent, { type: WebhookEventType }>;

const TYPES: ReadonlySet<string> = new Set(WEBHOOK_EVENT_TYPES);

export function isWebhookEvent(event: ParleyEvent): event is WebhookEvent {
  return TYPES.has(event.type);
}
