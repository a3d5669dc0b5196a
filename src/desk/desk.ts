/**
 * What can happen at the desk, as verbs. The only writer and publisher of business facts: each verb checks access, writes in one
 * transaction, then tells the event log, and puts work for runs into the job queue. It never calls a run.
 * Implemented in conversation.ts, customer.ts and agent.ts.
 */
import type { AgentSetting, Conversation, Message, Run } from '../store/generated/prisma/client.ts';
import type { ApiKeyDesk } from './api-key.ts';
import type { CustomerTokenDesk } from './customer-token.ts';
import type { CustomerDesk } from './customer.ts';
import type { BillingMailDesk } from './billing-mail.ts';
import type { DiscountDesk } from './discount.ts';
import type { PlanDesk } from './plan-change.ts';
import type { RefundDesk } from './refund.ts';
import type { Viewer } from '../store/viewer.ts';
import type { AgentRunDesk } from './agent-run.ts';
import type { WorkflowRunDesk } from './workflow-run.ts';
import type { ApprovalDesk } from './approval.ts';
import type { EscalationDesk } from './escalation.ts';
import type { RouteCorrectionDesk } from './route-correction.ts';
import type { OnboardingDesk } from './onboarding.ts';
import type { ArticleDesk } from './article.ts';
import type { Presence } from './presence.ts';
import type { DeletionDesk } from './deletion.ts';
import type { MemberDesk } from './member.ts';
import type { NotificationDesk } from './notification.ts';
import type { PrivacyDesk } from './privacy.ts';
import type { ProfileDesk } from './profile.ts';
import type { SecurityDesk } from './security-setting.ts';
import type { SignInDesk } from './sign-in.ts';
import type { TicketDesk } from './ticket.ts';
import type { WorkspaceKeyDesk } from './workspace-key.ts';
import type { WebhookDesk } from './webhook.ts';
import type { PartnerWebhookDesk } from './partner-webhook.ts';
import type { RestoreDesk } from './restore.ts';
import type { ErasureDesk } from './erasure.ts';
import type { ScheduleDesk } from './schedule.ts';
import type { ExportDesk } from './customer-export.ts';
import type { ConnectionDesk } from './connection.ts';
import type { UserDesk } from './user.ts';
import type { OperationDesk } from './registered-operation.ts';

/** What to do with a message while a run is active in the conversation. */
export const BUSY_POLICIES = ['queue', 'interrupt', 'reject'] as const;
export type BusyPolicy = (typeof BUSY_POLICIES)[number];

/** What became of a posted message: answered now, after others, instead of one that was stopped, or the same as before. */
export const DISPOSITIONS = ['started', 'queued', 'interrupted', 'duplicate'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

export interface StartConversation {
  /** One of the two; a customer viewer may leave both out. */
  readonly customerId?: string | null;
  readonly customerEmail?: string | null;
  readonly text: string;
  readonly channel?: 'web' | 'email' | 'api' | 'mobile' | null;
  readonly idempotencyKey?: string | null;
}

export interface PostMessage {
  readonly conversationId: string;
  readonly text: string;
  readonly clientMessageId?: string | null;
  readonly onBusy?: BusyPolicy | null;
}

export interface ConversationDesk {
  start(viewer: Viewer, input: StartConversation): Promise<{ conversation: Conversation; message: Message; run: Run }>;
  /** `run` is null when a person of the desk wrote: agents do not answer the desk. */
  post(viewer: Viewer, input: PostMessage): Promise<{ message: Message; run: Run | null; disposition: Disposition }>;
  resolve(viewer: Viewer, input: { readonly conversationId: string }): Promise<{ conversation: Conversation }>;
  reopen(viewer: Viewer, input: { readonly conversationId: string }): Promise<{ conversation: Conversation }>;
  /** @param input.rating 1 to 5. */
  rate(
    viewer: Viewer,
    input: { readonly conversationId: string; readonly rating: number; readonly comment?: string | null },
  ): Promise<{ conversation: Conversation }>;
}

export interface AgentDesk {
  /** The staff's kill switch. @throws AppError NOT_FOUND for an id no agent has. */
  setEnabled(viewer: Viewer, input: { readonly agentId: string; readonly enabled: boolean; readonly reason?: string | null }): Promise<AgentSetting>;
  /** Ids of the agents that are switched off; cached for at most two seconds. */
  disabled(): Promise<ReadonlySet<string>>;
}

export interface Desk {
  readonly presence: Presence;
  readonly conversations: ConversationDesk;
  readonly escalations: EscalationDesk;
  readonly approvals: ApprovalDesk;
  readonly customers: CustomerDesk;
  readonly tickets: TicketDesk;
  readonly refunds: RefundDesk;
  readonly planChanges: PlanDesk;
  readonly discounts: DiscountDesk;
  readonly billingMail: BillingMailDesk;
  readonly workspaceKeys: WorkspaceKeyDesk;
  readonly webhooks: WebhookDesk;
  readonly restores: RestoreDesk;
  readonly connections: ConnectionDesk;
  readonly onboarding: OnboardingDesk;
  readonly members: MemberDesk;
  readonly signIns: SignInDesk;
  readonly notifications: NotificationDesk;
  readonly security: SecurityDesk;
  readonly profiles: ProfileDesk;
  readonly privacy: PrivacyDesk;
  readonly deletions: DeletionDesk;
  readonly agents: AgentDesk;
  readonly agentRuns: AgentRunDesk;
  readonly workflowRuns: WorkflowRunDesk;
  readonly schedules: ScheduleDesk;
  readonly routeCorrections: RouteCorrectionDesk;
  readonly articles: ArticleDesk;
  readonly erasures: ErasureDesk;
  readonly exports: ExportDesk;
  readonly users: UserDesk;
  readonly operations: OperationDesk;
  readonly partnerWebhooks: PartnerWebhookDesk;
  readonly apiKeys: ApiKeyDesk;
  readonly customerTokens: CustomerTokenDesk;
}
