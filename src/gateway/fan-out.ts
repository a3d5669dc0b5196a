/**
 * One execution for many subscribers. Identical subscriptions form a group: its stream is followed once, each item is executed and
 * serialized once, and only the frame's id differs per socket. Whoever comes later catches up on a stream of their own and joins when
 * both stand at the same position; whoever reads too slowly leaves the group, catches up at their own pace, and comes back. Nobody
 * waits for anybody. Knows no log and no rows.
 */
import type { ExecutionResult } from 'graphql';
import { NotShareable } from '../desk/authorization-class.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Errors } from './errors.ts';
import { compileLeaves, type LeafPayload } from './leaf-payload.ts';
import { drained, followAlone, OWED_BYTES_MAX, positionOf, type Member } from './member.ts';
import type { Call, OpenedSubscription, Operations, Prepared } from './operations.ts';
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
  /** Subscriptions executed for all their subscribers at once, for metrics and tests. */
  readonly groups: number;
}

interface Delivered {
  readonly position: string;
  readonly payload: string;
}

interface Group {
  readonly key: string;
  readonly live: Set<Member>;
  /** The latest items, so that a member who is a little behind needs no stream of its own. */
  readonly tail: Delivered[];
  readonly leaving: AbortController;
  readonly leaves: LeafPayload | null;
}

const TAIL_MAX = 32;

export function createFanOut({ operations, errors, clock }: FanOutDeps): FanOut {
  const sharing = createSharing(operations.schema);
  const groups = new Map<string, Group>();
  /** Documents whose items turned out to depend on the single viewer. */
  const individual = new WeakSet<object>();

  function closeGroup(group: Group): void {
    if (groups.get(group.key) === group) groups.delete(group.key);
    group.leaving.abort();
  }

  /** Follows the group's stream and writes each item to all who are live. */
  async function lead(group: Group, opened: OpenedSubscription): Promise<void> {
    const context = opened.context();
    try {
      for (;;) {
        const item = await opened.items.next();
        if (group.leaving.signal.aborted) return;
        if (item.done) return endAll(group);
        const text = group.leaves?.(item.value, context) ?? null;
        const payload = text === null ? await render(opened, item.value) : `{"data":${text}}`;
        for (const slow of deliver(group, { position: positionOf(item.value), payload })) goAlone(group.key, slow);
        if (group.live.size === 0) return;
      }
    } catch (error) {
      if (error instanceof NotShareable) dissolve(group);
      else for (const member of group.live) member.parked.fail([opened.failed(error)]);
    } finally {
      closeGroup(group);
      void opened.items.return?.();
    }
  }

  /** What the group executes depends on who asks: from here on each member is executed for alone. */
  function dissolve(group: Group): void {
    closeGroup(group);
    for (const member of group.live) {
      individual.add(member.prepared.document);
      goAlone(group.key, member);
    }
    group.live.clear();
  }

  function goAlone(key: string, member: Member): void {
    void catchUp(key, member).catch((error: unknown) => member.parked.fail([errors.present(error, member.call.requestId)]));
  }

  async function catchUp(key: string, member: Member): Promise<void> {
    if (!(await drained(member, clock))) return member.outlet.close(4410, 'Too slow');
    if (member.left || join(key, member)) return;
    const opened = await operations.open(member.prepared, member.call, member.position ?? undefined);
    if ('items' in opened) await alone(key, member, opened, true);
    else member.parked.fail(opened.errors ?? []);
  }

  function alone(key: string, member: Member, opened: OpenedSubscription, again: boolean): Promise<void> {
    const leaves = groups.get(key)?.leaves ?? compileLeaves(operations.schema, member.prepared);
    return followAlone(member, opened, leaves, again, { clock, join: (joining) => join(key, joining) });
  }

  function join(key: string, member: Member): boolean {
    const group = groups.get(key);
    return group !== undefined && !individual.has(member.prepared.document) && joinTail(group, member);
  }

  async function start(key: string, call: Call, member: Member): Promise<ExecutionResult | Parked> {
    const group: Group | null = groups.has(key)
      ? null
      : { key, live: new Set([member]), tail: [], leaving: new AbortController(), leaves: compileLeaves(operations.schema, member.prepared) };
    if (group) groups.set(key, group);
    const opened = await operations.open(member.prepared, group ? { ...call, signal: group.leaving.signal } : member.call);
    if (!('items' in opened) || member.left) {
      if (group) closeGroup(group);
      if ('items' in opened) void opened.items.return?.();
      return 'items' in opened ? member.parked.iterator : opened;
    }
    if (group) void lead(group, opened);
    else alone(key, member, opened, false).catch((error: unknown) => member.parked.fail([opened.failed(error)]));
    return member.parked.iterator;
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
        const group = groups.get(share.key);
        if (group?.live.delete(member) && group.live.size === 0) closeGroup(group);
      });
      const member: Member = { prepared, call, outlet, parked, position: null, left: false };
      call.signal.addEventListener('abort', parked.end, { once: true });
      return start(share.key, { ...call, viewer: share.viewer }, member);
    },
  };
}

async function render(opened: OpenedSubscription, item: unknown): Promise<string> {
  const result = await opened.execute(item);
  const depends = result.errors?.find((error) => error.originalError instanceof NotShareable);
  if (depends) throw depends.originalError;
  return JSON.stringify(opened.present(result));
}

/** Writes one item to all live members; answers those who owe too much, who are live no more. */
function deliver(group: Group, item: Delivered): Member[] {
  group.tail.push(item);
  if (group.tail.length > TAIL_MAX) group.tail.shift();
  const slow: Member[] = [];
  const frames = new Map<string, Buffer>();
  for (const member of group.live) {
    if (member.outlet.owed() > OWED_BYTES_MAX) {
      group.live.delete(member);
      slow.push(member);
      continue;
    }
    member.outlet.write(item.payload, group.live.size > 1 ? frames : undefined);
    member.position = item.position;
  }
  return slow;
}

/** Writes what the group delivered after the member's position and makes it live; false when the tail does not reach back that far. */
function joinTail(group: Group, member: Member): boolean {
  const at = group.tail.findLastIndex((item) => item.position === member.position);
  if (at < 0 || group.leaving.signal.aborted) return false;
  for (const item of group.tail.slice(at + 1)) {
    member.outlet.write(item.payload);
    member.position = item.position;
  }
  group.live.add(member);
  return true;
}

function endAll(group: Group): void {
  for (const member of group.live) member.parked.end();
}
