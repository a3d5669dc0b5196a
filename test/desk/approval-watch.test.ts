/** What happens to approvals that nobody decides, on a clock that the test moves: people are reminded, the time is over, the run goes on; also after a restart and with two who look. */
import { afterAll, beforeEach, beforeAll, describe, expect, it } from 'vitest';
import { createApprovalDesk } from '../../src/desk/approval.ts';
import { startApprovalWatch, watchApprovals } from '../../src/desk/approval-watch.ts';
import { DESK_CHANNEL } from '../../src/desk/escalation-events.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { followEscalations } from '../../src/runs/follow.ts';
import { claimRun } from '../support/claim.ts';
import { openDatabase } from '../../src/store/database.ts';
import { take } from '../support/collect.ts';
import { REDACTION } from '../support/redaction.ts';
import { heard, HOUR, MINUTE, openBench, type Bench } from './approvals.ts';

const logger = createLogger({ level: 'silent', pretty: false });
const never = new AbortController().signal;

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
beforeEach(async () => {
  await bench.database.approvalDecision.deleteMany();
  await bench.database.approval.deleteMany();
});
afterAll(() => bench.close());

const CRITICAL = { needed: { level: 'executive', people: 2, risk: 'critical' } } as const;
const typesOf = async (id: string) => (await heard(bench, id)).map(({ type }) => type);

describe('an approval that nobody decides', () => {
  it.each([
    ['low', 72],
    ['medium', 24],
    ['high', 8],
    ['critical', 4],
  ] as const)('of %s risk is warned of at four fifths of %i hours and over at the end of them, each once, however many look', async (risk, hours) => {
    const at = await bench.running();
    const approval = await bench.ask(at, { needed: { level: 'lead', people: 1, risk } });
    bench.clock.advance(hours * HOUR * 0.8 - MINUTE);
    await bench.look();
    expect(await typesOf(approval.id)).toEqual(['ApprovalRequested']);
    bench.clock.advance(MINUTE);
    await Promise.all([bench.look(), bench.look(), bench.look()]);
    await bench.look();
    const warning = { type: 'ApprovalExpiring', visibility: 'STAFF', expiresAt: approval.expiresAt.toISOString(), runId: at.runId };
    expect((await heard(bench, approval.id)).slice(1)).toMatchObject([warning]);
    expect((await bench.told(`conversation:${at.conversationId}`)).slice(1)).toMatchObject([warning]);
    expect(await bench.rowOf(approval.id)).toMatchObject({ status: 'pending', warnedAt: bench.clock.now() });
    bench.clock.advance(hours * HOUR * 0.2 - 1);
    await bench.look();
    expect(await bench.rowOf(approval.id)).toMatchObject({ status: 'pending' });
    bench.clock.advance(1);
    await Promise.all([bench.look(), bench.look(), bench.look()]);
    await bench.look();
    expect((await heard(bench, approval.id)).slice(2)).toMatchObject([{ type: 'ApprovalDecided', outcome: 'expired', by: 'system', visibility: 'STAFF' }]);
    expect(await bench.rowOf(approval.id)).toMatchObject({ status: 'expired', decidedAt: bench.clock.now(), closedReason: 'Nobody decided in time.' });
    expect(await bench.runOf(at.runId)).toMatchObject({ status: 'queued', leaseOwner: null });
    expect(bench.woken.filter((id) => id === at.runId)).toHaveLength(1);
    const entries = await bench.database.auditEntry.findMany({ where: { subjectId: approval.id, actorKind: 'system' } });
    expect(entries.map(({ action }) => action)).toEqual(['approval.expire']);
  });

  it('answers the run that was woken, so that it can end', async () => {
    const at = await bench.running();
    const approval = await bench.ask(at, CRITICAL);
    bench.clock.advance(4 * HOUR);
    await bench.look();
    const claimed = await claimRun(bench.database, at.runId, newId('inst'));
    expect(claimed).toMatchObject({ attempt: 2 });
    const again = await bench.ask({ ...at, leaseOwner: claimed?.leaseOwner ?? '', attempt: 2 }, CRITICAL);
    expect(again).toMatchObject({ id: approval.id, status: 'expired' });
    expect(await bench.runOf(at.runId)).toMatchObject({ status: 'running' });
  });

  it('is over although one of two has approved', async () => {
    const at = await bench.running();
    const approval = await bench.ask(at, CRITICAL);
    const { argumentsHash } = approval;
    await bench.desk.decide(await bench.person('executive'), { approvalId: approval.id, approve: true, argumentsHash });
    bench.clock.advance(5 * HOUR);
    await bench.look();
    expect(await bench.rowOf(approval.id)).toMatchObject({ status: 'expired', approvedCount: 1 });
    const late = bench.desk.decide(await bench.person('executive'), { approvalId: approval.id, approve: true, argumentsHash });
    await expect(late).rejects.toMatchObject({ code: 'APPROVAL_EXPIRED' });
  });

  it('is found by the first look of a process that starts after it was due, and is not warned of any more', async () => {
    const at = await bench.running();
    const approval = await bench.ask(at);
    bench.clock.advance(100 * HOUR);
    // Another process, with connections of its own and nothing in its memory.
    const { database, log, jobs, clock } = bench;
    const fresh = openDatabase({ url: bench.url, connectionsMax: 2, connectMs: 5_000, statementMs: 20_000 });
    await Promise.all([
      watchApprovals({ database: fresh, log, jobs, clock }, never),
      watchApprovals({ database, log, jobs, clock }, never),
      watchApprovals({ database: fresh, log, jobs, clock }, never),
    ]);
    await fresh.$disconnect();
    expect(await typesOf(approval.id)).toEqual(['ApprovalRequested', 'ApprovalDecided']);
    expect(bench.woken.filter((id) => id === at.runId)).toHaveLength(1);
    expect((await bench.rowOf(approval.id)).status).toBe('expired');
  });

  it('and one that is decided in the same moment end in one way', async () => {
    for (let round = 0; round < 10; round += 1) {
      const at = await bench.running();
      const approval = await bench.ask(at, { needed: { level: 'lead', people: 1, risk: 'critical' } });
      const { argumentsHash } = approval;
      const lead = await bench.person('lead');
      // Another process, whose clock is a moment behind.
      const { database, log, jobs, clock } = bench;
      const behind = { now: () => new Date(approval.expiresAt.getTime() - 1), sleep: clock.sleep };
      const desk = createApprovalDesk({ database, log, jobs, clock: behind, redaction: REDACTION });
      clock.advance(4 * HOUR);
      const decision = (): Promise<unknown> => desk.decide(lead, { approvalId: approval.id, approve: true, argumentsHash });
      const looked = round % 2 ? bench.look() : null;
      const [said] = await Promise.allSettled([decision(), looked ?? bench.look()]);
      const { status } = await bench.rowOf(approval.id);
      expect(status).toBe(said.status === 'fulfilled' ? 'approved' : 'expired');
      if (said.status === 'rejected') expect(said.reason).toMatchObject({ code: 'APPROVAL_EXPIRED' });
      expect((await heard(bench, approval.id)).filter(({ type }) => type === 'ApprovalDecided')).toHaveLength(1);
      expect(await bench.database.approvalDecision.count({ where: { approvalId: approval.id } })).toBe(said.status === 'fulfilled' ? 1 : 0);
      expect(bench.woken.filter((id) => id === at.runId)).toHaveLength(1);
    }
  });

  it('is closed when its run has ended without it, and says why', async () => {
    const at = await bench.running();
    const approval = await bench.ask(at);
    await bench.database.run.update({ where: { id: at.runId }, data: { status: 'failed', finishedAt: bench.clock.now() } });
    await Promise.all([bench.look(), bench.look()]);
    expect(await bench.rowOf(approval.id)).toMatchObject({ status: 'rejected', closedReason: 'Its run had ended before anybody decided.' });
    expect((await heard(bench, approval.id)).slice(1)).toMatchObject([{ type: 'ApprovalDecided', outcome: 'rejected', by: 'system' }]);
    expect(await bench.runOf(at.runId)).toMatchObject({ status: 'failed' });
    expect(bench.woken).not.toContain(at.runId);
  });

  it('hides none of the others, however many there are', async () => {
    const at = await bench.running();
    const first = await bench.ask(at);
    const { id: _id, arguments: exact, argumentsShown, argumentsHash: _hash, ...row } = first;
    const many = Array.from({ length: 450 }, () => {
      const id = newId('appr');
      return { ...row, id, argumentsHash: id, arguments: Object(exact), argumentsShown: Object(argumentsShown) };
    });
    await bench.database.approval.createMany({ data: many });
    bench.clock.advance(72 * HOUR);
    await bench.look();
    expect(await bench.database.approval.count({ where: { status: 'expired' } })).toBe(451);
  });
});

describe('the watch', () => {
  it('looks again and again until it is closed, and closes at once', async () => {
    const { database, log, jobs, clock } = bench;
    const at = await bench.running();
    const approval = await bench.ask(at, CRITICAL);
    const watch = startApprovalWatch({ database, log, jobs, clock, logger, everyMs: 1_000 });
    const reader = await followEscalations({ database, log, clock }, await bench.person('lead'), undefined, never);
    await take(reader, 1);
    clock.advance(4 * HOUR);
    const [entry] = await take(reader, 1);
    expect(entry).toMatchObject({ event: { type: 'ApprovalDecided', outcome: 'expired', approvalId: approval.id } });
    await watch.close();
    await reader.return?.();
  });

  it('leaves it to whoever owns the conversations, and goes on after a look that failed', async () => {
    const { database, jobs, clock } = bench;
    const approval = await bench.ask(await bench.running(), CRITICAL);
    clock.advance(4 * HOUR);
    let looks = 0;
    const mood: ('away' | 'broken' | 'well')[] = ['away', 'broken', 'well'];
    let appended: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (appended = resolve));
    const log = {
      ...bench.log,
      assertAvailable() {
        looks += 1;
        if (mood[looks - 1] === 'away') throw new Error('another process is home');
      },
      async append(...args: Parameters<typeof bench.log.append>) {
        const position = await bench.log.append(...args);
        if (args[0] === DESK_CHANNEL) appended();
        return position;
      },
    };
    let asleep: () => void = () => undefined;
    let slept = new Promise<void>((resolve) => (asleep = resolve));
    const ticking = {
      now: clock.now,
      sleep(ms: number, signal?: AbortSignal) {
        asleep();
        return clock.sleep(ms, signal);
      },
    };
    const flaky = new Proxy(database, {
      get: (target, key) => {
        if (key === 'approval' && mood[looks - 1] === 'broken') throw new Error('no database');
        return Reflect.get(target, key) as unknown;
      },
    });
    const watch = startApprovalWatch({ database: flaky, log, jobs, clock: ticking, logger, everyMs: 1_000 });
    for (let look = 1; look <= 2; look += 1) {
      await slept;
      slept = new Promise<void>((resolve) => (asleep = resolve));
      expect((await bench.rowOf(approval.id)).status).toBe('pending');
      clock.advance(1_000);
    }
    await slept;
    expect((await bench.rowOf(approval.id)).status).toBe('pending');
    clock.advance(1_000);
    await done;
    expect((await bench.rowOf(approval.id)).status).toBe('expired');
    await watch.close();
  });
});
