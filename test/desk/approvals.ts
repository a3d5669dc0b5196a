/** A desk of approvals on real rows with a clock that the test moves: runs at work, people of every level, and what was told and woken. */
import { createApprovalDesk, type ApprovalDesk, type Asker, type RequestApproval } from '../../src/desk/approval.ts';
import { DESK_CHANNEL } from '../../src/desk/escalation-events.ts';
import { watchApprovals } from '../../src/desk/approval-watch.ts';
import type { Channel } from '../../src/events/event-log.ts';
import type { ParleyEvent } from '../../src/events/event.ts';
import { createMemoryEventLog, type MemoryEventLog } from '../../src/events/memory-event-log.ts';
import { newId } from '../../src/foundation/ids.ts';
import type { JobQueue } from '../../src/jobs/job-queue.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import type { Approval, ApprovalLevel, Run, UserRole } from '../../src/store/generated/prisma/client.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { createTestDatabase } from '../support/database.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { REDACTION } from '../support/redaction.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export type Staff = Extract<Viewer, { kind: 'staff' }>;

export interface AtWork extends Asker {
  readonly conversationId: string | null;
  readonly customerId: string;
  readonly run: Run;
}

export interface Bench {
  readonly url: string;
  readonly database: Database;
  readonly clock: ManualClock;
  readonly log: MemoryEventLog;
  readonly jobs: JobQueue;
  readonly desk: ApprovalDesk;
  /** Runs that were woken, in order. */
  readonly woken: string[];
  /** The same rows seen from another process: its own connections. */
  other(): ApprovalDesk;
  person(level: ApprovalLevel | null, role?: UserRole): Promise<Staff>;
  /** A run that an attempt has in hand. */
  running(where?: { readonly lone?: boolean }): Promise<AtWork>;
  /** Of that run, with its lease. */
  ask(at: AtWork, over?: Partial<RequestApproval>): Promise<Approval>;
  look(): Promise<void>;
  told(channel: Channel): Promise<ParleyEvent[]>;
  runOf(runId: string): Promise<Run>;
  rowOf(id: string): Promise<Approval>;
  close(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const rows = await createTestDatabase();
  const { database } = rows;
  const clock = createManualClock(new Date('2026-11-23T09:00:00Z'));
  const log = createMemoryEventLog({ clock, historyMs: 30 * 24 * HOUR, historyEventsMax: 10_000 });
  const woken: string[] = [];
  const jobs: JobQueue = {
    async enqueue({ id }) {
      woken.push(id);
    },
    work: () => async () => undefined,
    close: async () => undefined,
  };
  const opened: Database[] = [];
  const desk = createApprovalDesk({ database, log, jobs, clock, redaction: REDACTION });
  const bench: Bench = {
    url: rows.url,
    database,
    clock,
    log,
    jobs,
    desk,
    woken,
    other() {
      const handle = openDatabase({ url: rows.url, connectionsMax: 5, connectMs: 5_000, statementMs: 20_000 });
      opened.push(handle);
      return createApprovalDesk({ database: handle, log, jobs, clock, redaction: REDACTION });
    },
    async person(approvalLevel, role = 'user') {
      const userId = newId('usr');
      const name = `Person ${userId.slice(-4)}`;
      await database.user.create({ data: { id: userId, email: `${userId}@desk.example`, name, role, approvalLevel } });
      return staffViewer({ userId, name, role });
    },
    async running({ lone = false } = {}) {
      const now = clock.now();
      const customerId = newId('cus');
      const leaseOwner = newId('inst');
      await database.customer.create({ data: { id: customerId, email: `${customerId}@example.test`, name: 'Dana Reyes' } });
      const conversationId = lone ? null : newId('conv');
      if (conversationId) await database.conversation.create({ data: { id: conversationId, customerId, lastMessageAt: now, createdAt: now } });
      const lease = { leaseOwner, leaseUntil: new Date(now.getTime() + MINUTE), attempt: 1 };
      const run = await database.run.create({
        data: {
          id: newId('run'),
          workflow: lone ? 'agent' : 'reply',
          status: 'running',
          conversationId,
          customerId,
          input: {},
          ...lease,
          createdAt: now,
          startedAt: now,
        },
      });
      return { runId: run.id, leaseOwner, attempt: 1, conversationId, customerId, run };
    },
    async ask({ runId, leaseOwner, attempt }, over = {}) {
      const input = {
        run: { runId, leaseOwner, attempt },
        step: 'agent',
        agentId: 'refund_processor',
        tool: 'issue_refund',
        arguments: { paymentId: 'pay_1', amount: '800.00' },
        summary: 'Refund $800.00 of the payment of 1 November.',
        needed: { level: 'lead', people: 1, risk: 'low' },
        ...over,
      } as const;
      const approval = await desk.request(input);
      if (!approval) throw new Error('the run is in other hands');
      return approval;
    },
    look: () => watchApprovals({ database, log, jobs, clock }, AbortSignal.timeout(20_000)),
    async told(channel) {
      const events: ParleyEvent[] = [];
      const { top } = await log.head(channel);
      for await (const entry of log.follow(channel, { startAt: 'history', signal: AbortSignal.timeout(5_000) })) {
        if (entry.kind === 'event') events.push(entry.event);
        if (entry.position === top) return events;
      }
      return events;
    },
    runOf: (id) => database.run.findUniqueOrThrow({ where: { id } }),
    rowOf: (id) => database.approval.findUniqueOrThrow({ where: { id } }),
    async close() {
      await log.close();
      for (const handle of opened) await handle.$disconnect();
      await rows.close();
    },
  };
  return bench;
}

/** What the desk was told of one approval. */
export async function heard(bench: Bench, approvalId: string): Promise<ParleyEvent[]> {
  return (await bench.told(DESK_CHANNEL)).filter((event) => 'approvalId' in event && event.approvalId === approvalId);
}
