/**
 * The verbs that tools may use, opened together: whoever starts the house, and every test, opens the same ones. A new noun of the
 * desk is one line in desk.ts and one here. What only people may do (conversations, agents) is not among them.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Database } from '../store/database.ts';
import { createBillingMailDesk } from './billing-mail.ts';
import { createDiscountDesk } from './discount.ts';
import { createPlanDesk } from './plan-change.ts';
import { createRefundDesk } from './refund.ts';
import { createCustomerDesk } from './customer.ts';
import type { Desk } from './desk.ts';
import { createDeletionDesk } from './deletion.ts';
import { createMemberDesk } from './member.ts';
import { createNotificationDesk } from './notification.ts';
import { createPrivacyDesk } from './privacy.ts';
import { createProfileDesk } from './profile.ts';
import { createSecurityDesk } from './security-setting.ts';
import { createSignInDesk } from './sign-in.ts';
import { createOnboardingDesk } from './onboarding.ts';
import { createTicketDesk } from './ticket.ts';
import { createWorkspaceKeyDesk } from './workspace-key.ts';
import { createWebhookDesk } from './webhook.ts';
import { createRestoreDesk } from './restore.ts';
import { createConnectionDesk } from './connection.ts';

export type ToolDesk = Omit<
  Desk,
  | 'presence'
  | 'conversations'
  | 'escalations'
  | 'approvals'
  | 'agents'
  | 'articles'
  | 'agentRuns'
  | 'workflowRuns'
  | 'schedules'
  | 'routeCorrections'
  | 'erasures'
  | 'exports'
  | 'users'
  | 'operations'
  | 'partnerWebhooks'
  | 'apiKeys'
  | 'customerTokens'
>;

export interface ToolDeskDeps {
  readonly database: Database;
  readonly clock: Clock;
}

export function createToolDesk({ database, clock }: ToolDeskDeps): ToolDesk {
  return Object.freeze<ToolDesk>({
    customers: createCustomerDesk({ database, clock }),
    deletions: createDeletionDesk({ database, clock }),
    members: createMemberDesk({ database, clock }),
    notifications: createNotificationDesk({ database, clock }),
    privacy: createPrivacyDesk({ database, clock }),
    profiles: createProfileDesk({ database, clock }),
    security: createSecurityDesk({ database, clock }),
    signIns: createSignInDesk({ database, clock }),
    tickets: createTicketDesk({ database, clock }),
    refunds: createRefundDesk({ database, clock }),
    planChanges: createPlanDesk({ database, clock }),
    discounts: createDiscountDesk({ database, clock }),
    billingMail: createBillingMailDesk({ database, clock }),
    workspaceKeys: createWorkspaceKeyDesk({ database, clock }),
    webhooks: createWebhookDesk({ database, clock }),
    restores: createRestoreDesk({ database, clock }),
    connections: createConnectionDesk({ database, clock }),
    onboarding: createOnboardingDesk({ database, clock }),
  });
}
