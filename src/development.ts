/**
 * What only development has: the secret that is made once, the demo data with its articles, and three credentials to try things
 * with, written to `demo.json` in the data directory. Production never comes here.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Clock } from './foundation/clock.ts';
import type { Logger } from './foundation/logger.ts';
import { makeDemoCredentials, type DemoCredentials } from './identity/demo.ts';
import type { Tokens } from './identity/token.ts';
import { createKnowledge } from './knowledge/article-search.ts';
import { seedArticles } from './knowledge/articles.ts';
import { withAdvisoryLock } from './store/advisory-lock.ts';
import type { Database } from './store/database.ts';
import { demoQuestions } from './store/seed/questions.ts';
import { DAY_MS } from './store/period.ts';
import { seedDemo } from './store/seed/seed.ts';

const ARTICLES = fileURLToPath(new URL('../prisma/knowledge', import.meta.url));
const DEMO_FILE = 'demo.json';
const Written = z.object({ partnerKey: z.string() });

/**
 * A secret that is made at the first start and kept beside the data, readable by this user alone.
 * @param name Of its file: what signs tokens is another one than what seals the secrets of webhooks.
 */
export async function keepSecret(dataDir: string, name: 'jwt-secret' | 'webhook-key' = 'jwt-secret'): Promise<string> {
  const file = join(dataDir, name);
  await mkdir(dataDir, { recursive: true });
  // Written whole beside it and then given its name, which only one of several first starts can do: nobody reads half a secret.
  const own = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(own, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx' });
  try {
    await link(own, file);
  } catch (error) {
    // Made by an earlier start, or by another process at this moment.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(own, { force: true });
  }
  const secret = (await readFile(file, 'utf8')).trim();
  if (secret.length < 32) throw new Error(`${file} holds no usable secret: delete it and start again`);
  return secret;
}

export interface DemoDeps {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dataDir: string;
}

export interface Demo {
  readonly credentials: DemoCredentials;
  readonly staffName: string;
  readonly articles: number;
}

/** Seeds what is missing, once however many processes start, and makes the demo credentials. */
export async function openDemo(deps: DemoDeps): Promise<Demo> {
  const { database, clock, log } = deps;
  return withAdvisoryLock(deps.databaseUrl, 'seed', async () => {
    const [{ demo }, articles] = await Promise.all([seedDemo(database, { now: clock.now(), log }), seedArticles(database, ARTICLES, clock.now())]);
    await askDemoQuestions(database, clock);
    const staff = await database.user.findUniqueOrThrow({ where: { id: demo.staffUserId } });
    const partnerKey = await readPartnerKey(deps.dataDir);
    const credentials = await makeDemoCredentials(
      { tokens: deps.tokens, database, clock, production: false },
      {
        staff: { userId: staff.id, name: staff.name, role: staff.role },
        customerId: demo.customerId,
        partnerId: demo.partnerId,
        ...(partnerKey === null ? {} : { partnerKey }),
      },
    );
    return { credentials, staffName: staff.name, articles: articles.created + articles.updated + articles.unchanged };
  });
}

/** Searches for what the demo customers asked, as turns do, where nothing was looked up yet: what is noted is what the search really finds. */
async function askDemoQuestions(database: Database, clock: Clock): Promise<void> {
  if ((await database.searchQuery.findFirst({ select: { id: true } })) !== null) return;
  const questions = demoQuestions();
  const asked = await database.conversation.findMany({ orderBy: { id: 'desc' }, take: questions.length, select: { id: true, customerId: true } });
  let at = clock.now();
  const knowledge = createKnowledge({ database, clock: { ...clock, now: () => at } });
  // The latest first, and one after the other: they share what the search reads of the articles' words.
  for (const [index, { text, daysAgo }] of questions.toSorted((a, b) => a.daysAgo - b.daysAgo).entries()) {
    const conversation = asked[index];
    if (!conversation) return;
    at = new Date(clock.now().getTime() - daysAgo * DAY_MS);
    const where = { customerId: conversation.customerId, conversationId: conversation.id, runId: `demo:${conversation.id}` };
    await knowledge.recordSearch(text, await knowledge.search(text, { first: 5 }), where);
  }
}

/** Writes `demo.json`, whole or not at all, so that whoever waits for it never reads half. */
export async function writeDemo(dataDir: string, credentials: DemoCredentials, url: string): Promise<void> {
  const file = join(dataDir, DEMO_FILE);
  await mkdir(dataDir, { recursive: true });
  await writeFile(`${file}.${process.pid}`, `${JSON.stringify({ url, ...credentials }, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.${process.pid}`, file);
}

async function readPartnerKey(dataDir: string): Promise<string | null> {
  try {
    return Written.parse(JSON.parse(await readFile(join(dataDir, DEMO_FILE), 'utf8'))).partnerKey;
  } catch {
    // Not written yet, or changed by hand into something else: another key is made.
    return null;
  }
}
