/**
 * The life of a conversation: it is started, people and customers post, it is resolved, reopened and rated. Rows first, events
 * second, then the job that wakes a run. Decides who answers next (the agents, or nobody while people hold it); never answers.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { EventLog } from '../events/event-log.ts';
import type { ParleyEvent } from '../events/event.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { SignalBus } from '../jobs/signal-bus.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import type { Database } from '../store/database.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import type { Conversation, Message, Prisma, Run } from '../store/generated/prisma/client.ts';
import type { Sql } from '../store/sql.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { conversationsVisibleTo, requireScope } from './access.ts';
import { tellDeskClosed } from './approval-events.ts';
import { checkClientMessageId, checkRating, checkText, subjectOf } from './conversation-check.ts';
import { changedEvent, haltRuns, takeConversation } from './conversation-lock.ts';
import { TURNS } from './desk-run.ts';
import type { ConversationDesk, Disposition, PostMessage, StartConversation } from './desk.ts';
import { resolvedEvent, tellBoth, tellDesk } from './escalation-events.ts';
import { assertHolds, endWithConversation, noteReply, openEscalation } from './escalation-hold.ts';
import { findOrCreateCustomer } from './find-customer.ts';
import { findFirstAnswer, isUniqueViolation, recordFirstAnswer, type IdempotentCall } from './idempotency.ts';
import { insertQuestion, lockConversation, readBusy } from './question.ts';
import { assertQuota, holdQuota, isQuotaReached } from './quota.ts';
import { capped, type Capped, type RowsTx } from './run-caps.ts';

export interface ConversationDeskDeps extends Capped {
  readonly database: Database;
  readonly log: EventLog;
  readonly jobs: JobQueue;
  readonly signals: SignalBus;
  readonly clock: Clock;
  /** UTF-16 units a message may have. */
  readonly messageCharsMax: number;
  /** What is said is kept, told and sent on only without what it names. */
  readonly redaction: RedactionPolicy;
}

/** Shorter than the log remembers what it was told. */
const TOLD_AGAIN_MS = 4 * 60_000;
/** One that waits for people is in nobody's way. */
const ACTIVE_TURNS: Prisma.RunWhereInput = { status: { in: ['queued', 'running'] }, ...TURNS };

export function createConversationDesk(deps: ConversationDeskDeps): ConversationDesk {
  const { database, log, jobs } = deps;

  /** @param message Whose coming is told: told again within minutes, it is told once. */
  async function tell(conversationId: string, events: readonly ParleyEvent[], message?: Message): Promise<void> {
    if (events.length > 0) await log.append(`conversation:${conversationId}`, events, message ? { idempotencyKey: `posted:${message.id}` } : {});
    await tellDeskClosed(log, events);
  }

  /** The answer to a message that was sent twice. What the first time could not tell, because the log was away, is told now. */
  async function again(duplicate: Duplicate): Promise<Duplicate> {
    const { message, run } = duplicate;
    const now = deps.clock.now();
    if (message.createdAt.getTime() < now.getTime() - TOLD_AGAIN_MS) return duplicate;
    const waits = run?.status === 'queued' ? run : null;
    await tell(message.conversationId, waits ? questionEvents(message, waits, 0, now) : [postedEvent(message, now)], message);
    if (waits) await wake(waits);
    return duplicate;
  }

  const wake = ({ id }: Pick<Run, 'id'>): Promise<void> => jobs.enqueue({ kind: 'run', id });

  /** Whoever drives these runs looks at their rows now instead of at the next renewal. */
  async function halt(runs: readonly { readonly id: string }[]): Promise<void> {
    for (const { id } of runs) await deps.signals.send({ kind: 'stop', id });
  }

  async function changed(conversation: Conversation): Promise<{ conversation: Conversation }> {
    await tell(conversation.id, [changedEvent(conversation.id, deps.clock.now())]);
    return { conversation };
  }

  /** What most turns are: a customer says something new in their own conversation, which agents hold. Null for all others. */
  async function ask(viewer: Viewer, input: PostMessage, text: string): Promise<{ message: Message; run: Run; disposition: Disposition } | null> {
    if (viewer.kind !== 'customer' || input.onBusy === 'interrupt') return null;
    const now = deps.clock.now();
    const written = await database.sql.transaction(capped(deps, viewer, (tx: Sql) => writeAsked(tx, viewer.customerId, input, text, now)));
    if (!written) return null;
    const { message, run, place } = written;
    await tell(input.conversationId, questionEvents(message, run, place, now), message);
    await wake(run);
    return { message, run, disposition: place > 0 ? 'queued' : 'started' };
  }

  return Object.freeze<ConversationDesk>({
    async start(viewer, input) {
      log.assertAvailable();
      const text = readText(deps, viewer, input.text);
      const call = callOf(viewer, { ...input, text });
      const before = call && (await findFirstAnswer(database, call));
      if (before) return startedBefore(database, before);
      const now = deps.clock.now();
      const customerId = await findOrCreateCustomer(database, viewer, input);
      const asked = { customerId, plans: (await readPolicy(database)).plans, now };
      const conversationId = newId('conv');
      try {
        await assertQuota(database, asked);
        const written = await database.$transaction(capped(deps, viewer, (tx: RowsTx) => writeStarted(tx, input, { ...asked, conversationId, text, call })));
        await tell(conversationId, questionEvents(written.message, written.run, 0, now), written.message);
        await wake(written.run);
        return written;
      } catch (error) {
        // Two calls with one key at once: the one that lost answers what the winner made.
        const winner = call && (isUniqueViolation(error) || isQuotaReached(error)) ? await findFirstAnswer(database, call) : null;
        if (winner) return startedBefore(database, winner);
        throw error;
      }
    },

    async post(viewer, input) {
      log.assertAvailable();
      const text = readText(deps, viewer, input.text);
      checkClientMessageId(input.clientMessageId);
      const asked = await ask(viewer, input, text);
      if (asked) return asked;
      await visible(database, viewer, input.conversationId);
      const duplicate = await findDuplicate(database, viewer, input, text);
      if (duplicate) return again(duplicate);
      try {
        const now = deps.clock.now();
        const write = capped(deps, viewer, async (tx: RowsTx) => {
          await takeConversation(tx, input.conversationId);
          // Looked at again now that nobody else can write: the same message may have come in between, and must not be refused for what it did.
          return (await findDuplicate(tx, viewer, input, text)) ?? writePost(tx, viewer, input, text, now);
        });
        const posted = await database.$transaction(write);
        if (posted.disposition === 'duplicate') return again(posted);
        await tell(input.conversationId, posted.events, posted.message);
        if (posted.forDesk) await tellDesk(log, [postedEvent(posted.message, now)], `posted:${posted.message.id}`);
        await halt(posted.interrupted);
        if (posted.run) await wake(posted.run);
        return { message: posted.message, run: posted.run, disposition: posted.disposition };
      } catch (error) {
        const winner = isUniqueViolation(error) ? await findDuplicate(database, viewer, input, text) : null;
        if (winner) return again(winner);
        throw error;
      }
    },

    async resolve(viewer, { conversationId }) {
      log.assertAvailable();
      const found = await visible(database, viewer, conversationId);
      if (found.status === 'resolved') return { conversation: found };
      const now = deps.clock.now();
      const { conversation, stopped, events, ended } = await database.$transaction((tx) => writeResolved(tx, viewer, conversationId, now));
      await tell(conversationId, events);
      if (ended) await tellBoth(log, ended, [resolvedEvent(ended.id, now)], { once: 'resolved' });
      await halt(stopped);
      return changed(conversation);
    },

    async reopen(viewer, { conversationId }) {
      log.assertAvailable();
      const found = await visible(database, viewer, conversationId);
      if (found.status !== 'resolved') return { conversation: found };
      return changed(await database.conversation.update({ where: { id: conversationId }, data: { status: 'active', resolvedAt: null } }));
    },

    async rate(viewer, { conversationId, rating, comment }) {
      log.assertAvailable();
      const data = ratingOf(deps, rating, comment);
      if (viewer.kind === 'staff') throw new AppError('FORBIDDEN', 'Only the customer rates a conversation.');
      await visible(database, viewer, conversationId);
      return changed(await database.conversation.update({ where: { id: conversationId }, data }));
    },
  });
}

/** From here on nobody has it as it was written: a message that is repeated is told by what is left of it. */
function readText({ messageCharsMax, redaction }: ConversationDeskDeps, viewer: Viewer, text: string): string {
  requireScope(viewer, 'write:conversations');
  return redact(checkText(text, messageCharsMax), redaction).text;
}

function ratingOf({ redaction }: ConversationDeskDeps, rating: number, comment: string | null | undefined) {
  checkRating(rating, comment);
  return { rating, ratingComment: comment ? redact(comment, redaction).text : null };
}

function callOf(viewer: Viewer, input: StartConversation): IdempotentCall | null {
  const { idempotencyKey: key, ...body } = input;
  if (key === null || key === undefined) return null;
  if (!/^[\x21-\x7e]{1,128}$/.test(key)) throw badInput('input.idempotencyKey', 'must have 1 to 128 visible ASCII characters.');
  return { scope: viewerKey(viewer), verb: 'startConversation', key, body };
}

async function visible(database: Database, viewer: Viewer, id: string): Promise<Conversation> {
  const found = await database.conversation.findFirst({ where: { AND: [{ id }, conversationsVisibleTo(requireScope(viewer, 'write:conversations'))] } });
  if (!found) throw notFound('conversation');
  return found;
}

async function startedBefore(database: Database, conversationId: string): Promise<{ conversation: Conversation; message: Message; run: Run }> {
  const conversation = await database.conversation.findUniqueOrThrow({ where: { id: conversationId } });
  const message = await database.message.findFirstOrThrow({ where: { conversationId, role: 'customer' }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
  const run = await database.run.findFirstOrThrow({ where: { messageId: message.id } });
  return { conversation, message, run };
}

interface Duplicate {
  readonly message: Message;
  readonly run: Run | null;
  readonly disposition: 'duplicate';
}

async function findDuplicate(database: Prisma.TransactionClient, viewer: Viewer, input: PostMessage, text: string): Promise<Duplicate | null> {
  if (!input.clientMessageId) return null;
  const { conversationId, clientMessageId } = input;
  const message = await database.message.findUnique({ where: { conversationId_clientMessageId: { conversationId, clientMessageId } } });
  if (!message) return null;
  if (message.text !== text || (message.role === 'person') !== (viewer.kind === 'staff')) {
    throw new AppError('CONFLICT', 'clientMessageId: this id was used before for another message.', { field: 'input.clientMessageId' });
  }
  const run = await database.run.findFirst({ where: { messageId: message.id } });
  return { message, run, disposition: 'duplicate' };
}

interface Started {
  readonly conversationId: string;
  readonly customerId: string;
  readonly text: string;
  readonly plans: Policy['plans'];
  readonly call: IdempotentCall | null;
  readonly now: Date;
}

async function writeStarted(tx: Prisma.TransactionClient, { channel }: StartConversation, { conversationId, customerId, text, plans, call, now }: Started) {
  await holdQuota(tx, { customerId, plans, now });
  const conversation = await tx.conversation.create({
    data: { id: conversationId, customerId, channel: channel ?? 'web', subject: subjectOf(text), createdAt: now, lastMessageAt: now },
  });
  if (call) await recordFirstAnswer(tx, call, conversationId, now);
  return { conversation, ...(await writeQuestion(tx, conversation, text, null, now)) };
}

/** A question that nothing stands in the way of; null when something does: then writePost decides. */
async function writeAsked(tx: Sql, customerId: string, { conversationId, clientMessageId = null, onBusy }: PostMessage, text: string, now: Date) {
  const conversation = await lockConversation(tx, conversationId, customerId);
  if (!conversation) throw notFound('conversation');
  if (conversation.status !== 'active' || conversation.owner === 'people') return null;
  const busy = await readBusy(tx, conversationId, clientMessageId);
  if (busy.written || (busy.active > 0 && onBusy === 'reject')) return null;
  return { ...(await insertQuestion(tx, conversation, { text, clientMessageId, now })), place: busy.active };
}

/** Ends what is under way, and with it the wait for a person; whoever else of the desk holds it is not passed over. */
async function writeResolved(tx: Prisma.TransactionClient, viewer: Viewer, conversationId: string, now: Date) {
  await takeConversation(tx, conversationId);
  const open = await openEscalation(tx, conversationId);
  if (open?.claimedById) assertHolds(viewer, open);
  const { running, events } = await haltRuns(tx, conversationId, viewerKey(viewer), now);
  const handedBack = open ? { owner: 'agents' as const, ownerVersion: { increment: 1 } } : {};
  const conversation = await tx.conversation.update({ where: { id: conversationId }, data: { status: 'resolved', resolvedAt: now, ...handedBack } });
  return { conversation, stopped: running, events, ended: open && (await endWithConversation(tx, open, viewer, now)) };
}

interface Posted {
  readonly message: Message;
  readonly run: Run | null;
  readonly disposition: Exclude<Disposition, 'duplicate'>;
  readonly events: readonly ParleyEvent[];
  readonly interrupted: readonly Run[];
  /** The people of the desk hear of it in their own channel: a person holds the conversation, or is waited for. */
  readonly forDesk: boolean;
}

async function writePost(tx: Prisma.TransactionClient, viewer: Viewer, input: PostMessage, text: string, now: Date): Promise<Posted> {
  const conversation = await tx.conversation.findUniqueOrThrow({ where: { id: input.conversationId } });
  if (conversation.status === 'resolved') {
    throw new AppError('CONVERSATION_CLOSED', 'This conversation is resolved. Reopen it with reopenConversation and send the message again.');
  }
  const clientMessageId = input.clientMessageId ?? null;
  const escalation = conversation.status === 'escalated' ? await openEscalation(tx, conversation.id) : null;
  if (escalation) assertHolds(viewer, escalation);
  if (escalation && viewer.kind === 'staff') await noteReply(tx, escalation, now);
  const forDesk = escalation !== null && viewer.kind !== 'staff';
  await tx.conversation.update({ where: { id: conversation.id }, data: { lastMessageAt: now } });
  if (viewer.kind === 'staff' || conversation.owner === 'people') {
    const author = viewer.kind === 'staff' ? { role: 'person' as const, userId: viewer.userId } : { role: 'customer' as const };
    const message = await tx.message.create({
      data: { id: newId('msg'), conversationId: conversation.id, ...author, text, clientMessageId, createdAt: now, finishedAt: now },
    });
    return { message, run: null, disposition: 'started', events: [postedEvent(message, now)], interrupted: [], forDesk };
  }
  const busy = await tx.run.findMany({ where: { conversationId: conversation.id, ...ACTIVE_TURNS } });
  if (busy.length > 0 && input.onBusy === 'reject') {
    throw new AppError('RUN_ACTIVE', 'An agent is still answering. Wait for it, stop it with stopRun, or post with onBusy QUEUE or INTERRUPT.', {
      retryAfterMs: 1_000,
    });
  }
  const interrupt = busy.length > 0 && input.onBusy === 'interrupt';
  const halted = interrupt ? await haltRuns(tx, conversation.id, viewerKey(viewer), now, { waiting: false }) : { running: [], events: [] };
  const { message, run } = await writeQuestion(tx, conversation, text, clientMessageId, now);
  const place = interrupt ? halted.running.length : busy.length;
  return {
    message,
    run,
    disposition: interrupt ? 'interrupted' : busy.length > 0 ? 'queued' : 'started',
    events: [...halted.events, ...questionEvents(message, run, place, now)],
    interrupted: halted.running,
    forDesk,
  };
}

async function writeQuestion(
  tx: Prisma.TransactionClient,
  conversation: Conversation,
  text: string,
  clientMessageId: string | null,
  now: Date,
): Promise<{ message: Message; run: Run }> {
  const runId = newId('run');
  const message = await tx.message.create({
    data: { id: newId('msg'), conversationId: conversation.id, role: 'customer', runId, text, clientMessageId, createdAt: now, finishedAt: now },
  });
  const run = await tx.run.create({
    data: {
      id: runId,
      workflow: 'reply',
      conversationId: conversation.id,
      customerId: conversation.customerId,
      messageId: message.id,
      input: {},
      ownerVersion: conversation.ownerVersion,
      createdAt: now,
    },
  });
  return { message, run };
}

function postedEvent(message: Message, now: Date): ParleyEvent {
  return { type: 'MessagePosted', at: now.toISOString(), visibility: 'CUSTOMER', messageId: message.id, runId: message.runId };
}

function questionEvents(message: Message, run: Run, place: number, now: Date): ParleyEvent[] {
  return [postedEvent(message, now), { type: 'RunQueued', at: now.toISOString(), visibility: 'CUSTOMER', runId: run.id, place }];
}
