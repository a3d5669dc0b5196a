/**
 * Reads the history of channels from Redis: pages, all of it, or only where it stands. Each read is one step inside Redis, and gives
 * a channel nobody wrote to its epoch, so that a position in it can be continued. Holds nothing but a few recent answers.
 */
import { AppError } from '../foundation/errors.ts';
import type { Channel, ChannelHead } from './event-log.ts';
import { decodeEvent } from './codec.ts';
import { formatPosition, type Position } from './position.ts';
import type { RedisConnection } from './redis-connection.ts';
import { channelKeys, parseReadReply, type ReadReply, type Row } from './redis-script.ts';
import { answersIn, trackUnfinished, type UnfinishedTexts } from './unfinished.ts';

export interface RedisHistoryOptions {
  readonly connection: RedisConnection;
  readonly prefix: string;
  readonly newEpoch: () => string;
  /** How long a read waits for a connection. */
  readonly readMs: number;
}

export interface RedisHistory {
  /** One page from this offset on. Rejects with UNAVAILABLE when Redis cannot be reached; so do all of these. */
  from(channel: Channel, offset: number): Promise<ReadReply>;
  /** All there is, without holes. */
  all(channel: Channel): Promise<ReadReply>;
  /** Offset of the oldest event; infinite when none is held. */
  oldest(channel: Channel): Promise<number>;
  head(channel: Channel): Promise<ChannelHead>;
  /** One look, whatever there is. */
  top(channel: Channel): Promise<Position>;
  /** Ends this epoch, unless that was done already. */
  renew(channel: Channel, epoch: string): Promise<void>;
  /** Drops all there is and begins a new epoch. */
  forget(channel: Channel): Promise<void>;
}

const PAGE_ROWS = 200;
const ALL_ROWS = 1_000;
const META_MS = 30 * 24 * 60 * 60_000;
const HEADS_MAX = 2_000;

export function createRedisHistory(options: RedisHistoryOptions): RedisHistory {
  const { connection, prefix, newEpoch } = options;
  /** Where to resume, by channel and top: many conversations are listed again and again and change rarely. */
  const heads = new Map<string, number>();

  async function read(channel: Channel, offset: number, rows: number): Promise<ReadReply> {
    const { stream, meta } = channelKeys(prefix, channel);
    return reachable(async () => {
      await connection.whenUsable(options.readMs);
      return parseReadReply(await connection.commands.parleyRead(stream, meta, newEpoch(), META_MS, offset, rows));
    });
  }

  async function all(channel: Channel): Promise<ReadReply> {
    let rows: Row[] = [];
    for (;;) {
      const page = await read(channel, (rows.at(-1)?.offset ?? 0) + 1, ALL_ROWS);
      const first = page.rows[0];
      // What was read first may be gone when the last is: then only what came after the hole still is a history.
      if (first && rows.length > 0 && first.offset !== (rows.at(-1)?.offset ?? 0) + 1) rows = [];
      rows.push(...page.rows);
      if (page.rows.length < ALL_ROWS) return { ...page, rows: (rows.at(-1)?.offset ?? page.top) === page.top ? rows : [] };
    }
  }

  return {
    all,
    from: (channel, offset) => read(channel, offset, PAGE_ROWS),
    async oldest(channel) {
      return (await read(channel, 0, 1)).rows[0]?.offset ?? Infinity;
    },
    async head(channel) {
      const { epoch, top } = await read(channel, 0, 0);
      const at = (offset: number): ChannelHead => ({
        epoch,
        top: formatPosition({ epoch, offset: top }),
        resume: formatPosition({ epoch, offset: Math.min(offset, top) }),
      });
      const key = `${channel} ${epoch} ${top}`;
      const known = heads.get(key);
      if (known !== undefined) return at(known);
      if (top === 0) return at(0);
      const found = await all(channel);
      if (found.epoch !== epoch) return this.head(channel);
      const resume = beforeUnfinished(found.rows.filter((row) => row.offset <= top)) ?? top;
      if (heads.size >= HEADS_MAX) heads.clear();
      heads.set(key, resume);
      return at(resume);
    },
    async top(channel) {
      const { epoch, top } = await read(channel, 0, 0);
      return formatPosition({ epoch, offset: top });
    },
    async renew(channel, epoch) {
      const { meta, live } = channelKeys(prefix, channel);
      await reachable(() => connection.commands.parleyRenew(meta, live, epoch, newEpoch()));
    },
    async forget(channel) {
      const { stream, meta, live } = channelKeys(prefix, channel);
      await reachable(async () => {
        await connection.whenUsable(options.readMs);
        await connection.commands.parleyForget(stream, meta, live, newEpoch());
      });
    },
  };
}

/** Offset just before the oldest message that is still being written; null when none is. */
function beforeUnfinished(rows: readonly Row[]): number | null {
  const texts: UnfinishedTexts = new Map();
  for (const { text, offset } of rows) {
    const event = decodeEvent(text);
    if (event) trackUnfinished(texts, event, offset);
  }
  const answers = answersIn(texts);
  return answers.length === 0 ? null : Math.min(...answers.map((text) => text.firstOffset)) - 1;
}

async function reachable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('UNAVAILABLE', 'Live events cannot be reached right now. Try again in a moment.', { cause: error, retryAfterMs: 2_000 });
  }
}
