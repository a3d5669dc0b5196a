/**
 * Who is where over all processes: one hash per channel in Redis, a field per participant and process with the moment its lease runs
 * out. Each call first removes what ran out, so that what a dead process had is told by whoever comes by next. Redis' clock counts.
 */
import { randomBytes } from 'node:crypto';
import { Redis, type RedisOptions, type Result } from 'ioredis';
import { z } from 'zod';
import type { Logger } from '../foundation/logger.ts';
import type { Channel } from './event-log.ts';
import { PRESENCE_LEASE_MS, type PresenceChange, type PresenceRegistry } from './presence-registry.ts';

declare module 'ioredis' {
  // The parameter has to be named as the package names it, or the two declarations do not merge.
  interface RedisCommander<Context> {
    parleyPresence(...args: (string | number)[]): Result<unknown, Context>;
  }
}

export interface RedisPresenceOptions {
  readonly url: string;
  readonly log: Logger;
  /** First part of every key; `parley` when absent. */
  readonly prefix?: string;
  readonly leaseMs?: number;
}

/**
 * KEYS: the channel's hash. ARGV: this process, lease ms, `+` or `-` or `?`, participant.
 * Answers `+participant` for who came, `-participant` for who went, and `=participant` for all who are there when asked `?`.
 */
const PRESENCE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local flat = redis.call('HGETALL', KEYS[1])
local here, gone, answer = {}, {}, {}
for at = 1, #flat, 2 do
  local who = string.match(flat[at], '^[^|]*|(.*)$')
  if tonumber(flat[at + 1]) < now then
    redis.call('HDEL', KEYS[1], flat[at])
    gone[who] = true
  else
    here[who] = (here[who] or 0) + 1
  end
end
local field = ARGV[1] .. '|' .. ARGV[4]
if ARGV[3] == '+' then
  local known = redis.call('HSET', KEYS[1], field, now + ARGV[2]) == 0
  if gone[ARGV[4]] and not here[ARGV[4]] then gone[ARGV[4]] = nil
  elseif not here[ARGV[4]] and not known then answer[1] = '+' .. ARGV[4] end
  here[ARGV[4]] = (here[ARGV[4]] or 0) + 1
  redis.call('PEXPIRE', KEYS[1], ARGV[2] * 4)
elseif ARGV[3] == '-' then
  if redis.call('HDEL', KEYS[1], field) == 1 then
    here[ARGV[4]] = (here[ARGV[4]] or 1) - 1
    if here[ARGV[4]] < 1 then
      here[ARGV[4]] = nil
      gone[ARGV[4]] = true
    end
  end
end
for who in pairs(gone) do
  if not here[who] then answer[#answer + 1] = '-' .. who end
end
if ARGV[3] == '?' then for who in pairs(here) do answer[#answer + 1] = '=' .. who end end
return answer
`;

const COMMAND_MS = 2_000;
const RETRY_MS_MAX = 1_000;
/** Commands under way at once while all is said again. */
const RENEWALS_AT_ONCE = 200;

const Answer = z.array(z.string().min(1));

/** Resolves when it is connected. Rejects when Redis cannot be reached. While Redis is away calls reject; renewing heals. */
export async function createRedisPresenceRegistry(options: RedisPresenceOptions): Promise<PresenceRegistry> {
  const { url, log, prefix = 'parley', leaseMs = PRESENCE_LEASE_MS } = options;
  const settings: RedisOptions = {
    lazyConnect: true,
    commandTimeout: COMMAND_MS,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(RETRY_MS_MAX, 50 * 2 ** Math.min(times, 5)),
    connectionName: 'parley-presence',
  };
  const redis = new Redis(url, settings);
  redis.defineCommand('parleyPresence', { lua: PRESENCE, numberOfKeys: 1 });
  // Reported by what it breaks: an entry that is not made.
  redis.on('error', () => undefined);
  const self = randomBytes(6).toString('hex');

  async function call(channel: Channel, verb: '+' | '-' | '?', participant: string): Promise<readonly string[]> {
    return Answer.parse(await redis.parleyPresence(`${prefix}:{${channel}}:w`, self, leaseMs, verb, participant));
  }

  async function change(channel: Channel, verb: '+' | '-', participant: string): Promise<readonly PresenceChange[]> {
    return (await call(channel, verb, participant)).map((word) => ({ channel, participant: word.slice(1), present: word.startsWith('+') }));
  }

  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw error;
  }

  return Object.freeze<PresenceRegistry>({
    enter: (channel, participant) => change(channel, '+', participant),
    leave: (channel, participant) => change(channel, '-', participant),
    async renew(entered) {
      const changes: PresenceChange[] = [];
      for (let at = 0; at < entered.length; at += RENEWALS_AT_ONCE) {
        const some = entered.slice(at, at + RENEWALS_AT_ONCE);
        const ended = await Promise.allSettled(some.map(({ channel, participant }) => change(channel, '+', participant)));
        for (const one of ended) if (one.status === 'fulfilled') changes.push(...one.value);
        const failed = ended.find((one) => one.status === 'rejected');
        if (failed) {
          log.debug({ err: failed.reason }, 'presence was not renewed');
          break;
        }
      }
      return changes;
    },
    async present(channel) {
      return (await call(channel, '?', '')).flatMap((word) => (word.startsWith('=') ? [word.slice(1)] : []));
    },
    async close() {
      redis.disconnect();
    },
  });
}
