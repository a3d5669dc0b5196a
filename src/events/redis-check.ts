/** What the log needs Redis to be, looked at once when it opens. Nothing here keeps a server from starting. */
import type { Redis } from 'ioredis';
import type { Logger } from '../foundation/logger.ts';

const VERSION_MIN = 7;

/** Warns of what works until it does not: an old version, or a memory policy that throws history away. */
export async function checkRedis(redis: Redis, log: Logger): Promise<void> {
  let told: string;
  try {
    told = await redis.info();
  } catch (error) {
    log.warn({ err: error }, 'redis does not say what it is: its version and maxmemory-policy were not checked');
    return;
  }
  const version = valueOf(told, 'redis_version');
  const policy = valueOf(told, 'maxmemory_policy');
  if (Number.parseInt(version, 10) < VERSION_MIN) log.warn({ version, needed: VERSION_MIN }, 'redis is older than what the event log was made for');
  // Histories carry an expiry, so the volatile policies evict them as well.
  if (policy !== '' && policy !== 'noeviction') {
    log.warn({ policy }, 'redis may evict histories and jobs when its memory is full: set maxmemory-policy to noeviction');
  }
}

function valueOf(told: string, name: string): string {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(told)?.[1]?.trim() ?? '';
}
