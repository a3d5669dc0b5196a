/**
 * What a webhook is sent: the item that a subscriber of the same conversation or run gets, made by the same resolvers from one fixed
 * selection, as whoever the webhook belongs to. So both say the same, and nobody is sent what they could not read.
 */
import { execute, GraphQLError, parse, type DocumentNode } from 'graphql';
import { z } from 'zod';
import { ParleyEvent, type EventType } from '../events/event.ts';
import { WEBHOOK_EVENT_TYPES, type WebhookEventType } from '../desk/partner-webhook-events.ts';
import type { Context } from './builder.ts';
import type { Item } from './stream-item.ts';
import { schema } from './schema.ts';

/** What is selected of each kind of item. Additions are free, changes are not: receivers read these fields. */
const SELECTED: Readonly<Record<WebhookEventType, string>> = {
  MessagePosted: 'message { ...WebhookMessage }',
  MessageFinished: 'message { ...WebhookMessage }',
  ConversationChanged: 'conversation { id status owner ownerVersion rating resolvedAt }',
  RunStarted: 'attempt run { id workflow }',
  RunFinished: 'outcome finishReason firstTokenMs run { ...WebhookRun }',
  RunFailed: 'code sentence retryable partialKept run { ...WebhookRun }',
  RunStopped: 'by run { ...WebhookRun }',
  EscalationRaised: 'escalation { ...WebhookEscalation }',
  EscalationClaimed: 'person { kind id } escalation { ...WebhookEscalation }',
  EscalationReleased: 'by escalation { ...WebhookEscalation }',
  EscalationResolved: 'escalation { ...WebhookEscalation }',
  ApprovalRequested: 'approval { id tool summary risk expiresAt }',
  ApprovalDecided: 'outcome by approval { id tool summary risk status }',
  BudgetWarning: 'runId scope spent { amount currency } limit { amount currency } tokens tokenLimit',
};

const FRAGMENTS = {
  WebhookMessage: 'fragment WebhookMessage on Message { id role text status createdAt agent { id title } }',
  WebhookRun: 'fragment WebhookRun on Run { id workflow status outcome startedAt finishedAt }',
  WebhookEscalation: 'fragment WebhookEscalation on Escalation { id status priority team createdAt }',
} as const;

/** In a run's own channel nothing is told of conversations. */
const NOT_OF_RUNS: ReadonlySet<WebhookEventType> = new Set<WebhookEventType>([
  'ConversationChanged',
  'EscalationRaised',
  'EscalationClaimed',
  'EscalationReleased',
  'EscalationResolved',
]);

/** The operation whose items webhooks are sent. @param types Partners may leave out what only the desk is told. */
export function webhookOperation(field: 'conversationEvents' | 'runEvents', types: readonly WebhookEventType[] = WEBHOOK_EVENT_TYPES): string {
  const told = types.filter((type) => field === 'conversationEvents' || !NOT_OF_RUNS.has(type));
  const items = told.map((type) => `    ... on ${type} { ${SELECTED[type]} }`);
  const used = Object.entries(FRAGMENTS).flatMap(([name, text]) => (items.some((item) => item.includes(`...${name} `)) ? [text] : []));
  return [
    'subscription WebhookEvents($id: ID!, $after: Position) {',
    `  ${field}(id: $id, after: $after) {`,
    '    __typename position sequence at',
    ...items,
    '  }',
    '}',
    ...used,
  ].join('\n');
}

export interface WebhookEventRow {
  readonly event: unknown;
  readonly conversationId: string | null;
  readonly runId: string | null;
  readonly position: string;
  readonly sequence: number;
}

const DOCUMENTS: Readonly<Record<'conversationEvents' | 'runEvents', DocumentNode>> = {
  conversationEvents: parse(webhookOperation('conversationEvents')),
  runEvents: parse(webhookOperation('runEvents')),
};
const ItemData = z.record(z.string(), z.unknown());

/**
 * The body of a delivery.
 * @param context Of whoever the webhook belongs to, fresh.
 * @throws Error when something of it could not be read: half an event is not sent.
 */
export async function renderWebhookBody({ event, conversationId, runId, position, sequence }: WebhookEventRow, context: Context): Promise<string> {
  const said = ParleyEvent.parse(event);
  const field = conversationId === null ? 'runEvents' : 'conversationEvents';
  const item: Item = { position, sequence, at: said.at, replay: false, said };
  const result = await execute({
    schema,
    document: DOCUMENTS[field],
    variableValues: { id: conversationId ?? runId },
    rootValue: item,
    contextValue: context,
  });
  const [fault] = result.errors ?? [];
  if (fault) throw fault.originalError ?? new GraphQLError(fault.message);
  const data = ItemData.parse(result.data?.[field]);
  const type: EventType = said.type;
  return JSON.stringify({ type, timestamp: said.at, conversationId, runId, position, sequence, data });
}
