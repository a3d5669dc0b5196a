/**
 * Every setting, with its unit, default and bounds: the only reader of the environment besides instrument.ts. All problems are
 * reported at once. Decides nothing beyond what is set: main.ts acts on it.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { isTimeZone } from './desk/cron.ts';
import { LOG_LEVELS } from './foundation/logger.ts';
import { areNetworks, areOrigins, count, httpUrl, listOf, port } from './setting-forms.ts';
import { SIGN_IN_SETTINGS, signInOf, unusableSignIn } from './sign-in-settings.ts';

const days = count(1, 36_500);
/** US dollars; `none` is without a limit. */
const tokens = z
  .union([z.literal('none').transform(() => null), z.coerce.number('must be a number of tokens, or none').int().positive().max(2_000_000_000)])
  .optional();
const usd = z.union([z.literal('none').transform(() => null), z.coerce.number('must be a sum in US dollars, or none').positive().max(1_000_000)]).optional();
const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');

/** The first seals, all of them open: a new key is put before the old one. */
const webhookKeys = z
  .string()
  .transform(listOf)
  .refine((keys) => keys.length > 0 && keys.every((key) => key.length >= 32), 'must have at least 32 characters, and so must each of several between commas');

const Environment = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  PORT: port.default(4000),
  HOST: z.string().default('localhost'),
  PARLEY_ROLE: z.enum(['all', 'gateway', 'worker']).default('all'),
  PARLEY_DATA_DIR: z.string().default('.data'),
  PUBLIC_URL: httpUrl.optional(),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_CONNECTIONS: count(2, 200).default(10),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  ANTHROPIC_API_KEY: z.string().min(1).optional(),
  ANTHROPIC_BASE_URL: httpUrl.optional(),
  MODEL_QUICK: z.string().default('claude-haiku-5-5'),
  MODEL_BALANCED: z.string().default('claude-haiku-5-5'),
  MODEL_CAREFUL: z.string().default('claude-haiku-5-5'),
  OFFLINE_TOKENS_PER_S: count(0, 10_000).default(60),
  OUTBOX_URL: httpUrl.optional(),
  OUTBOX_TOKEN: z.string().min(1).optional(),
  WEBHOOK_ENCRYPTION_KEY: webhookKeys.optional(),
  WEBHOOK_LOOPBACK: flag.optional(),
  DESK_TIMEZONE: z.string().default('UTC').refine(isTimeZone, 'must be the name of a time zone, such as Europe/Berlin'),
  JWT_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  SIGNING_KEY_DAYS: count(1, 365).default(30),
  REGISTRATION: z.enum(['open', 'invited']).optional(),
  PASSWORD_CHARS_MIN: count(8, 64).default(15),
  LEAKED_PASSWORDS_URL: httpUrl.optional(),
  ALLOWED_ORIGINS: z.string().default('').refine(areOrigins, 'must be origins such as https://shop.example.com, separated by commas; * is none'),
  TRUSTED_PROXIES: z.string().default('').refine(areNetworks, 'must be addresses or networks such as 10.0.0.0/8, separated by commas'),
  RATE_LIMITS: z.enum(['on', 'off']).optional(),
  ...SIGN_IN_SETTINGS,
  GRAPHIQL: flag.optional(),
  ALLOW_ARBITRARY_OPERATIONS: flag.optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS).optional(),
  LOG_FORMAT: z.enum(['json', 'pretty']).optional(),
  SENTRY_DSN: z.url().optional(),
  REDACT_EMAIL: flag.optional(),
  REDACT_PHONE: flag.optional(),
  REDACT_KEPT_DOMAINS: z.string().default('loomwork.example'),
  MESSAGE_CHARS_MAX: count(1, 100_000).default(10_000),
  HISTORY_TOKENS: count(500, 150_000).default(8_000),
  ANSWER_TOKENS_MAX: count(64, 32_000).default(1_024),
  STEP_MS: count(1_000, 600_000).default(60_000),
  RUN_MS: count(1_000, 3_600_000).default(300_000),
  MODEL_TOKEN_GAP_MS: count(500, 300_000).default(20_000),
  RUNS_AT_ONCE: count(1, 2_000).default(200),
  DRAIN_MS: count(0, 600_000).default(25_000),
  DRAIN_SOCKETS_PER_S: count(1, 100_000).default(200),
  HISTORY_MS: count(1_000, 86_400_000).default(15 * 60_000),
  HISTORY_EVENTS_MAX: count(100, 1_000_000).default(10_000),
  BUDGET_RUN_USD: usd,
  BUDGET_CONVERSATION_USD: usd,
  BUDGET_DAY_USD: usd,
  BUDGET_RUN_TOKENS: tokens,
  BUDGET_CONVERSATION_TOKENS: tokens,
  BUDGET_DAY_TOKENS: tokens,
  RETENTION_CONVERSATION_DAYS: days.default(730),
  RETENTION_AUDIT_DAYS: days.default(1_095),
  RETENTION_OUTBOX_DAYS: days.default(90),
  RETENTION_SEARCH_DAYS: days.default(90),
  RETENTION_IDEMPOTENCY_DAYS: days.default(1),
  RETENTION_RESULT_HOURS: count(1, 876_000).default(24),
  SOCKETS_PER_VIEWER: count(1, 10_000).default(10),
  SUBSCRIPTIONS_PER_SOCKET: count(1, 10_000).default(100),
  OPERATIONS_PER_SOCKET: count(1, 1_000).default(20),
  SUBSCRIPTIONS_PER_VIEWER: count(1, 100_000).default(200),
  OPERATIONS_PER_VIEWER: count(1, 10_000).default(50),
  RUNS_PER_CUSTOMER: count(1, 10_000).default(20),
  RUNS_PER_PARTNER: count(1, 100_000).default(200),
  FRAME_BYTES_MAX: count(1_024, 16_777_216).default(256 * 1_024),
  BODY_BYTES_MAX: count(1_024, 16_777_216).default(256 * 1_024),
  HEADER_BYTES_MAX: count(4_096, 65_536).default(16_384),
  HEADERS_MS: count(100, 120_000).default(15_000),
  REQUEST_MS: count(100, 600_000).default(30_000),
  OPERATION_DEPTH_MAX: count(3, 100).default(12),
  OPERATION_ALIASES_MAX: count(1, 1_000).default(20),
  OPERATION_TOKENS_MAX: count(100, 100_000).default(2_000),
  OPERATION_COST_MAX: count(100, 1_000_000).default(10_000),
});

/** What may also come from a file: `<name>_FILE` is its path. */
export const SECRETS = [
  'DATABASE_URL',
  'REDIS_URL',
  'ANTHROPIC_API_KEY',
  'OUTBOX_TOKEN',
  'JWT_SECRET',
  'OAUTH_GOOGLE_CLIENT_SECRET',
  'OAUTH_GITHUB_CLIENT_SECRET',
  'SENTRY_DSN',
  'WEBHOOK_ENCRYPTION_KEY',
] as const;

export type Config = ReturnType<typeof readConfig>;

/** A configuration that cannot be used; `problems` names each variable at fault. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`Parley cannot start with this configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads and checks the environment; an empty value counts as not set. A secret may stand in a file instead, as orchestrators mount
 * them: JWT_SECRET_FILE is the path of the file that holds JWT_SECRET.
 * @throws ConfigError naming every problem at once.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>) {
  const { given, unreadable } = withFiles(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== '')));
  const parsed = Environment.safeParse(given);
  const problems = [...unreadable, ...(parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`))];
  const production = given['NODE_ENV'] === 'production';
  if (production) problems.push(...missingInProduction(given));
  if (production && parsed.success && parsed.data.WEBHOOK_LOOPBACK) problems.push('WEBHOOK_LOOPBACK: is for development only');
  if (parsed.success && parsed.data.PARLEY_ROLE !== 'all' && !parsed.data.REDIS_URL)
    problems.push(`PARLEY_ROLE: ${parsed.data.PARLEY_ROLE} needs REDIS_URL, through which gateways and workers hear of each other`);
  if (parsed.success) problems.push(...unusableSignIn(parsed.data));
  const budgets = parsed.success ? budgetsOf(parsed.data) : null;
  const tokenBudgets = parsed.success ? tokenBudgetsOf(parsed.data) : null;
  if (budgets) problems.push(...unorderedBudgets(budgets, 'USD'));
  if (tokenBudgets) problems.push(...unorderedBudgets(tokenBudgets, 'TOKENS'));
  if (!parsed.success || budgets === null || tokenBudgets === null || problems.length > 0) throw new ConfigError(problems);
  const set = parsed.data;
  return Object.freeze({
    mode: set.NODE_ENV,
    production,
    /** A gateway answers clients and drives no runs; a worker drives runs and takes no clients. */
    role: set.PARLEY_ROLE,
    port: set.PORT,
    host: set.HOST,
    dataDir: resolve(set.PARLEY_DATA_DIR),
    publicUrl: set.PUBLIC_URL ?? null,
    /** Null: run the embedded PostgreSQL in the data directory. */
    databaseUrl: set.DATABASE_URL ?? null,
    databaseConnections: set.DATABASE_CONNECTIONS,
    /** Null: events, jobs and signals stay in this process. */
    redisUrl: set.REDIS_URL ?? null,
    /** Null: the offline model answers. */
    anthropic: set.ANTHROPIC_API_KEY ? { apiKey: set.ANTHROPIC_API_KEY, baseUrl: set.ANTHROPIC_BASE_URL ?? null } : null,
    models: { quick: set.MODEL_QUICK, balanced: set.MODEL_BALANCED, careful: set.MODEL_CAREFUL },
    modelTokenGapMs: set.MODEL_TOKEN_GAP_MS,
    /** What models may cost, in US dollars; null is without a limit. */
    budgets: Object.freeze(budgets),
    tokenBudgets: Object.freeze(tokenBudgets),
    /** For how long each kind of data is kept: days, but where it says hours. */
    retention: Object.freeze({
      conversationDays: set.RETENTION_CONVERSATION_DAYS,
      auditDays: set.RETENTION_AUDIT_DAYS,
      outboxDays: set.RETENTION_OUTBOX_DAYS,
      searchDays: set.RETENTION_SEARCH_DAYS,
      idempotencyDays: set.RETENTION_IDEMPOTENCY_DAYS,
      resultHours: set.RETENTION_RESULT_HOURS,
    }),
    /** Words per second of the offline model; 0 is as fast as it can. */
    offlineTokensPerS: set.OFFLINE_TOKENS_PER_S,
    /** Where mail, charges, refunds and orders to the product go. Null: into a file in development; in production they wait. */
    outbox: set.OUTBOX_URL === undefined ? null : { url: set.OUTBOX_URL, token: set.OUTBOX_TOKEN ?? null },
    webhooks: Object.freeze({
      /** What seals the secrets of webhooks. Null outside production: a key is made once and kept in the data directory. Null in production: there are no webhooks. */
      encryptionKeys: set.WEBHOOK_ENCRYPTION_KEY ?? null,
      /** Whether this machine itself may be sent to, also without TLS. */
      loopback: set.WEBHOOK_LOOPBACK ?? !production,
    }),
    /** Where the people of the desk work: business hours are meant there. */
    deskTimeZone: set.DESK_TIMEZONE,
    /** Null outside production: a secret is made once and kept in the data directory. */
    jwtSecret: set.JWT_SECRET ?? null,
    /** Whether anybody may make an account of the desk; else by invitation alone. */
    registrationOpen: (set.REGISTRATION ?? (production ? 'invited' : 'open')) === 'open',
    passwordCharsMin: set.PASSWORD_CHARS_MIN,
    /** A range-query service for leaked passwords. Null: nobody is asked. */
    leakedPasswordsUrl: set.LEAKED_PASSWORDS_URL ?? null,
    /** A new key signs tokens after this many days. */
    signingKeyDays: set.SIGNING_KEY_DAYS,
    /** Origins besides our own that browsers may connect from. */
    allowedOrigins: listOf(set.ALLOWED_ORIGINS),
    /** The proxies whose word on a caller's address counts. */
    trustedProxies: listOf(set.TRUSTED_PROXIES),
    rateLimits: set.RATE_LIMITS === undefined ? production : set.RATE_LIMITS === 'on',
    /** Ways to sign in with an account elsewhere; null: not this one. */
    oauth: Object.freeze(signInOf(set)),
    /** What is taken out of all that is said, before it is kept, told or sent on: cards, ids, passwords and keys always, these as set. */
    redaction: Object.freeze({
      email: set.REDACT_EMAIL ?? false,
      phone: set.REDACT_PHONE ?? false,
      keptDomains: listOf(set.REDACT_KEPT_DOMAINS.toLowerCase()),
    }),
    graphiql: set.GRAPHIQL ?? !production,
    /** Whether documents that nobody registered are run for others than who administers the gateway. */
    allowArbitraryOperations: set.ALLOW_ARBITRARY_OPERATIONS ?? !production,
    logLevel: set.LOG_LEVEL ?? (set.NODE_ENV === 'test' ? 'silent' : 'info'),
    logPretty: set.LOG_FORMAT ? set.LOG_FORMAT === 'pretty' : !production,
    sentryDsn: set.SENTRY_DSN ?? null,
    limits: Object.freeze({
      messageCharsMax: set.MESSAGE_CHARS_MAX,
      historyTokens: set.HISTORY_TOKENS,
      answerTokensMax: set.ANSWER_TOKENS_MAX,
      stepMs: set.STEP_MS,
      runMs: set.RUN_MS,
      runsAtOnce: set.RUNS_AT_ONCE,
      drainMs: set.DRAIN_MS,
      /** Sockets sent away per second when leaving; what the other instances can take in. */
      drainSocketsPerS: set.DRAIN_SOCKETS_PER_S,
      historyMs: set.HISTORY_MS,
      historyEventsMax: set.HISTORY_EVENTS_MAX,
      socketsPerViewer: set.SOCKETS_PER_VIEWER,
      subscriptionsPerSocket: set.SUBSCRIPTIONS_PER_SOCKET,
      operationsPerSocket: set.OPERATIONS_PER_SOCKET,
      /** On one instance, over all sockets and requests. */
      subscriptionsPerViewer: set.SUBSCRIPTIONS_PER_VIEWER,
      operationsPerViewer: set.OPERATIONS_PER_VIEWER,
      /** Queued and running, wherever. */
      runsPerCustomer: set.RUNS_PER_CUSTOMER,
      runsPerPartner: set.RUNS_PER_PARTNER,
      frameBytesMax: set.FRAME_BYTES_MAX,
      bodyBytesMax: set.BODY_BYTES_MAX,
      headerBytesMax: set.HEADER_BYTES_MAX,
      headersMs: set.HEADERS_MS,
      requestMs: set.REQUEST_MS,
      operationDepthMax: set.OPERATION_DEPTH_MAX,
      operationAliasesMax: set.OPERATION_ALIASES_MAX,
      operationTokensMax: set.OPERATION_TOKENS_MAX,
      operationCostMax: set.OPERATION_COST_MAX,
    }),
  });
}

/** Puts what stands in the files of secrets where the secrets would stand. What a file holds is never said. */
function withFiles(env: Readonly<Record<string, string | undefined>>): { readonly given: Record<string, string | undefined>; readonly unreadable: string[] } {
  const given = { ...env };
  const unreadable: string[] = [];
  for (const name of SECRETS) {
    const path = env[`${name}_FILE`];
    if (path === undefined) continue;
    if (env[name] !== undefined) {
      unreadable.push(`${name}_FILE: set either this or ${name}, not both`);
      continue;
    }
    try {
      // Editors and `echo` end files with a line break, which is no part of the secret.
      const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
      if (text === '') unreadable.push(`${name}_FILE: the file is empty`);
      else given[name] = text;
    } catch (error) {
      unreadable.push(`${name}_FILE: the file cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`);
    }
  }
  return { given, unreadable };
}

/** Scheme, host and port and nothing else, so that what is allowed is what was meant. */
/** The offline model costs nothing. A day has no limit by itself: only who runs Parley knows its traffic. */
function budgetsOf(set: z.infer<typeof Environment>) {
  const paid = set.ANTHROPIC_API_KEY !== undefined;
  const {
    BUDGET_RUN_USD: run = paid ? 0.1 : null,
    BUDGET_CONVERSATION_USD: conversation = paid && run !== null ? Math.max(5, run) : null,
    BUDGET_DAY_USD: day = null,
  } = set;
  return { run, conversation, day };
}

function tokenBudgetsOf({
  BUDGET_RUN_TOKENS: run = null,
  BUDGET_CONVERSATION_TOKENS: conversation = null,
  BUDGET_DAY_TOKENS: day = null,
}: z.infer<typeof Environment>) {
  return { run, conversation, day };
}

/** A run holds its whole budget before it starts: without one there is nothing to hold, and a larger one would never fit. */
function unorderedBudgets({ run, conversation, day }: ReturnType<typeof budgetsOf>, unit: 'USD' | 'TOKENS'): string[] {
  const [ofRun, ofConversation, ofDay] = [`BUDGET_RUN_${unit}`, `BUDGET_CONVERSATION_${unit}`, `BUDGET_DAY_${unit}`];
  const problems: string[] = [];
  if (run === null && conversation !== null) problems.push(`${ofConversation}: needs ${ofRun}, which each run reserves of it`);
  if (run === null && day !== null) problems.push(`${ofDay}: needs ${ofRun}, which each run reserves of it`);
  if (run !== null && conversation !== null && conversation < run) problems.push(`${ofConversation}: must be at least ${ofRun}`);
  const least = Math.max(run ?? 0, conversation ?? 0);
  if (day !== null && run !== null && day < least) problems.push(`${ofDay}: must be at least ${ofRun} and ${ofConversation}`);
  return problems;
}

function missingInProduction(given: Readonly<Record<string, unknown>>): string[] {
  const needed = {
    DATABASE_URL: 'the PostgreSQL to use (the embedded one is for development)',
    JWT_SECRET: 'the secret that seals the keys which sign tokens, at least 32 characters',
    ANTHROPIC_API_KEY: 'the key of the Anthropic API (the offline model is for development)',
    PUBLIC_URL: 'the address customers reach this server under',
  };
  return Object.entries(needed)
    .filter(([name]) => given[name] === undefined && given[`${name}_FILE`] === undefined)
    .map(([name, meaning]) => `${name}: must be set in production: ${meaning}`);
}
