/**
 * The contract of who is where: which participants have a channel open, over all processes. Leases, not rows: what a process that
 * died had entered is gone within half a minute. Tells nobody; the desk does. Implementations: memory-presence-registry.ts,
 * redis-presence-registry.ts.
 */
import type { Channel } from './event-log.ts';

/** A change that its caller has to tell: exactly one caller over all processes gets it. */
export interface PresenceChange {
  readonly channel: Channel;
  readonly participant: string;
  readonly present: boolean;
}

export interface PresenceRegistry {
  /** This process has the participant now. Answers who came with that, and who had silently gone. Entering twice is entering once. */
  enter(channel: Channel, participant: string): Promise<readonly PresenceChange[]>;
  /** This process has the participant no more. */
  leave(channel: Channel, participant: string): Promise<readonly PresenceChange[]>;
  /** Says again what this process has; to be called more often than every `PRESENCE_LEASE_MS`. */
  renew(entered: readonly { readonly channel: Channel; readonly participant: string }[]): Promise<readonly PresenceChange[]>;
  present(channel: Channel): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** How long an entry stands that nobody renews. */
export const PRESENCE_LEASE_MS = 30_000;
