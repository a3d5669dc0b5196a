/**
 * What this process holds of one channel of Redis, and the rule by which it takes more: only what continues it. Anything else is a
 * doubt, to be settled by whoever can read the history. Reads nothing itself and waits for nothing.
 */
import type { ChannelState, StoredEvent } from './channel.ts';
import { decodeEvent } from './codec.ts';
import { parseAnnouncement, type ReadReply, type Row } from './redis-script.ts';

/** What one call appended, as it was heard. */
export interface Heard {
  readonly epoch: string;
  /** Offset before the first of its events, and of the last. */
  readonly before: number;
  readonly top: number;
  readonly mark: string;
  readonly events: () => readonly Pick<StoredEvent, 'event' | 'bytes'>[];
}

export interface RedisWindow {
  /** False: it does not continue what is held, or says something else about the past than was heard before. */
  hear(said: Heard): boolean;
  /** Where the window stands now, to be compared later with what the log says. */
  place(): WindowPlace;
  /** Holds exactly this history from now on. */
  startOver(history: ReadReply): void;
  /** Takes what continues what is held; after a hole the rest is all there is, and readers before it are told SLOW. */
  fill(page: ReadReply): void;
  toEvent(text: string): Pick<StoredEvent, 'event' | 'bytes'>;
  toHeard(message: unknown): Heard | null;
}

export interface WindowPlace {
  readonly epoch: string;
  readonly top: number;
  /** Mark of the event at the top: another one there means that the log was rolled back. */
  readonly mark: string;
}

export interface RedisWindowOptions {
  readonly channel: ChannelState;
  readonly nowMs: () => number;
  /** An event that cannot be read was passed over. */
  readonly onPoison: (bytes: number) => void;
}

const MARKS_MAX = 64;

export function createRedisWindow({ channel, nowMs, onPoison }: RedisWindowOptions): RedisWindow {
  let mark = '';
  /** Marks of the latest calls by the offset they ended at: an echo says the same again, another past does not. */
  const marks = new Map<number, string>();

  function remember(latest: string): void {
    mark = latest;
    marks.set(channel.top(), latest);
    if (marks.size <= MARKS_MAX) return;
    for (const oldest of marks.keys()) return void marks.delete(oldest);
  }

  function toEvent(text: string): Pick<StoredEvent, 'event' | 'bytes'> {
    const event = decodeEvent(text);
    if (!event) onPoison(text.length);
    return { event, bytes: text.length };
  }

  const take = (rows: readonly Row[]) =>
    channel.push(
      rows.map((row) => toEvent(row.text)),
      nowMs(),
    );

  function startOver({ epoch, top, mark: topMark, rows }: ReadReply): void {
    channel.startOver(epoch, rows[0] ? rows[0].offset - 1 : top);
    if (rows.length > 0) take(rows);
    marks.clear();
    remember(rows.at(-1)?.mark ?? topMark);
  }

  return {
    toEvent,
    startOver,
    place: () => ({ epoch: channel.epoch(), top: channel.top(), mark }),
    hear(said) {
      const top = channel.top();
      if (said.epoch !== channel.epoch() || said.before > top) return false;
      if (said.top <= top) return (marks.get(said.top) ?? said.mark) === said.mark;
      const events = said.events();
      if (events.length !== said.top - said.before) return false;
      channel.push(events.slice(top - said.before), nowMs());
      remember(said.mark);
      return true;
    },
    fill(page) {
      const rows = page.rows.filter((row) => row.offset > channel.top());
      const first = rows[0];
      if (first?.offset === channel.top() + 1) {
        take(rows);
        remember(rows.at(-1)?.mark ?? mark);
      } else if (channel.top() < page.top) {
        startOver({ ...page, rows });
      }
    },
    toHeard(message) {
      const said = Buffer.isBuffer(message) ? parseAnnouncement(message) : null;
      if (!said || !Buffer.isBuffer(message)) return null;
      const { epoch, top, count, textsAt } = said;
      const events = () => (count === 0 ? [] : message.toString('utf8', textsAt).split('\n').map(toEvent));
      return { epoch, before: top - count, top, mark: said.mark, events };
    },
  };
}
