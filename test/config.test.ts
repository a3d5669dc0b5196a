/** Every setting: defaults that work with nothing set, and all problems at once. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig, SECRETS } from '../src/config.ts';

const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://parley@db.example/parley',
  JWT_SECRET: 'x'.repeat(32),
  ANTHROPIC_API_KEY: 'a-key',
  PUBLIC_URL: 'https://chat.example',
};

function problemsOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const namesOf = (problems: readonly string[]): string[] => problems.map((problem) => problem.split(':', 1)[0] ?? '').toSorted();

describe('the configuration', () => {
  it('needs nothing in development: embedded database, offline model, a secret of its own', () => {
    expect(readConfig({})).toMatchObject({
      mode: 'development',
      production: false,
      port: 4000,
      host: 'localhost',
      databaseUrl: null,
      anthropic: null,
      jwtSecret: null,
      graphiql: true,
      logLevel: 'info',
      logPretty: true,
      limits: { messageCharsMax: 10_000, stepMs: 60_000, runMs: 300_000, drainMs: 25_000 },
    });
  });

  it('takes a way to sign in only whole, with an address to come back to, and returns to origins alone', () => {
    const whole = { PUBLIC_URL: 'https://parley.example/support', OAUTH_GITHUB_CLIENT_ID: 'one', OAUTH_GITHUB_CLIENT_SECRET: 'two' };
    expect(readConfig({ ...whole, OAUTH_REDIRECT_ORIGINS: 'https://chat.example.com' }).oauth).toEqual({
      google: null,
      github: { clientId: 'one', clientSecret: 'two', url: 'https://github.com', apiUrl: 'https://api.github.com' },
      returnOrigins: ['https://parley.example', 'https://chat.example.com'],
    });
    expect(namesOf(problemsOf({ OAUTH_GOOGLE_CLIENT_ID: 'one' }))).toEqual(['OAUTH_GOOGLE_CLIENT_ID', 'OAUTH_GOOGLE_CLIENT_ID']);
    expect(namesOf(problemsOf({ ...whole, OAUTH_GITHUB_CLIENT_ID: '' }))).toEqual(['OAUTH_GITHUB_CLIENT_ID']);
    for (const origin of ['chat.example.com', '*', 'javascript:alert(1)']) {
      expect(namesOf(problemsOf({ OAUTH_REDIRECT_ORIGINS: origin }))).toEqual(['OAUTH_REDIRECT_ORIGINS']);
    }
  });

  it('takes an empty value for one that is not set', () => {
    expect(readConfig({ PORT: '', ANTHROPIC_API_KEY: '', DATABASE_URL: '' })).toMatchObject({ port: 4000, anthropic: null, databaseUrl: null });
  });

  it('names every problem at once', () => {
    const problems = problemsOf({ PORT: 'eighty', JWT_SECRET: 'short', DATABASE_URL: 'mysql://x', LOG_LEVEL: 'loud', STEP_MS: '-1', GRAPHIQL: 'maybe' });
    expect(namesOf(problems)).toEqual(['DATABASE_URL', 'GRAPHIQL', 'JWT_SECRET', 'LOG_LEVEL', 'PORT', 'STEP_MS']);
  });

  it('takes keys that are long enough for webhooks, several of them for a change, and this machine for a receiver in development only', () => {
    const [old, fresh] = ['o'.repeat(32), 'f'.repeat(40)];
    expect(readConfig({}).webhooks).toEqual({ encryptionKeys: null, loopback: true });
    expect(readConfig({ ...PRODUCTION, WEBHOOK_ENCRYPTION_KEY: `${fresh}, ${old}` }).webhooks).toEqual({ encryptionKeys: [fresh, old], loopback: false });
    expect(readConfig({ WEBHOOK_LOOPBACK: 'false' }).webhooks.loopback).toBe(false);
    for (const key of ['short', `${fresh},short`, ',']) expect(namesOf(problemsOf({ WEBHOOK_ENCRYPTION_KEY: key }))).toEqual(['WEBHOOK_ENCRYPTION_KEY']);
    expect(namesOf(problemsOf({ ...PRODUCTION, WEBHOOK_LOOPBACK: 'true' }))).toEqual(['WEBHOOK_LOOPBACK']);
  });

  it('takes a process for all there is to do, and a part of it only with Redis', () => {
    expect(readConfig({}).role).toBe('all');
    expect(readConfig({ PARLEY_ROLE: 'worker', REDIS_URL: 'redis://localhost' }).role).toBe('worker');
    for (const role of ['gateway', 'worker']) {
      expect(problemsOf({ PARLEY_ROLE: role })).toEqual([`PARLEY_ROLE: ${role} needs REDIS_URL, through which gateways and workers hear of each other`]);
    }
    expect(namesOf(problemsOf({ PARLEY_ROLE: 'boss' }))).toEqual(['PARLEY_ROLE']);
  });

  it('limits what models cost once they cost something, and takes none for no limit', () => {
    expect(readConfig({}).budgets).toEqual({ run: null, conversation: null, day: null });
    expect(readConfig(PRODUCTION).budgets).toEqual({ run: 0.1, conversation: 5, day: null });
    expect(readConfig({ ...PRODUCTION, BUDGET_RUN_USD: 'none' }).budgets).toEqual({ run: null, conversation: null, day: null });
    expect(readConfig({ BUDGET_RUN_USD: '8', BUDGET_DAY_USD: '100' }).budgets).toEqual({ run: 8, conversation: null, day: 100 });
    expect(readConfig({ ...PRODUCTION, BUDGET_RUN_USD: '8' }).budgets).toEqual({ run: 8, conversation: 8, day: null });
    expect(readConfig(PRODUCTION).tokenBudgets).toEqual({ run: null, conversation: null, day: null });
    expect(readConfig({ BUDGET_RUN_TOKENS: '20000', BUDGET_DAY_TOKENS: '1000000' }).tokenBudgets).toEqual({ run: 20_000, conversation: null, day: 1_000_000 });
    expect(() => readConfig({ BUDGET_CONVERSATION_TOKENS: '5' })).toThrow('BUDGET_CONVERSATION_TOKENS: needs BUDGET_RUN_TOKENS');
  });

  it.each([
    [{ BUDGET_RUN_USD: '-1' }, ['BUDGET_RUN_USD']],
    [{ BUDGET_DAY_USD: 'much' }, ['BUDGET_DAY_USD']],
    [{ BUDGET_CONVERSATION_USD: '1', BUDGET_DAY_USD: '1' }, ['BUDGET_CONVERSATION_USD', 'BUDGET_DAY_USD']],
    [{ BUDGET_RUN_USD: '2', BUDGET_CONVERSATION_USD: '1' }, ['BUDGET_CONVERSATION_USD']],
    [{ BUDGET_RUN_USD: '1', BUDGET_CONVERSATION_USD: '5', BUDGET_DAY_USD: '4' }, ['BUDGET_DAY_USD']],
    [{ RETENTION_AUDIT_DAYS: '0' }, ['RETENTION_AUDIT_DAYS']],
  ])('refuses %j', (env, names) => {
    expect(namesOf(problemsOf(env))).toEqual(names);
  });

  it.each([
    ['PORT', '70000'],
    ['PORT', '80.5'],
    ['PORT', '-1'],
    ['RUNS_AT_ONCE', '0'],
    ['PUBLIC_URL', 'ftp://chat.example'],
    ['NODE_ENV', 'staging'],
    ['DESK_TIMEZONE', 'Berlin'],
    ['ALLOWED_ORIGINS', '*'],
    ['ALLOWED_ORIGINS', 'https://*.example.com'],
    ['ALLOWED_ORIGINS', 'null'],
    ['ALLOWED_ORIGINS', 'https://a.example,shop.example'],
    ['ALLOWED_ORIGINS', 'https://a.example/shop'],
    ['ALLOWED_ORIGINS', 'https://user@a.example'],
    ['TRUSTED_PROXIES', 'everybody'],
    ['TRUSTED_PROXIES', '10.0.0.0/64'],
    ['RATE_LIMITS', 'maybe'],
    ['RUNS_PER_CUSTOMER', '0'],
  ])('refuses %s=%s by name', (name, value) => {
    expect(namesOf(problemsOf({ [name]: value }))).toEqual([name]);
  });

  it('refuses production without its secrets, all of them at once and beside other problems', () => {
    expect(namesOf(problemsOf({ NODE_ENV: 'production' }))).toEqual(['ANTHROPIC_API_KEY', 'DATABASE_URL', 'JWT_SECRET', 'PUBLIC_URL']);
    expect(namesOf(problemsOf({ NODE_ENV: 'production', PORT: 'x' }))).toContain('PORT');
    expect(namesOf(problemsOf({ ...PRODUCTION, JWT_SECRET: 'short' }))).toEqual(['JWT_SECRET']);
  });

  it('takes secrets from files, without the line break at their end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-secrets-'));
    try {
      const files = Object.fromEntries(SECRETS.map((name) => [`${name}_FILE`, join(folder, name)]));
      const values: Record<string, string> = {
        ...PRODUCTION,
        REDIS_URL: 'redis://cache',
        OUTBOX_TOKEN: 'out',
        SENTRY_DSN: 'https://a@sentry.example/1',
        WEBHOOK_ENCRYPTION_KEY: 'k'.repeat(32),
        OAUTH_GOOGLE_CLIENT_SECRET: 'of google',
        OAUTH_GITHUB_CLIENT_SECRET: 'of github',
      };
      for (const name of SECRETS) await writeFile(join(folder, name), `${values[name]}\n`);
      const given = { NODE_ENV: 'production', PUBLIC_URL: PRODUCTION.PUBLIC_URL, OUTBOX_URL: 'https://out.example' };
      const config = readConfig({ ...given, OAUTH_GOOGLE_CLIENT_ID: 'one', OAUTH_GITHUB_CLIENT_ID: 'two', ...files });
      expect(config).toMatchObject({
        databaseUrl: PRODUCTION.DATABASE_URL,
        jwtSecret: PRODUCTION.JWT_SECRET,
        redisUrl: 'redis://cache',
        anthropic: { apiKey: 'a-key' },
        outbox: { token: 'out' },
        sentryDsn: 'https://a@sentry.example/1',
        webhooks: { encryptionKeys: ['k'.repeat(32)] },
        oauth: { google: { clientSecret: 'of google' }, github: { clientSecret: 'of github' } },
      });
      await writeFile(join(folder, 'JWT_SECRET'), '\n');
      expect(problemsOf({ ...files, OAUTH_GOOGLE_CLIENT_SECRET_FILE: '', OAUTH_GITHUB_CLIENT_SECRET_FILE: '' })).toEqual([
        'JWT_SECRET_FILE: the file is empty',
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuses a secret that is given twice, and a file that cannot be read, by the name of the variable alone', () => {
    expect(problemsOf({ JWT_SECRET: 'x'.repeat(32), JWT_SECRET_FILE: '/run/secrets/jwt' })).toEqual([
      'JWT_SECRET_FILE: set either this or JWT_SECRET, not both',
    ]);
    expect(problemsOf({ ...PRODUCTION, JWT_SECRET: '', JWT_SECRET_FILE: '/nowhere/secret' })).toEqual(['JWT_SECRET_FILE: the file cannot be read (ENOENT)']);
  });

  it('says no secret in its complaints', () => {
    const secret = 'hunter2-hunter2';
    expect(problemsOf({ JWT_SECRET: secret, DATABASE_URL: `mysql://parley:${secret}@db` }).join('\n')).not.toContain(secret);
  });

  it('shows no explorer and writes JSON in production unless told otherwise', () => {
    expect(readConfig(PRODUCTION)).toMatchObject({ production: true, graphiql: false, logPretty: false, anthropic: { apiKey: 'a-key', baseUrl: null } });
    expect(readConfig({ ...PRODUCTION, GRAPHIQL: 'true', LOG_FORMAT: 'pretty' })).toMatchObject({ graphiql: true, logPretty: true });
  });

  it('limits rates in production and nowhere else, unless told otherwise', () => {
    expect(readConfig({}).rateLimits).toBe(false);
    expect(readConfig({ RATE_LIMITS: 'on' }).rateLimits).toBe(true);
    expect(readConfig(PRODUCTION).rateLimits).toBe(true);
    expect(readConfig({ ...PRODUCTION, RATE_LIMITS: 'off' }).rateLimits).toBe(false);
  });

  it('reads lists of origins and of proxies, without blanks', () => {
    expect(readConfig({ TRUSTED_PROXIES: '10.0.0.0/8, ::1' }).trustedProxies).toEqual(['10.0.0.0/8', '::1']);
    expect(readConfig({ ALLOWED_ORIGINS: ' https://a.example, ,https://b.example ' }).allowedOrigins).toEqual(['https://a.example', 'https://b.example']);
  });
});
