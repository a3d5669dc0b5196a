/** What the floors above may do with runs: stop one, follow one, follow a conversation. Implemented in driver.ts and follow.ts. */
import type { ChannelHead, Entry } from '../events/event-log.ts';
import type { Position } from '../events/position.ts';
import type { Message, Run } from '../store/generated/prisma/client.ts';
import type { Viewer } from '../store/viewer.ts';

export interface StopResult {
  readonly run: Run;
  /** The answer so far, kept and marked partial; null when nothing had been written. */
  readonly message: Message | null;
  readonly alreadyFinished: boolean;
}

export interface Runs {
  /** Stops a queued or active run and waits until its row says so. Idempotent. @throws AppError NOT_FOUND, UNAVAILABLE. */
  stop(viewer: Viewer, runId: string): Promise<StopResult>;
  /** Checks access, then follows. Only what the viewer's class may see comes through. @throws AppError NOT_FOUND, BAD_INPUT, UNAVAILABLE before the first entry. */
  followConversation(viewer: Viewer, conversationId: string, after: Position | undefined, signal: AbortSignal): Promise<AsyncIterableIterator<Entry>>;
  /** As followConversation, for one run; completes by itself after the run's terminal event. */
  followRun(viewer: Viewer, runId: string, after: Position | undefined, signal: AbortSignal): Promise<AsyncIterableIterator<Entry>>;
  /** What happens to escalations, for people of the desk. @throws AppError FORBIDDEN, BAD_INPUT, UNAVAILABLE before the first entry. */
  followEscalations(viewer: Viewer, after: Position | undefined, signal: AbortSignal): Promise<AsyncIterableIterator<Entry>>;
  /** Where to start following a conversation: read it before the rows. */
  conversationHead(conversationId: string): Promise<ChannelHead>;
}
