/** Which topics a text touches, by the readers that decide which tools a message calls. Knows no topic itself. */
import * as account from './topics-account.ts';
import * as technical from './topics-technical.ts';
import * as usage from './topics-usage.ts';
import * as billing from './topics.ts';

const TOPICS: readonly (readonly [string, (text: string) => boolean])[] = [
  ['failed_payment', billing.isAboutFailedPayment],
  ['refund', billing.isAboutRefund],
  ['duplicate', billing.isAboutDuplicate],
  ['invoices', billing.isAboutInvoices],
  ['payments', billing.isAboutPayments],
  ['sign_in', billing.isAboutSignIn],
  ['usage', billing.isAboutUsage],
  ['price', billing.isAboutPrice],
  ['plans', billing.isAboutPlans],
  ['own_plan', billing.isAboutOwnPlan],
  ['members', account.isAboutMembers],
  ['roles', account.isAboutRoles],
  ['notifications', account.isAboutNotifications],
  ['security', account.isAboutSecurity],
  ['sessions', account.isAboutSessions],
  ['sso', account.isAboutSso],
  ['audit_log', account.isAboutAuditLog],
  ['data_export', account.isAboutDataExport],
  ['deletion', account.isAboutDeletion],
  ['compliance', account.isAboutCompliance],
  ['profile', account.isAboutProfile],
  ['crash', technical.isAboutCrash],
  ['slowness', technical.isAboutSlowness],
  ['sync', technical.isAboutSync],
  ['deleted', technical.isAboutDeleted],
  ['browser', technical.isAboutBrowser],
  ['webhooks', technical.isAboutWebhooks],
  ['api_keys', technical.isAboutApiKeys],
  ['rate_limits', technical.isAboutRateLimits],
  ['oauth', technical.isAboutOAuth],
  ['sdk', technical.isAboutSdk],
  ['export', usage.isAboutExport],
  ['import', usage.isAboutImport],
  ['sharing', usage.isAboutSharing],
];
/** Patterns are linear, and a letter says its topic at the start. */
const CHARS_MAX = 4_000;

export function topicsIn(text: string): string[] {
  const said = text.slice(0, CHARS_MAX);
  return TOPICS.filter(([, isAbout]) => isAbout(said)).map(([name]) => name);
}
