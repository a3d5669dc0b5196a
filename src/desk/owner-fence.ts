/** The fence in the channel of a conversation behind which agents that started under an earlier owner version fall silent. */
import type { Fence } from '../events/event-log.ts';

export const OWNER_FENCE = 'owner';

/** Raised with the event that tells of it: nothing agents began before comes after it. */
export function ownerFence({ ownerVersion }: { readonly ownerVersion: number }): Fence {
  return { key: OWNER_FENCE, token: ownerVersion };
}
