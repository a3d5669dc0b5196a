/**
 * The four scripts the log runs inside Redis, the keys they touch and the shape of what they answer. One script call is one step:
 * nobody sees half of it. Knows no followers and decides nothing about retries.
 */
import type { Redis, Result } from 'ioredis';
import type { Channel } from './event-log.ts';

declare module 'ioredis' {
  // The parameter has to be named as the package names it, or the two declarations do not merge.
  interface RedisCommander<Context> {
    parleyAppend(...args: (string | number)[]): Result<unknown, Context>;
    parleyRead(...args: (string | number)[]): Result<unknown, Context>;
    parleyRenew(...args: (string | number)[]): Result<unknown, Context>;
    parleyForget(...args: (string | number)[]): Result<unknown, Context>;
  }
}

export interface ChannelKeys {
  /** The history: one entry per event, whose id is its offset. */
  readonly stream: string;
  /** Epoch `e`, offset of the latest event `s`, its mark `n`. Outlives the stream by far, so that who missed nothing can still prove it. */
  readonly meta: string;
  /** Where what was appended is published. */
  readonly live: string;
  idempotency(key: string): string;
  fence(key: string): string;
}

export function channelKeys(prefix: string, channel: Channel): ChannelKeys {
  const base = `${prefix}:{${channel}}`;
  return {
    stream: `${base}:s`,
    meta: `${base}:m`,
    live: `${base}:p`,
    idempotency: (key) => `${base}:i:${key}`,
    fence: (key) => `${base}:f:${key}`,
  };
}

/** Begins what an answer of the append script says instead of a position when a fence refused; the number of the fence follows, from 1. */
export const FENCED = '!';

/**
 * KEYS: stream, meta, live, then the idempotency and fence keys that the groups name by their place.
 * ARGV: new epoch, known top, mark, events max, history ms, meta ms, idempotency ms, fence ms, groups; then per group its
 * idempotency key (its place, 0 is none), number of fences, per fence its key (place) and token, number of events, and the events.
 * What was written since `known top` is searched for the mark first: a call whose answer was lost may be sent again, and one that
 * was given up may arrive late, and neither appends twice.
 */
const APPEND = `
local epoch, top = unpack(redis.call('HMGET', KEYS[2], 'e', 's'))
if not epoch then
  epoch, top = ARGV[1], 0
  redis.call('HSET', KEYS[2], 'e', epoch, 's', 0)
  redis.call('DEL', KEYS[1])
end
local before = tonumber(top)
local top, known, mark = before, tonumber(ARGV[2]), ARGV[3]
local written = {}
if top ~= known then
  local low = '-'
  if known >= 0 and known < top then low = '(' .. known .. '-0' end
  for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], '+', low, 'COUNT', 500)) do
    local found = string.match(entry[2][2], '^(%S+) ')
    if found and not written[found] then written[found] = string.match(entry[1], '^%d+') end
  end
end
local texts, answers, last = {}, {}, nil
local at = 10
for group = 1, tonumber(ARGV[9]) do
  local idem, fences, first = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), at + 2
  at = first + 2 * fences
  local count = tonumber(ARGV[at])
  at = at + 1
  local own = mark .. ':' .. group
  local answered = idem > 0 and redis.call('GET', KEYS[idem])
  local refused, raised = nil, {}
  for fence = 1, fences do
    local key, token = KEYS[tonumber(ARGV[first + 2 * fence - 2])], tonumber(ARGV[first + 2 * fence - 1])
    local held = tonumber(redis.call('GET', key) or '-1')
    if held > token then
      refused = refused or fence
    elseif held < token then
      raised[#raised + 1] = { key, token }
    end
  end
  if answered then
    answers[group] = answered
  elseif written[own] then
    answers[group] = epoch .. '.' .. written[own]
  elseif refused then
    answers[group] = '${FENCED}' .. refused
  else
    for _, fence in ipairs(raised) do redis.call('SET', fence[1], fence[2], 'PX', ARGV[8]) end
    for n = at, at + count - 1 do
      top = top + 1
      redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[4], top .. '-0', 'd', own .. ' ' .. ARGV[n])
      texts[#texts + 1] = ARGV[n]
      last = own
    end
    answers[group] = epoch .. '.' .. top
    if idem > 0 then redis.call('SET', KEYS[idem], answers[group], 'PX', ARGV[7]) end
  end
  at = at + count
end
if last then
  redis.call('HSET', KEYS[2], 's', top, 'n', last)
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  redis.call('PUBLISH', KEYS[3], epoch .. ' ' .. top .. ' ' .. #texts .. ' ' .. last .. '\\n' .. table.concat(texts, '\\n'))
end
redis.call('PEXPIRE', KEYS[2], ARGV[6])
return { epoch, before, top, last or '', unpack(answers) }
`;

/** KEYS: stream, meta. ARGV: new epoch, meta ms, first offset, rows at most. */
const READ = `
local epoch, top, mark = unpack(redis.call('HMGET', KEYS[2], 'e', 's', 'n'))
if not epoch then
  epoch, top = ARGV[1], 0
  redis.call('HSET', KEYS[2], 'e', epoch, 's', 0)
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
  redis.call('DEL', KEYS[1])
end
local answer = { epoch, tonumber(top), mark or '' }
if tonumber(ARGV[4]) > 0 then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[3] .. '-0', '+', 'COUNT', ARGV[4])) do
    answer[#answer + 1] = tonumber(string.match(entry[1], '^%d+'))
    answer[#answer + 1] = entry[2][2]
  end
end
return answer
`;

/** KEYS: meta, live. ARGV: the epoch to end, the new one. Whoever finds out first renews; the others hear of it. */
const RENEW = `
if redis.call('HGET', KEYS[1], 'e') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'e', ARGV[2])
  redis.call('PUBLISH', KEYS[2], ARGV[2] .. ' ' .. redis.call('HGET', KEYS[1], 's') .. ' 0 -\\n')
end
return redis.call('HGET', KEYS[1], 'e')
`;

/** KEYS: stream, meta, live. ARGV: the new epoch. The history goes, and who follows hears that it began anew. */
const FORGET = `
redis.call('DEL', KEYS[1])
local top = redis.call('HGET', KEYS[2], 's')
if top then
  redis.call('HSET', KEYS[2], 'e', ARGV[1])
  redis.call('PUBLISH', KEYS[3], ARGV[1] .. ' ' .. top .. ' 0 -\\n')
end
return 1
`;

export function defineScripts(redis: Redis): void {
  redis.defineCommand('parleyAppend', { lua: APPEND });
  redis.defineCommand('parleyRead', { lua: READ, numberOfKeys: 2 });
  redis.defineCommand('parleyRenew', { lua: RENEW, numberOfKeys: 2 });
  redis.defineCommand('parleyForget', { lua: FORGET, numberOfKeys: 3 });
}

export interface AppendReply {
  readonly epoch: string;
  /** Offset of the latest event before and after. */
  readonly before: number;
  readonly top: number;
  /** Mark of the latest event that this call wrote; empty when it wrote none. */
  readonly mark: string;
  /** A position, or `FENCED` and a number, per group. */
  readonly answers: readonly string[];
}

export function parseAppendReply(reply: unknown): AppendReply {
  const [epoch, before, top, mark, ...answers]: unknown[] = Array.isArray(reply) ? reply : [];
  if (typeof epoch !== 'string' || typeof before !== 'number' || typeof top !== 'number' || typeof mark !== 'string') throw unreadable('append');
  return { epoch, before, top, mark, answers: answers.map(String) };
}

export interface Row {
  readonly offset: number;
  readonly mark: string;
  readonly text: string;
}

export interface ReadReply {
  readonly epoch: string;
  readonly top: number;
  /** Mark of the event at `top`; empty when there was none. */
  readonly mark: string;
  readonly rows: readonly Row[];
}

export function parseReadReply(reply: unknown): ReadReply {
  const [epoch, top, mark, ...flat]: unknown[] = Array.isArray(reply) ? reply : [];
  if (typeof epoch !== 'string' || typeof top !== 'number' || typeof mark !== 'string') throw unreadable('read');
  const rows: Row[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const value = String(flat[at + 1]);
    const space = value.indexOf(' ');
    rows.push({ offset: Number(flat[at]), mark: value.slice(0, Math.max(0, space)), text: value.slice(space + 1) });
  }
  return { epoch, top, mark, rows };
}

/** The first line of what is published: `epoch top count mark`. Null when it is none of ours. */
export function parseAnnouncement(message: Buffer): { epoch: string; top: number; count: number; mark: string; textsAt: number } | null {
  const end = message.indexOf(10);
  if (end < 0) return null;
  const [epoch = '', top = '', count = '', mark = ''] = message.toString('latin1', 0, end).split(' ');
  const numbers = { top: Number(top), count: Number(count) };
  if (epoch === '' || mark === '' || !Number.isSafeInteger(numbers.top) || !Number.isSafeInteger(numbers.count)) return null;
  return { epoch, ...numbers, mark, textsAt: end + 1 };
}

function unreadable(what: string): Error {
  return new Error(`Redis answered the ${what} script with something else than was asked for`);
}
