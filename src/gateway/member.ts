/**
 * One subscriber of a shared subscription on a stream of its own: while it catches up, and when it reads too slowly. Its pace is its
 * socket's; a socket that takes nothing any more is closed with 4410. Knows no group beyond the question whether it may join it.
 */
import type { Clock } from '../foundation/clock.ts';
import type { LeafPayload } from './leaf-payload.ts';
import type { Call, OpenedSubscription, Prepared } from './operations.ts';
import type { ParkedControl } from './parked.ts';
import type { Outlet } from './socket.ts';

export interface Member {
  readonly prepared: Prepared;
  readonly call: Call;
  readonly outlet: Outlet;
  readonly parked: ParkedControl;
  /** Of the last item it was written. */
  position: string | null;
  left: boolean;
}

export interface AloneDeps {
  readonly clock: Clock;
  /** Makes the member live in its group if both stand at the same place. */
  readonly join: (member: Member) => boolean;
}

/** Items that say how a stream begins; several share one position, so it does not yet say what the member holds. */
const STARTING: ReadonlySet<string> = new Set(['StreamReady', 'StreamReset', 'TextSnapshot', 'Heartbeat']);
/** Bytes a socket may owe before its member reads at its own pace. */
export const OWED_BYTES_MAX = 64 * 1_024;
const DRAIN_POLL_MS = 25;
/** A socket that takes nothing for this long is closed. */
const STUCK_MS = 30_000;

/** @param again True when it was told before that its subscription works. */
export async function followAlone(
  member: Member,
  opened: OpenedSubscription,
  leaves: LeafPayload | null,
  again: boolean,
  { clock, join }: AloneDeps,
): Promise<void> {
  const context = opened.context();
  let first = again;
  try {
    for (;;) {
      const item = await opened.items.next();
      if (member.left) return;
      if (item.done) return member.parked.end();
      const kind = kindOf(item.value);
      const skip = first && kind === 'StreamReady';
      first = false;
      if (skip) continue;
      const text = leaves?.(item.value, context) ?? null;
      member.outlet.write(text === null ? JSON.stringify(opened.present(await opened.execute(item.value))) : `{"data":${text}}`);
      member.position = positionOf(item.value);
      if (!(await drained(member, clock))) return member.outlet.close(4410, 'Too slow');
      if (!STARTING.has(kind) && join(member)) return;
    }
  } finally {
    void opened.items.return?.();
  }
}

/** Waits until the socket has taken most of what it owes; false when it takes nothing any more. */
export async function drained({ outlet, call }: Member, clock: Clock): Promise<boolean> {
  let owed = outlet.owed();
  let idleMs = 0;
  if (owed <= OWED_BYTES_MAX) return true;
  while (owed > OWED_BYTES_MAX / 2) {
    await clock.sleep(DRAIN_POLL_MS, call.signal).catch(() => undefined);
    if (call.signal.aborted) return true;
    const left = outlet.owed();
    // What counts is progress: a slow reader is served, one that has stopped is not.
    idleMs = left < owed ? 0 : idleMs + DRAIN_POLL_MS;
    if (idleMs >= STUCK_MS) return false;
    owed = left;
  }
  return true;
}

export function positionOf(item: unknown): string {
  return typeof item === 'object' && item !== null && 'position' in item && typeof item.position === 'string' ? item.position : '';
}

function kindOf(item: unknown): string {
  if (typeof item !== 'object' || item === null || !('said' in item)) return '';
  const { said } = item;
  return typeof said === 'object' && said !== null && 'type' in said && typeof said.type === 'string' ? said.type : '';
}
