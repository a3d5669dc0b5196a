/**
 * What developers of each workspace have: webhook endpoints with their deliveries, API keys, calls per day and OAuth apps. Only where
 * the plan includes the API; calls add up to the month's figure. Draws from sequences of its own.
 */
import type { Prisma } from '../generated/prisma/client.ts';
import { addDays, addMonths, startOfMonth } from '../period.ts';
import type { Policy } from '../policy-schema.ts';
import type { Member } from './conversation.ts';
import { slugOf } from './names.ts';
import { createRandom, type Random } from './random.ts';

interface DeveloperRows {
  readonly webhooks: Prisma.WebhookEndpointCreateManyInput[];
  readonly attempts: Prisma.WebhookAttemptCreateManyInput[];
  readonly workspaceKeys: Prisma.WorkspaceApiKeyCreateManyInput[];
  readonly apiDays: Prisma.ApiUsageDayCreateManyInput[];
  readonly oauthApps: Prisma.OAuthAppCreateManyInput[];
}

/** Days of calls that are kept. */
const API_DAYS = 14;
const HOUR_MS = 3_600_000;
/** Hours between one try and the next, as the product spreads them over a day. */
const PAUSE_HOURS = [1 / 60, 5 / 60, 0.25, 1, 2, 4, 7, 9] as const;

/** @param members The demo customer is the first of them. @param now A retry of the demo customer is still to come at this moment. */
export function developerRows(members: readonly Member[], policy: Policy, now: Date, today: Date): DeveloperRows {
  const rows: DeveloperRows = { webhooks: [], attempts: [], workspaceKeys: [], apiDays: [], oauthApps: [] };
  for (const [index, member] of members.entries()) {
    if (!policy.plans[member.account.plan].api || member.account.status === 'closed') continue;
    const random = createRandom(`developer rows of ${member.account.id}`);
    const demo = index === 0;
    const { webhooks, attempts } = demo ? demoWebhooks(random, member, policy, now, today) : webhooksOf(random, member, policy, today);
    rows.webhooks.push(...webhooks);
    rows.attempts.push(...attempts);
    rows.workspaceKeys.push(...(demo ? DEMO_KEYS : keysOf(random)).map((key) => keyRow(random, member, today, key)));
    rows.apiDays.push(...apiDaysOf(random, member, policy, today, demo));
    rows.oauthApps.push(...appsOf(random, member, today, demo));
  }
  return rows;
}

type Webhooks = Pick<DeveloperRows, 'webhooks' | 'attempts'>;

function endpoint(
  random: Random,
  { account }: Member,
  path: string,
  today: Date,
  rest: Pick<Prisma.WebhookEndpointCreateManyInput, 'events' | 'status' | 'disabledReason'>,
) {
  const createdAt = addDays(account.createdAt, Math.min(30, (today.getTime() - account.createdAt.getTime()) / 86_400_000 / 2));
  const host = `hooks.${slugOf(account.company)}.example`;
  return { ...rest, id: random.id('whk', createdAt), customerId: account.id, url: `https://${host}${path}`, createdAt };
}

/** One endpoint that works but for events its server took too long for, and one that was switched off over its certificate. */
function demoWebhooks(random: Random, member: Member, policy: Policy, now: Date, today: Date): Webhooks {
  const tasks = endpoint(random, member, '/loomwork', today, {
    events: ['task.created', 'task.completed', 'comment.created'],
    status: 'active',
    disabledReason: null,
  });
  const billing = endpoint(random, member, '/time-sheets', today, {
    events: ['time.logged'],
    status: 'disabled',
    disabledReason: `no delivery succeeded for ${policy.webhookDelivery.disabledAfterDays} days because the certificate had expired`,
  });
  const hour = (hours: number) => new Date(now.getTime() - hours * HOUR_MS);
  const { attemptsMax } = policy.webhook;
  return {
    webhooks: [tasks, billing],
    attempts: [
      ...Array.from({ length: 18 }, (_, index) => succeeded(random, tasks.id, 'task.completed', addDays(today, -0.3 - index * 0.33))),
      ...failed(random, tasks.id, 'task.created', hour(0.5), 4, 'timeout', attemptsMax),
      ...failed(random, tasks.id, 'task.created', hour(50), attemptsMax, 'timeout', attemptsMax),
      ...failed(random, tasks.id, 'comment.created', hour(74), attemptsMax, 'timeout', attemptsMax),
      ...failed(random, billing.id, 'time.logged', hour(100), attemptsMax, 'tls', attemptsMax),
      ...failed(random, billing.id, 'time.logged', hour(120), attemptsMax, 'tls', attemptsMax),
    ],
  };
}

const TROUBLES = [null, null, null, 'timeout', 'http', 'dns', 'connection_refused', 'tls'] as const;

function webhooksOf(random: Random, member: Member, policy: Policy, today: Date): Webhooks {
  const rows: Webhooks = { webhooks: [], attempts: [] };
  for (let place = random.int(0, 2); place > 0; place -= 1) {
    const trouble = random.pick(TROUBLES);
    const off = trouble !== null && random.chance(0.4);
    const events = random.shuffled(['task.created', 'task.completed', 'comment.created', 'project.updated', 'time.logged']).slice(0, random.int(1, 3));
    const row = endpoint(random, member, place === 1 ? '/loomwork' : '/loomwork/tasks', today, {
      events,
      status: off ? 'disabled' : 'active',
      disabledReason: off ? `no delivery succeeded for ${policy.webhookDelivery.disabledAfterDays} days` : null,
    });
    rows.webhooks.push(row);
    const event = events[0] ?? 'task.created';
    if (!off) for (let index = 0; index < 4; index += 1) rows.attempts.push(succeeded(random, row.id, event, addDays(today, -0.4 - index * 0.8)));
    if (trouble !== null)
      rows.attempts.push(
        ...failed(random, row.id, event, addDays(today, -random.next() * 2 - 1.2), policy.webhook.attemptsMax, trouble, policy.webhook.attemptsMax),
      );
  }
  return rows;
}

function succeeded(random: Random, endpointId: string, event: string, at: Date): Prisma.WebhookAttemptCreateManyInput {
  const id = random.id('wha', at);
  return {
    id,
    endpointId,
    event,
    eventId: eventIdOf(random),
    attempt: 1,
    status: 'succeeded',
    responseStatus: 200,
    error: null,
    ms: random.int(40, 900),
    at,
    nextAttemptAt: null,
  };
}

/** The tries of one event, the latest at `last`; the next one is still to come while there are any left. */
function failed(
  random: Random,
  endpointId: string,
  event: string,
  last: Date,
  tries: number,
  error: string,
  attemptsMax: number,
): Prisma.WebhookAttemptCreateManyInput[] {
  const eventId = eventIdOf(random);
  const hoursBefore = (attempt: number) => PAUSE_HOURS.slice(attempt - 1, tries - 1).reduce((sum: number, hours) => sum + hours, 0);
  return Array.from({ length: tries }, (_, index) => {
    const attempt = index + 1;
    const at = new Date(last.getTime() - hoursBefore(attempt) * HOUR_MS);
    const pause = PAUSE_HOURS[attempt - 1];
    const nextAttemptAt = attempt === tries && attempt < attemptsMax && pause !== undefined ? new Date(at.getTime() + pause * HOUR_MS) : null;
    const answer = error === 'http' ? { responseStatus: 500, ms: random.int(50, 2_000) } : { responseStatus: null, ms: error === 'timeout' ? 10_000 : null };
    return { id: random.id('wha', at), endpointId, event, eventId, attempt, status: 'failed' as const, ...answer, error, at, nextAttemptAt };
  });
}

function eventIdOf(random: Random): string {
  return `evt_${Array.from({ length: 10 }, () => random.int(0, 35).toString(36)).join('')}`;
}

interface KeyDraft {
  readonly name: string;
  readonly scopes: readonly string[];
  /** Null: never used; null end: without one. Ends below zero are past. */
  readonly usedDaysAgo: number | null;
  readonly endsInDays: number | null;
  readonly ageDays: number;
  readonly revokedDaysAgo?: number;
}

const DEMO_KEYS: readonly KeyDraft[] = [
  { name: 'Timesheet sync', scopes: ['time:read', 'tasks:read'], usedDaysAgo: 0.1, endsInDays: 58, ageDays: 32 },
  { name: 'Zapier', scopes: ['tasks:write', 'projects:read'], usedDaysAgo: 0.4, endsInDays: 6.5, ageDays: 83 },
  { name: 'Old dashboard', scopes: ['projects:read'], usedDaysAgo: 140, endsInDays: null, ageDays: 390 },
  { name: 'Design plugin', scopes: ['tasks:read', 'comments:write'], usedDaysAgo: 12.2, endsInDays: -12, ageDays: 102 },
  { name: 'Contractor 2025', scopes: ['tasks:write'], usedDaysAgo: 95, endsInDays: null, ageDays: 210, revokedDaysAgo: 90 },
];

const KEY_NAMES = ['CI pipeline', 'Zapier', 'Reporting', 'Warehouse sync', 'Chat bot', 'Invoice export'] as const;
const SCOPES = ['projects:read', 'projects:write', 'tasks:read', 'tasks:write', 'comments:write', 'members:read', 'time:read', 'webhooks:manage'] as const;

function keysOf(random: Random): KeyDraft[] {
  return random
    .shuffled(KEY_NAMES)
    .slice(0, random.int(1, 3))
    .map((name) => ({
      name,
      scopes: random.shuffled(SCOPES).slice(0, random.int(1, 3)).toSorted(),
      usedDaysAgo: random.chance(0.1) ? null : random.next() * (random.chance(0.2) ? 200 : 3),
      endsInDays: random.chance(0.5) ? random.int(-10, 90) : null,
      ageDays: random.int(20, 300),
    }));
}

function keyRow(random: Random, { account }: Member, today: Date, key: KeyDraft): Prisma.WorkspaceApiKeyCreateManyInput {
  const accountDays = (today.getTime() - account.createdAt.getTime()) / 86_400_000;
  const ageDays = Math.min(key.ageDays, accountDays * 0.95);
  const createdAt = addDays(today, -ageDays);
  return {
    id: random.id('wkey', createdAt),
    customerId: account.id,
    name: key.name,
    prefix: `lwk_${Array.from({ length: 6 }, () => random.int(0, 35).toString(36)).join('')}`,
    scopes: [...key.scopes],
    createdAt,
    lastUsedAt: key.usedDaysAgo === null ? null : addDays(today, -Math.min(key.usedDaysAgo, ageDays)),
    expiresAt: key.endsInDays === null ? null : addDays(today, key.endsInDays),
    revokedAt: key.revokedDaysAgo === undefined ? null : addDays(today, -Math.min(key.revokedDaysAgo, ageDays)),
  };
}

/** The month's calls spread over its days; the demo customer's busiest day went over the limit. */
function apiDaysOf(random: Random, { account, usage }: Member, policy: Policy, today: Date, demo: boolean): Prisma.ApiUsageDayCreateManyInput[] {
  const limit = policy.plans[account.plan].apiRequestsPerMinute ?? Number.MAX_SAFE_INTEGER;
  // Early in a month the figure so far is too small for a burst; then it was on the last day of the month before.
  const burst = (today.getUTCDate() < 10 ? addDays(startOfMonth(today), -1) : addDays(today, -2)).getTime();
  return usage
    .filter(({ metric }) => metric === 'api_calls')
    .slice(-2)
    .flatMap(({ month, quantity }) => {
      const end = Math.min(addMonths(startOfMonth(month), 1).getTime(), today.getTime());
      const days: Date[] = [];
      for (let day = startOfMonth(month); day.getTime() < end; day = addDays(day, 1)) days.push(day);
      const weights = days.map((day) => (demo && day.getTime() === burst ? 4 : day.getUTCDay() % 6 === 0 ? 0.3 : 0.8 + random.next() * 0.4));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return days.map((day, index) => ({ day, calls: Math.floor((quantity * (weights[index] ?? 0)) / total) }));
    })
    .filter(({ day }) => day >= addDays(today, -API_DAYS))
    .map(({ day, calls }) => {
      const over = demo && day.getTime() === burst;
      const peakPerMinute = Math.min(calls, over ? Math.round(limit * 1.3) : Math.min(limit, Math.round(calls * 0.08) + random.int(2, 20)));
      const limited = over ? Math.max(0, Math.min(calls, Math.round((peakPerMinute - limit) * 2.4))) : 0;
      return { id: random.id('day', day), customerId: account.id, day, calls, limited, peakPerMinute };
    });
}

const APP_ERRORS = ['invalid_grant', 'redirect_uri_mismatch', 'access_denied', 'invalid_client', 'insufficient_scope'] as const;

function appsOf(random: Random, { account }: Member, today: Date, demo: boolean): Prisma.OAuthAppCreateManyInput[] {
  if (!demo && !random.chance(account.plan === 'enterprise' ? 0.6 : 0.25)) return [];
  const createdAt = addDays(account.createdAt, Math.min(60, (today.getTime() - account.createdAt.getTime()) / 86_400_000 / 2));
  const host = `${slugOf(account.company)}.example`;
  const error = demo ? 'redirect_uri_mismatch' : random.chance(0.5) ? random.pick(APP_ERRORS) : null;
  return [
    {
      id: random.id('app', createdAt),
      customerId: account.id,
      name: demo ? 'Client portal' : random.pick(['Staff portal', 'Sales cockpit', 'Planning board']),
      clientId: `lwc_${Array.from({ length: 12 }, () => random.int(0, 35).toString(36)).join('')}`,
      redirectUris: [`https://${demo ? 'portal' : 'apps'}.${host}/oauth/callback`],
      scopes: ['projects:read', 'tasks:read'],
      lastError: error,
      lastErrorAt: error === null ? null : addDays(today, -0.4 - random.next()),
      createdAt,
    },
  ];
}
