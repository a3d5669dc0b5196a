/**
 * Following a conversation, a run or what happens at the desk: access is checked, and only what the viewer's class may see comes through. Silence is filled by
 * heartbeat.ts, the end of a run's stream is run-stream.ts.
 */
import type { Clock } from '../foundation/clock.ts';
import { notFound } from '../foundation/errors.ts';
import { conversationsVisibleTo, requireScope, requireStaff, runsVisibleTo } from '../desk/access.ts';
import { channelOf } from '../desk/desk-run.ts';
import { DESK_CHANNEL } from '../desk/escalation-events.ts';
import { seesPersonalData } from '../desk/personal-data.ts';
import type { ChannelHead, Entry, EventLog, Polled } from '../events/event-log.ts';
import type { ParleyEvent, Visibility } from '../events/event.ts';
import { parsePosition, type Position } from '../events/position.ts';
import type { Database } from '../store/database.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';
import { hasScope, type Viewer } from '../store/viewer.ts';
import { withHeartbeats, type ActiveRun } from './heartbeat.ts';
import { endedRun, untilTerminal } from './run-stream.ts';

export interface FollowDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly clock: Clock;
}

export async function followConversation(
  { database, log, clock }: FollowDeps,
  viewer: Viewer,
  conversationId: string,
  after: Position | undefined,
  signal: AbortSignal,
): Promise<Polled<Entry>> {
  if (after !== undefined) parsePosition(after);
  const visible = conversationsVisibleTo(requireScope(viewer, 'read:conversations'));
  const found = await database.conversation.findFirst({ where: { AND: [{ id: conversationId }, visible] }, select: { id: true } });
  if (!found) throw notFound('conversation');
  const source = log.follow(`conversation:${conversationId}`, { ...(after === undefined ? {} : { after }), startAt: 'snapshot', signal });
  const ofReader = { AND: [{ conversationId }, runsVisibleTo(viewer)] } satisfies Prisma.RunWhereInput;
  return withHeartbeats(source, clock, readActive(database, ofReader), (event) => maySee(viewer, event));
}

export async function followRun(
  deps: FollowDeps,
  viewer: Viewer,
  runId: string,
  after: Position | undefined,
  signal: AbortSignal,
): Promise<AsyncIterableIterator<Entry>> {
  const { database, log, clock } = deps;
  if (after !== undefined) parsePosition(after);
  const visible = runsVisibleTo(requireScope(viewer, 'read:conversations'));
  const run = await database.run.findFirst({ where: { AND: [{ id: runId }, visible] } });
  if (!run) throw notFound('run');
  const channel = channelOf(run);
  const head = run.finishedAt ? await log.head(channel) : null;
  const source = log.follow(channel, { ...(after === undefined ? {} : { after }), startAt: 'history', signal });
  const shown = (event: ParleyEvent) => maySee(viewer, event) && belongsTo(event, runId);
  if (head) return endedRun(source, run, head, shown);
  return untilTerminal(withHeartbeats(source, clock, readActive(database, { id: runId }), shown, runId), () =>
    database.run.findUnique({ where: { id: runId } }),
  );
}

function readActive(database: Database, which: Prisma.RunWhereInput): () => Promise<readonly ActiveRun[]> {
  return () => database.run.findMany({ where: { ...which, finishedAt: null }, select: { id: true, status: true } });
}

/** One channel for the whole desk: dashboards filter for themselves, so that whoever slept catches up with all of it. */
export async function followEscalations({ log }: FollowDeps, viewer: Viewer, after: Position | undefined, signal: AbortSignal): Promise<Polled<Entry>> {
  if (after !== undefined) parsePosition(after);
  requireStaff(viewer, 'read:conversations');
  return log.follow(DESK_CHANNEL, { ...(after === undefined ? {} : { after }), startAt: 'live', signal });
}

export async function conversationHead({ log }: FollowDeps, conversationId: string): Promise<ChannelHead> {
  return log.head(`conversation:${conversationId}`);
}

/**
 * Pieces of text are not for people of the desk who may not see personal data: an address cannot be told by its parts. They read the
 * message, masked, when it is finished.
 */
function maySee(viewer: Viewer, event: ParleyEvent): boolean {
  if ((event.type === 'TextDelta' || event.type === 'TextSnapshot') && viewer.kind === 'staff' && !seesPersonalData(viewer)) return false;
  return isShown(viewer, event.visibility);
}

function isShown(viewer: Viewer, visibility: Visibility): boolean {
  switch (visibility) {
    case 'CUSTOMER':
      return true;
    case 'STAFF':
      return viewer.kind === 'staff';
    case 'DEBUG':
      return viewer.kind === 'staff' && hasScope(viewer, 'admin:system');
  }
}

function belongsTo(event: ParleyEvent, runId: string): boolean {
  return event.type === 'Heartbeat' || ('runId' in event && event.runId === runId);
}
