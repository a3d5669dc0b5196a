/**
 * One execution for many subscribers. Every subscriber begins with a stream of its own, so that access is checked and the past is told
 * to each; once it has caught up it moves into the feed of those who follow the same thing, or lets others into its own. Whoever reads
 * too slowly leaves the others, catches up at their own pace, and comes back. Nobody waits for anybody. Knows no log and no rows.
 */
import type { ExecutionResult } from 'graphql';
import { NotShareable } from '../desk/authorization-class.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Errors } from './errors.ts';
import { createFeed, type Feed } from './feed.ts';
import { createLeafPayloads } from './leaf-payload.ts';
import { cutOff, drained, JOINING_BYTES_MAX, mustWait, type Member } from './member.ts';
import type { Call, Operations, Prepared } from './operations.ts';
import { createParked, type Parked } from './parked.ts';
import { createSharing } from './sharing.ts';
import type { Outlet } from './socket.ts';

export interface FanOutDeps {
  readonly operations: Operations;
  readonly errors: Errors;
  readonly clock: Clock;
}

export interface FanOut {
  /** Null when this subscription cannot be shared; else its frames go to the outlet, and the answer is what the protocol waits on. */
  subscribe(prepared: Prepared, call: Call, outlet: Outlet): Promise<ExecutionResult | Parked> | null;
  /** Feeds that others may join, for metrics and tests. */
  readonly groups: number;
}

export function createFanOut({ operations, errors, clock }: FanOutDeps): FanOut {
  const sharing = createSharing(operations.schema);
  const leavesOf = createLeafPayloads(operations.schema);
  /** For each kind of subscription the feed that others may join. */
  const groups = new Map<string, Feed>();
  /** Members who are further than the feed they could join: it comes by soon. */
  const ahead = new Map<string, Map<Member, Feed>>();
  /** Documents whose items turned out to depend on the single viewer. */
  const individual = new WeakSet<object>();

  /** Its member has caught up: from here on it need not be alone. */
  function settle(feed: Feed, member: Member, position: string): void {
    if (individual.has(member.prepared.document)) return;
    const { key } = member.share;
    const group = groups.get(key);
    if (!group) {
      forget(member);
      groups.set(key, feed);
      return feed.share(position);
    }
    if (move(member, feed, position, group)) return forget(member);
    const others = ahead.get(key) ?? new Map<Member, Feed>();
    ahead.set(key, others.set(member, feed));
  }

  /** The group is at this position now: those who were there before may join. */
  function meet(key: string, group: Feed, position: string): void {
    for (const [member, feed] of ahead.get(key) ?? []) {
      if (feed.settledAt === position && move(member, feed, position, group)) forget(member);
    }
  }

  function move(member: Member, from: Feed, position: string, group: Feed): boolean {
    if (mustWait(member) || member.outlet.owed() > JOINING_BYTES_MAX || !group.join(member, position)) return false;
    from.leave(member);
    return true;
  }

  function forget(member: Member): void {
    const { key } = member.share;
    const others = ahead.get(key);
    if (others?.delete(member) && others.size === 0) ahead.delete(key);
  }

  function feedFor(member: Member, resumed: boolean): Feed {
    const { prepared, call, share } = member;
    const { key } = share;
    const { viewer, requestId, log } = call;
    return createFeed({
      clock,
      member,
      caller: { viewer: individual.has(prepared.document) ? viewer : share.viewer, requestId, log },
      leaves: individual.has(prepared.document) ? null : leavesOf(prepared),
      resumed,
      onSettled: settle,
      onDelivered: (feed, position) => void (ahead.size > 0 && meet(key, feed, position)),
      onUnshare: (feed) => void (groups.get(key) === feed && groups.delete(key)),
      onIndividual: () => void individual.add(prepared.document),
      onSentOff: (slow, position) => void resume(slow, position).catch((error: unknown) => slow.parked.fail([errors.present(error, slow.call.requestId)])),
    });
  }

  /** Opens a stream for this member alone. Null when it works, or when the member has left; else why not. */
  async function follow(member: Member, after: string | undefined): Promise<ExecutionResult | null> {
    const feed = feedFor(member, after !== undefined);
    const { prepared, call, share } = member;
    const viewer = individual.has(prepared.document) ? call.viewer : share.viewer;
    try {
      const opened = await operations.open(prepared, { ...call, viewer, signal: feed.signal }, after);
      if (!('items' in opened)) {
        feed.leave(member);
        return member.left ? null : opened;
      }
      if (feed.closed) void opened.items.return?.();
      else void feed.run(opened);
      return null;
    } catch (error) {
      if (!(error instanceof NotShareable)) throw error;
      feed.leave(member);
      individual.add(prepared.document);
      return member.left ? null : follow(member, after);
    }
  }

  /** Goes on with a member that was served up to this position. */
  async function resume(member: Member, position: string | null): Promise<void> {
    if (!(await drained(member, clock))) return cutOff(member);
    if (member.left) return;
    const joined = position !== null && !individual.has(member.prepared.document) && groups.get(member.share.key)?.join(member, position);
    if (joined) return;
    const refused = await follow(member, position ?? undefined);
    if (refused) member.parked.fail(refused.errors ?? []);
  }

  async function start(member: Member): Promise<ExecutionResult | Parked> {
    return (await follow(member, undefined)) ?? member.parked.iterator;
  }

  return {
    get groups() {
      return groups.size;
    },
    subscribe(prepared, call, outlet) {
      const share = individual.has(prepared.document) ? null : sharing.shareOf(prepared, call.viewer);
      if (!share) return null;
      const parked = createParked(clock, () => {
        member.left = true;
        call.signal.removeEventListener('abort', parked.end);
        call.standing?.rights.removeEventListener('abort', lose);
        forget(member);
        member.leave?.();
      });
      const lose = () => parked.fail([errors.present(call.standing?.rights.reason, call.requestId)]);
      const member: Member = { prepared, call, share, outlet, parked, leave: null, left: false };
      if (call.signal.aborted) {
        parked.end();
        return Promise.resolve(parked.iterator);
      }
      call.signal.addEventListener('abort', parked.end, { once: true });
      // Whoever lost rights is in no group of those who have them.
      if (call.standing?.rights.aborted) lose();
      else call.standing?.rights.addEventListener('abort', lose, { once: true });
      return start(member);
    },
  };
}
