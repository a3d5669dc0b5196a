/**
 * People in the loop: a conversation is raised to them, one of them claims it, gives it back or settles it. Whether to raise is not
 * decided here. Each verb is one transaction that begins with the conversation's row, so that of many claims one wins, and the agents
 * are muted in the moment somebody does.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { EventLog } from '../events/event-log.ts';
import type { SignalBus } from '../jobs/signal-bus.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import type { Database } from '../store/database.ts';
import type { Conversation, Escalation, Message, Prisma } from '../store/generated/prisma/client.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { conversationsVisibleTo, escalationsVisibleTo, requireScope, requireStaff } from './access.ts';
import { tellDeskClosed } from './approval-events.ts';
import { auditEntry } from './audit.ts';
import { changedEvent, haltRuns, takeConversation, type Halted } from './conversation-lock.ts';
import { claimedEvent, queuedEvent, raisedEvent, releasedEvent, resolvedEvent, tellBoth } from './escalation-events.ts';
import { notClaimed } from './escalation-hold.ts';
import { estimateFor, firstWaiting, waitingOf, type Expected, type Waiting } from './escalation-queue.ts';
import { writeRaised, type RaiseEscalation, type Raised, type Raiser } from './escalation-raise.ts';
import { ownerFence } from './owner-fence.ts';

export interface EscalationDesk {
  /** The open escalation of the conversation is answered when there is one. @throws AppError NOT_FOUND, FORBIDDEN, CONVERSATION_CLOSED. */
  raise(by: Raiser, input: RaiseEscalation): Promise<{ escalation: Escalation; raised: boolean }>;
  /**
   * From here on agents are silent and only this person speaks for the desk.
   * @param input.force Takes it from whoever holds it.
   * @throws AppError ALREADY_CLAIMED, CONFLICT when it is resolved.
   */
  claim(viewer: Viewer, input: { readonly escalationId: string; readonly force?: boolean | null }): Promise<{ escalation: Escalation }>;
  /** Back to the queue; agents answer meanwhile only with `toAgents`. @throws AppError NOT_CLAIMED for whoever does not hold it. */
  release(viewer: Viewer, input: { readonly escalationId: string; readonly toAgents?: boolean | null }): Promise<{ escalation: Escalation }>;
  /** Settled: the agents go on, and know the summary. @throws AppError NOT_CLAIMED for whoever does not hold it. */
  resolve(viewer: Viewer, input: { readonly escalationId: string; readonly summary: string }): Promise<{ escalation: Escalation }>;
  /** Null when it does not wait. */
  waiting(escalation: Escalation): Promise<Waiting | null>;
  /** How long one of this kind would wait, before it is raised. */
  expected(asked: Expected): Promise<Omit<Waiting, 'place'>>;
}

export interface EscalationDeskDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly signals: SignalBus;
  readonly clock: Clock;
  /** IANA name of where the people of the desk work. */
  readonly timeZone: string;
  /** Reasons and summaries are kept without what it names. */
  readonly redaction: RedactionPolicy;
}

type Staff = Extract<Viewer, { kind: 'staff' }>;

/** Many who claim at once wait for each other; one that waits longer than this gives up. */
const TRANSACTION = { maxWait: 10_000, timeout: 10_000 } as const;
/** Shorter than the log remembers what it was told. */
const TOLD_AGAIN_MS = 4 * 60_000;
/** Those behind who are told that they moved up. */
const MOVED_UP_MAX = 10;
const SUMMARY_CHARS_MAX = 5_000;

export function createEscalationDesk(deps: EscalationDeskDeps): EscalationDesk {
  const { database, log, clock } = deps;

  async function tellRaised({ escalation, notice }: Raised): Promise<void> {
    const now = clock.now();
    const waiting = await waitingOf(deps, escalation);
    const events = [raisedEvent(escalation.id, now), ...(waiting ? [queuedEvent(escalation.id, waiting, now)] : [])];
    const said = notice ? [postedEvent(notice, 'CUSTOMER', now)] : [];
    await tellBoth(log, escalation, events, { once: 'raised', after: [changedEvent(escalation.conversationId, now), ...said] });
  }

  async function tellClaimed(escalation: Escalation, conversation: Conversation, halted: Halted | null): Promise<void> {
    const now = clock.now();
    const events = [claimedEvent(escalation.id, escalation.claimedById ?? '', now)];
    const fence = ownerFence(conversation);
    await tellBoth(log, escalation, events, {
      once: `claimed-${fence.token}`,
      before: halted?.events ?? [],
      after: [changedEvent(conversation.id, now)],
      fence,
    });
    await tellDeskClosed(log, halted?.events ?? []);
    for (const { id } of halted?.running ?? []) await deps.signals.send({ kind: 'stop', id });
  }

  /** Those behind one that left the queue. What fails here is told with the next that leaves it. */
  async function tellMovedUp(team: string): Promise<void> {
    try {
      const now = clock.now();
      const behind = await firstWaiting(deps, team, MOVED_UP_MAX);
      for (const { place, ...row } of behind) {
        const waiting = await waitingOf(deps, row);
        if (waiting) await log.append(`conversation:${row.conversationId}`, [{ ...queuedEvent(row.id, { ...waiting, place }, now), visibility: 'CUSTOMER' }]);
      }
    } catch {
      // The claim itself stands and was told.
    }
  }

  async function find(viewer: Viewer, escalationId: string): Promise<Escalation> {
    const found = await database.escalation.findFirst({ where: { id: escalationId, AND: [escalationsVisibleTo(viewer)] } });
    if (!found) throw notFound('escalation');
    return found;
  }

  const recent = (at: Date | null): boolean => at !== null && at.getTime() > clock.now().getTime() - TOLD_AGAIN_MS;

  return Object.freeze<EscalationDesk>({
    waiting: (escalation) => waitingOf(deps, escalation),
    expected: (asked) => estimateFor(deps, asked),

    async raise(by, input) {
      log.assertAvailable();
      if (by.kind === 'staff' || by.kind === 'partner') requireScope(by, 'escalate:conversations');
      const visible = by.kind === 'agent' || by.kind === 'system' ? {} : conversationsVisibleTo(by);
      const found = await database.conversation.findFirst({ where: { AND: [{ id: input.conversationId }, visible] }, select: { id: true } });
      if (!found) throw notFound('conversation');
      if ((by.kind === 'customer' || by.kind === 'partner') && (input.team || input.priority))
        throw new AppError('FORBIDDEN', 'Only the desk says how much it presses, and who takes it.');
      const written = await database.$transaction((tx) => writeRaised(deps, tx, by, input), TRANSACTION);
      // What the first time could not tell, because the log was away, is told now.
      if (written.raised || (written.escalation.status === 'waiting' && recent(written.escalation.createdAt))) await tellRaised(written);
      return { escalation: written.escalation, raised: written.raised };
    },

    async claim(viewer, { escalationId, force }) {
      log.assertAvailable();
      const staff = requireStaff(viewer, force ? 'assign:conversations' : 'write:conversations');
      const { conversationId } = await find(staff, escalationId);
      if (!(await database.user.findFirst({ where: { id: staff.userId, active: true }, select: { id: true } })))
        throw new AppError('FORBIDDEN', 'Only people of the desk who are on record can hold a conversation.');
      const now = clock.now();
      const { escalation, conversation, halted } = await database.$transaction(
        (tx) => writeClaim(tx, staff, { escalationId, conversationId, now }, force === true),
        TRANSACTION,
      );
      if (halted || recent(escalation.claimedAt)) await tellClaimed(escalation, conversation, halted);
      if (halted) await tellMovedUp(escalation.team);
      return { escalation };
    },

    async release(viewer, { escalationId, toAgents }) {
      log.assertAvailable();
      const staff = requireStaff(viewer, 'write:conversations');
      const { conversationId } = await find(staff, escalationId);
      const now = clock.now();
      const subject = { escalationId, conversationId, now };
      const { escalation, conversation } = await database.$transaction((tx) => writeRelease(tx, staff, subject, toAgents === true), TRANSACTION);
      const waiting = await waitingOf(deps, escalation);
      const events = [releasedEvent(escalationId, viewerKey(staff), now), ...(waiting ? [queuedEvent(escalationId, waiting, now)] : [])];
      const changed = conversation ? { after: [changedEvent(conversationId, now)], fence: ownerFence(conversation) } : {};
      await tellBoth(log, escalation, events, { once: `released-${now.getTime()}`, ...changed });
      return { escalation };
    },

    async resolve(viewer, { escalationId, summary }) {
      log.assertAvailable();
      const staff = requireStaff(viewer, 'write:conversations');
      const text = redact(checkSummary(summary), deps.redaction).text;
      const { conversationId } = await find(staff, escalationId);
      const now = clock.now();
      const subject = { escalationId, conversationId, now };
      const { escalation, conversation, message } = await database.$transaction((tx) => writeResolve(tx, staff, subject, text), TRANSACTION);
      const telling = {
        once: 'resolved',
        before: [postedEvent(message, 'STAFF', now)],
        after: [changedEvent(conversationId, now)],
        fence: ownerFence(conversation),
      };
      await tellBoth(log, escalation, [resolvedEvent(escalationId, now)], telling);
      return { escalation };
    },
  });
}

interface Subject {
  readonly escalationId: string;
  readonly conversationId: string;
  readonly now: Date;
}

interface Claimed {
  readonly escalation: Escalation;
  readonly conversation: Conversation;
  /** Null when it was claimed before, by the same person. */
  readonly halted: Halted | null;
}

/** One conditional update decides; the conversation changes hands and the agents' runs end with it. */
async function writeClaim(tx: Prisma.TransactionClient, staff: Staff, { escalationId, conversationId, now }: Subject, force: boolean): Promise<Claimed> {
  await takeConversation(tx, conversationId);
  const claim = { status: 'claimed', claimedById: staff.userId, claimedAt: now, lastReplyAt: now } as const;
  const [free] = await tx.escalation.updateManyAndReturn({ where: { id: escalationId, status: 'waiting' }, data: claim });
  const held = { id: escalationId, status: 'claimed', claimedById: { not: staff.userId } } as const;
  const holder = !free && force ? await tx.escalation.findFirst({ where: held, select: { claimedById: true } }) : null;
  const won = free ?? (holder ? (await tx.escalation.updateManyAndReturn({ where: held, data: claim }))[0] : undefined);
  if (!won) return { ...(await alreadyMine(tx, staff.userId, escalationId)), halted: null };
  const taken = { owner: 'people', status: 'escalated', ownerVersion: { increment: 1 } } as const;
  const conversation = await tx.conversation.update({ where: { id: conversationId }, data: taken });
  const [action, changes] = holder ? ['escalation.take_over', { from: holder.claimedById }] : ['escalation.claim', {}];
  await tx.auditEntry.create({ data: auditEntry(staff, action, 'escalation', escalationId, changes, now) });
  return { escalation: won, conversation, halted: await haltRuns(tx, conversationId, viewerKey(staff), now) };
}

/** @returns The conversation when it changed hands: to the agents. */
async function writeRelease(tx: Prisma.TransactionClient, staff: Staff, { escalationId, conversationId, now }: Subject, toAgents: boolean) {
  await takeConversation(tx, conversationId);
  await assertMine(tx, staff.userId, escalationId);
  const waiting = { status: 'waiting', claimedById: null, claimedAt: null, lastReplyAt: null } as const;
  const escalation = await tx.escalation.update({ where: { id: escalationId }, data: waiting });
  await tx.auditEntry.create({ data: auditEntry(staff, 'escalation.release', 'escalation', escalationId, { toAgents }, now) });
  const handed = { owner: 'agents', ownerVersion: { increment: 1 } } as const;
  return { escalation, conversation: toAgents ? await tx.conversation.update({ where: { id: conversationId }, data: handed }) : null };
}

async function writeResolve(tx: Prisma.TransactionClient, staff: Staff, { escalationId, conversationId, now }: Subject, summary: string) {
  await takeConversation(tx, conversationId);
  await assertMine(tx, staff.userId, escalationId);
  const resolved = { status: 'resolved', summary, resolvedAt: now, resolvedById: viewerKey(staff) } as const;
  const escalation = await tx.escalation.update({ where: { id: escalationId }, data: resolved });
  // A notice that somebody wrote is for the desk and its agents: see messagesVisibleTo.
  const note = { id: newId('msg'), conversationId, role: 'system', userId: staff.userId, text: summary, createdAt: now, finishedAt: now } as const;
  const message = await tx.message.create({ data: note });
  const handed = { owner: 'agents', status: 'active', ownerVersion: { increment: 1 } } as const;
  const conversation = await tx.conversation.update({ where: { id: conversationId }, data: handed });
  await tx.auditEntry.create({ data: auditEntry(staff, 'escalation.resolve', 'escalation', escalationId, { fields: ['summary'] }, now) });
  return { escalation, conversation, message };
}

/** A claim that was repeated by whoever won it. @throws AppError ALREADY_CLAIMED naming the winner, or CONFLICT. */
async function alreadyMine(
  tx: Prisma.TransactionClient,
  userId: string,
  escalationId: string,
): Promise<{ escalation: Escalation; conversation: Conversation }> {
  const { claimedBy, conversation, ...escalation } = await tx.escalation.findUniqueOrThrow({
    where: { id: escalationId },
    include: { claimedBy: { select: { name: true } }, conversation: true },
  });
  if (escalation.status === 'resolved') throw isResolved();
  if (escalation.claimedById !== userId) throw new AppError('ALREADY_CLAIMED', `${claimedBy?.name ?? 'Somebody else'} has claimed this already.`);
  return { escalation, conversation };
}

/** @throws AppError NOT_CLAIMED or CONFLICT. */
async function assertMine(tx: Prisma.TransactionClient, userId: string, escalationId: string): Promise<void> {
  const row = await tx.escalation.findUniqueOrThrow({ where: { id: escalationId }, include: { claimedBy: { select: { name: true } } } });
  if (row.status === 'resolved') throw isResolved();
  if (row.status === 'waiting' || row.claimedById !== userId) throw notClaimed(row);
}

function isResolved(): AppError {
  return new AppError('CONFLICT', 'This escalation is resolved. Raise a new one when the customer needs a person again.');
}

function checkSummary(summary: string): string {
  const text = summary.trim();
  if (text === '' || text.length > SUMMARY_CHARS_MAX || text.includes('\u0000') || !text.isWellFormed())
    throw badInput('input.summary', `must have 1 to ${SUMMARY_CHARS_MAX.toLocaleString('en-US')} characters of text.`);
  return text;
}

function postedEvent({ id }: Message, visibility: 'CUSTOMER' | 'STAFF', now: Date) {
  return { type: 'MessagePosted', at: now.toISOString(), visibility, messageId: id, runId: null } as const;
}
