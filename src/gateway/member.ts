/**
 * One subscriber of a subscription that may be shared, and its pace: what its socket has not taken yet decides whether it keeps up with
 * others. Knows no feed beyond the one that serves it now.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Call, Prepared } from './operations.ts';
import type { ParkedControl } from './parked.ts';
import type { Share } from './sharing.ts';
import { OWED_BYTES_MAX, type Outlet } from './socket.ts';

export interface Member {
  readonly prepared: Prepared;
  readonly call: Call;
  readonly share: Share;
  readonly outlet: Outlet;
  readonly parked: ParkedControl;
  /** How to leave whatever serves it now; null while nothing does. */
  leave: (() => void) | null;
  /** It wants nothing any more: nothing may be written, since its id may already mean another operation. */
  left: boolean;
}

/** It must be waited for: it owes too much, or it is being found out whether it may still see anything. */
export function mustWait({ call, outlet }: Member): boolean {
  return call.standing?.held === true || outlet.owed() > OWED_BYTES_MAX;
}

/** A member that owes more than this does not join others: it would soon have to leave them again. */
export const JOINING_BYTES_MAX = OWED_BYTES_MAX / 4;
const POLL_MS = 25;
const POLL_MS_MAX = 200;
/** A socket that takes nothing for this long is closed. */
const STUCK_MS = 30_000;

/** Waits until it need not be waited for; false when its socket takes nothing any more. Ends when the member leaves. */
export async function drained(member: Member, clock: Clock): Promise<boolean> {
  const { outlet, call } = member;
  if (!mustWait(member)) return true;
  await call.standing?.confirmed();
  if (!mustWait(member)) return true;
  let taken = outlet.taken();
  let takenAtMs = clock.now().getTime();
  let waitMs = POLL_MS;
  while (call.standing?.held === true || outlet.owed() > OWED_BYTES_MAX / 2) {
    await clock.sleep(waitMs, call.signal).catch(() => undefined);
    if (call.signal.aborted) return true;
    const nowMs = clock.now().getTime();
    const now = outlet.taken();
    // What counts is progress: a slow reader is served, one that has stopped is not.
    if (now > taken) takenAtMs = nowMs;
    if (nowMs - takenAtMs >= STUCK_MS) return false;
    taken = now;
    waitMs = Math.min(waitMs * 2, POLL_MS_MAX);
  }
  return true;
}

/** For a member that reads no more: its socket is closed, and it wants nothing. */
export function cutOff(member: Member): void {
  member.outlet.close(4410, 'Too slow');
  member.parked.end();
}
