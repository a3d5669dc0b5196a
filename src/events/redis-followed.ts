/**
 * Which channels this process follows, and for how many readers: one upstream per channel, opened with its first reader and closed
 * some time after its last, so that who reconnects finds it open. Knows no positions and no events.
 */
import type { Channel } from './event-log.ts';
import type { RedisUpstream } from './redis-upstream.ts';

export interface RedisFollowed {
  /** The channel's upstream for one reader, and the way to let go of it, to be called once. */
  join(name: Channel): { readonly upstream: RedisUpstream; readonly leave: () => void };
  get(name: Channel): RedisUpstream | undefined;
  /** Compares every open channel with the log, some at a time. Never rejects. */
  checkAll(): Promise<void>;
  /** Readers that have not read everything this process holds. */
  behind(): number;
  counts(): { readonly channels: number; readonly followers: number };
  close(): void;
}

interface Followed {
  readonly upstream: RedisUpstream;
  readers: number;
  grace: NodeJS.Timeout | null;
}

const CHECKS_AT_ONCE = 50;

export function createRedisFollowed(openUpstream: (name: Channel) => RedisUpstream, graceMs: number): RedisFollowed {
  const followed = new Map<Channel, Followed>();
  let followers = 0;
  let closed = false;

  function entryOf(name: Channel): Followed {
    const known = followed.get(name);
    if (known) return known;
    const entry: Followed = { upstream: openUpstream(name), readers: 0, grace: null };
    followed.set(name, entry);
    return entry;
  }

  function leave(name: Channel, entry: Followed): void {
    followers -= 1;
    entry.readers -= 1;
    if (entry.readers > 0 || closed) return;
    const close = () => {
      followed.delete(name);
      entry.upstream.close();
    };
    // What never opened is worth no waiting for.
    if (!entry.upstream.opened()) return close();
    entry.grace = setTimeout(close, graceMs);
    entry.grace.unref();
  }

  return {
    join(name) {
      const entry = entryOf(name);
      if (entry.grace) clearTimeout(entry.grace);
      entry.grace = null;
      entry.readers += 1;
      followers += 1;
      return { upstream: entry.upstream, leave: () => leave(name, entry) };
    },
    get: (name) => followed.get(name)?.upstream,
    async checkAll() {
      const open = [...followed.values()].filter(({ upstream }) => upstream.opened());
      while (open.length > 0 && !closed) await Promise.all(open.splice(0, CHECKS_AT_ONCE).map(({ upstream }) => upstream.heal()));
    },
    behind() {
      let waiting = 0;
      for (const { upstream } of followed.values()) waiting += upstream.channel.waiting();
      return followers - waiting;
    },
    counts: () => ({ channels: followed.size, followers }),
    close() {
      closed = true;
      for (const { upstream, grace } of followed.values()) {
        if (grace) clearTimeout(grace);
        upstream.close();
      }
      followed.clear();
    },
  };
}
