/** Which topics and concepts a text touches, by the readers that decide which tools a message calls and by the router's words. Knows none itself. */
import { CONCEPTS } from '../catalog/concepts.ts';
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

const PHRASE_WORDS_MAX = 5;
const MEANT: ReadonlyMap<string, readonly string[]> = meanings();

function meanings(): ReadonlyMap<string, readonly string[]> {
  const meant = new Map<string, string[]>();
  for (const { name, phrases } of CONCEPTS) for (const phrase of phrases) meant.set(phrase, [...(meant.get(phrase) ?? []), name]);
  return meant;
}

/** What a text speaks of in whichever words, also in German, Spanish and French: "get my money back" and "refund" are one. */
export function conceptsIn(text: string): ReadonlySet<string> {
  const words =
    text
      .slice(0, CHARS_MAX)
      .toLowerCase()
      .replace(/\d ?% (?:off|less)\b/g, ' discount ')
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  const concepts = new Set<string>();
  for (let from = 0; from < words.length; from += 1)
    for (let count = 1; count <= PHRASE_WORDS_MAX && from + count <= words.length; count += 1)
      for (const name of MEANT.get(words.slice(from, from + count).join(' ')) ?? []) concepts.add(name);
  return concepts;
}
