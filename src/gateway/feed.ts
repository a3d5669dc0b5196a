/**
 * One followed stream and the members it serves: each item is executed and serialized once, and only the frame's start differs per
 * socket. With one member it goes at that member's pace; with several it waits for none, and who cannot keep up is sent off to go on
 * by itself. Opens no stream and knows no other feed; fan-out.ts brings members together.
 */
import { setImmediate } from 'node:timers/promises';
import { NotShareable, wasAskedWho } from '../desk/authorization-class.ts';
import type { Clock } from '../foundation/clock.ts';
import { createNextFrames } from './frame.ts';
import type { LeafPayload } from './leaf-payload.ts';
import { cutOff, drained, mustWait, type Member } from './member.ts';
import type { Call, OpenedSubscription } from './operations.ts';
import { takeWhilePolled } from './polling.ts';
import { createReading } from './reading.ts';

export interface FeedDeps {
  readonly clock: Clock;
  /** Whom it is opened for: served until it leaves. */
  readonly member: Member;
  /** Whom to execute as. */
  readonly caller: Omit<Call, 'signal'>;
  readonly leaves: LeafPayload | null;
  /** The stream continues what the member was told before. */
  readonly resumed: boolean;
  /** Its only member has everything up to this position, and may go on in another feed, or let others into this one. */
  readonly onSettled: (feed: Feed, member: Member, position: string) => void;
  /** Its members, whom others may join, have everything up to this position. */
  readonly onDelivered: (feed: Feed, position: string) => void;
  /** Others must not join from here on. */
  readonly onUnshare: (feed: Feed) => void;
  /** What it executes depends on who asks. */
  readonly onIndividual: () => void;
  /** This member is served no more and has everything up to this position; it still wants the rest. */
  readonly onSentOff: (member: Member, position: string | null) => void;
}

export interface Feed {
  readonly closed: boolean;
  /** Where its members stand; null while they are in the middle of what belongs together. */
  readonly settledAt: string | null;
  /** Aborts when nobody is served any more. */
  readonly signal: AbortSignal;
  /** Runs to the end of the stream; never throws. */
  run(opened: OpenedSubscription): Promise<void>;
  /** Lets others join from this position on. */
  share(position: string): void;
  /** Writes to the member what came after this position, and serves it from now on; false when it cannot continue there. */
  join(member: Member, position: string): boolean;
  /** Serves this member no more; closes after the last. */
  leave(member: Member): void;
}

/** An item that has to be waited for: to be executed, or for its only reader. */
interface Waiting {
  readonly item: unknown;
  readonly payload: string | null;
  readonly after: string | null;
}

interface Delivered {
  readonly position: string | null;
  readonly payload: string;
}

/** Items, and characters of their payloads, kept for members who are a little behind when they join. */
const TAIL_ITEMS_MAX = 16;
const TAIL_CHARS_MAX = 16 * 1_024;
/** A long replay comes without a wait of its own; others want their turn of the event loop. */
const YIELD_ITEMS = 128;

export function createFeed(deps: FeedDeps): Feed {
  const members = new Set<Member>([deps.member]);
  const leaving = new AbortController();
  let caller: Call = { ...deps.caller, signal: leaving.signal };
  let { leaves } = deps;
  let stream: OpenedSubscription | null = null;
  /** Up to where the members have everything. */
  let position: string | null = null;
  let settledAt: string | null = null;
  /** Null while nobody may join. */
  let tail: Delivered[] | null = null;

  function close(): void {
    if (leaving.signal.aborted) return;
    unshare();
    leaving.abort();
    // A source that cannot be interrupted must not keep anybody waiting, and what goes wrong while closing has no reader.
    Promise.resolve(stream?.items.return?.()).catch(() => undefined);
  }

  function unshare(): void {
    if (tail) deps.onUnshare(feed);
    tail = null;
  }

  function leave(member: Member): void {
    members.delete(member);
    if (members.size === 0) close();
  }

  function sendOff(member: Member): void {
    members.delete(member);
    member.leave = null;
    deps.onSentOff(member, position);
    if (members.size === 0) close();
  }

  async function follow(opened: OpenedSubscription): Promise<void> {
    const read = createReading(deps.resumed);
    const context = opened.contextOf(caller);
    const tell = (value: unknown): Waiting | null => {
      const { item, position: after } = read(value);
      if (item === null) return null;
      const text = leaves?.(item, context) ?? null;
      const payload = text === null || (caller.viewer && wasAskedWho(caller.viewer)) ? null : `{"data":${text}}`;
      if (payload === null || slowAlone(members)) return { item, payload, after };
      deliver(payload, after);
      return null;
    };
    for (;;) {
      const waiting = await nextWaiting(opened.items, tell, leaving.signal);
      if (waiting === 'ended') return endAll(members);
      if (!waiting) return;
      const payload = waiting.payload ?? (await render(opened, waiting.item));
      // Whoever joined would wait too. What is said meanwhile merges at its source.
      if (slowAlone(members)) unshare();
      await keepPace(members, deps.clock);
      if (leaving.signal.aborted) return;
      deliver(payload, waiting.after);
    }
  }

  async function render(opened: OpenedSubscription, item: unknown): Promise<string> {
    try {
      return JSON.stringify(await opened.execute(item, caller));
    } catch (error) {
      if (!(error instanceof NotShareable)) throw error;
    }
    // From here on it is executed as one member; the others go on by themselves, each from the item before.
    deps.onIndividual();
    unshare();
    leaves = null;
    const [keeper, ...others] = members;
    for (const member of others) sendOff(member);
    if (keeper) caller = { ...keeper.call, signal: leaving.signal };
    return JSON.stringify(await opened.execute(item, caller));
  }

  function deliver(payload: string, after: string | null): void {
    for (const slow of writeToAll(members, payload)) sendOff(slow);
    settledAt = after;
    position = after ?? position;
    if (tail) keep(tail, { position: after, payload });
    if (after === null) return;
    const [member] = members;
    if (tail) deps.onDelivered(feed, after);
    else if (member) deps.onSettled(feed, member, after);
  }

  const feed: Feed = {
    get closed() {
      return leaving.signal.aborted;
    },
    get settledAt() {
      return settledAt;
    },
    signal: leaving.signal,
    async run(opened) {
      stream = opened;
      try {
        await follow(opened);
      } catch (error) {
        const failed = opened.failed(error);
        for (const member of members) member.parked.fail([failed]);
      } finally {
        close();
      }
    },
    share(from) {
      tail = [{ position: from, payload: '' }];
    },
    join(member, from) {
      if (!tail || !writeRest(tail, from, member)) return false;
      members.add(member);
      member.leave = () => leave(member);
      return true;
    },
    leave,
  };
  deps.member.leave = () => leave(deps.member);
  return feed;
}

/** Tells what can be told at once, up to the item that has to be waited for; null when the signal aborted. */
async function nextWaiting(items: AsyncIterator<unknown>, tell: (item: unknown) => Waiting | null, signal: AbortSignal): Promise<Waiting | 'ended' | null> {
  for (let told = 1; ; told += 1) {
    if (told % YIELD_ITEMS === 0) await setImmediate();
    const declined = await takeWhilePolled(items, tell);
    if (signal.aborted) return null;
    if (declined) return declined;
    const next = await items.next();
    if (signal.aborted) return null;
    if (next.done) return 'ended';
    const waiting = tell(next.value);
    if (waiting) return waiting;
  }
}

/** The only member, when it is waited for. */
function slowAlone(members: ReadonlySet<Member>): Member | null {
  const [only] = members;
  return only && members.size === 1 && mustWait(only) ? only : null;
}

/** Waits for the only member when it owes too much, and lets go of one that takes nothing any more. */
async function keepPace(members: ReadonlySet<Member>, clock: Clock): Promise<void> {
  const slow = slowAlone(members);
  if (slow && !(await drained(slow, clock))) cutOff(slow);
}

function endAll(members: ReadonlySet<Member>): void {
  for (const member of members) member.parked.end();
}

/** Writes one payload to all; answers those who are not waited for. Of those who owe much the last one is written to in any case, of those in doubt none. */
function writeToAll(members: ReadonlySet<Member>, payload: string): Member[] {
  const frames = createNextFrames(payload);
  const slow: Member[] = [];
  for (const member of members) {
    if (member.call.standing?.held === true || (members.size - slow.length > 1 && mustWait(member))) slow.push(member);
    else member.outlet.write(frames);
  }
  return slow;
}

/** Writes what came after this position; false when it is not known any more. */
function writeRest(tail: readonly Delivered[], from: string, { outlet }: Member): boolean {
  const at = tail.findLastIndex((item) => item.position === from);
  if (at >= 0) for (const { payload } of tail.slice(at + 1)) outlet.write(createNextFrames(payload));
  return at >= 0;
}

function keep(tail: Delivered[], item: Delivered): void {
  tail.push(item);
  let chars = 0;
  for (const { payload } of tail) chars += payload.length;
  while (tail.length > 1 && (tail.length > TAIL_ITEMS_MAX || chars > TAIL_CHARS_MAX)) chars -= tail.shift()?.payload.length ?? 0;
}
