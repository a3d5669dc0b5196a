/** People decide what agents may not, on real rows: who asks gets one approval, of many who decide as many are heard as it takes, and the run waits and goes on with it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { createApprovalDesk } from '../../src/desk/approval.ts';
import { canonicalHash } from '../../src/desk/canonical.ts';
import { findRunnable } from '../../src/runs/lease.ts';
import { claimRun } from '../support/claim.ts';
import type { Approval } from '../../src/store/generated/prisma/client.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { REDACTION } from '../support/redaction.ts';
import { heard, HOUR, openBench, type AtWork, type Bench, type Staff } from './approvals.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const TWO = { level: 'manager', people: 2, risk: 'medium' } as const;

const decide = (who: Viewer, { id, argumentsHash }: Approval, approve = true, note?: string) =>
  bench.desk.decide(who, { approvalId: id, approve, argumentsHash, ...(note === undefined ? {} : { note }) });

const decisionsOf = (approvalId: string) => bench.database.approvalDecision.findMany({ where: { approvalId } });
const entriesOf = async (subjectId: string) =>
  (await bench.database.auditEntry.findMany({ where: { subjectId }, orderBy: { id: 'asc' } })).map(({ action, actorId }) => [action, actorId]);

describe('asking', () => {
  it('leaves the run waiting without a lease, tells the desk and whoever follows the run, and holds by its risk', async () => {
    const at = await bench.running();
    const approval = await bench.ask(at);
    expect(approval).toMatchObject({
      runId: at.runId,
      conversationId: at.conversationId,
      customerId: at.customerId,
      agentId: 'refund_processor',
      requestedBy: 'refund_processor',
      argumentsHash: canonicalHash({ amount: '800.00', paymentId: 'pay_1' }),
      status: 'pending',
      neededLevel: 'lead',
      peopleNeeded: 1,
      expiresAt: new Date(bench.clock.now().getTime() + 72 * HOUR),
      warnedAt: null,
    });
    expect(await bench.runOf(at.runId)).toMatchObject({ status: 'waiting', leaseUntil: null, finishedAt: null });
    const event = { type: 'ApprovalRequested', visibility: 'STAFF', runId: at.runId, approvalId: approval.id };
    expect(await bench.told(`conversation:${at.conversationId}`)).toMatchObject([event]);
    expect(await heard(bench, approval.id)).toMatchObject([event]);
    expect(await entriesOf(approval.id)).toEqual([['approval.request', 'refund_processor']]);
    // Nobody takes it up while it waits.
    expect(await claimRun(bench.database, at.runId, newId('inst'))).toBeNull();
    expect(await findRunnable(bench.database, 1_000, new Date())).not.toContain(at.runId);
  });

  it('keeps the arguments exactly and shows them without what must stay private', async () => {
    const exact = { card: '4111 1111 1111 1111', note: 'Card 4111 1111 1111 1111, please', secret: { pin: 1234 }, list: [1, { deep: true }] };
    const approval = await bench.ask(await bench.running(), { arguments: exact, withheld: ['secret'], summary: 'Charge 4111 1111 1111 1111.' });
    expect(approval.arguments).toEqual(exact);
    expect(approval.argumentsHash).toBe(canonicalHash(exact));
    expect(approval.argumentsShown).toMatchObject({ secret: '[redacted]', list: [1, { deep: true }] });
    expect(JSON.stringify([approval.argumentsShown, approval.summary])).not.toContain('4111 1111');
  });

  it('is one approval for a run, step, tool and arguments, however often and in whichever order of keys it is asked', async () => {
    const at = await bench.running();
    const again = { arguments: { amount: '800.00', paymentId: 'pay_1' } };
    const all = await Promise.all([bench.ask(at), bench.ask(at, again), bench.ask(at), bench.ask(at, again)]);
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(await heard(bench, all[0].id)).toHaveLength(1);
    expect(await entriesOf(all[0].id)).toHaveLength(1);
    const others = [
      await bench.ask(at, { arguments: { paymentId: 'pay_1', amount: '800.01' } }),
      await bench.ask(at, { step: 'experts/2' }),
      await bench.ask(at, { tool: 'apply_discount' }),
    ];
    expect(new Set([all[0], ...others].map(({ id }) => id)).size).toBe(4);
  });

  it.each<[string, (at: AtWork) => AtWork | Promise<AtWork>]>([
    ['of another owner', (at) => ({ ...at, leaseOwner: 'inst_other' })],
    ['of another attempt', (at) => ({ ...at, attempt: 2 })],
    [
      'that is to stop',
      async (at) => {
        await bench.database.run.update({ where: { id: at.runId }, data: { stopRequestedAt: bench.clock.now() } });
        return at;
      },
    ],
    [
      'that is queued again',
      async (at) => {
        await bench.database.run.update({ where: { id: at.runId }, data: { status: 'queued' } });
        return at;
      },
    ],
  ])('writes nothing for a run %s', async (_name, change) => {
    const at = await bench.running();
    await expect(bench.ask(await change(at))).rejects.toThrow('other hands');
    expect(await bench.database.approval.count({ where: { runId: at.runId } })).toBe(0);
    expect((await bench.runOf(at.runId)).status).not.toBe('waiting');
  });

  it('writes what belongs to the suspension with it, or none of both', async () => {
    const at = await bench.running();
    const { runId, leaseOwner, attempt } = at;
    const input = {
      run: { runId, leaseOwner, attempt },
      step: 'agent',
      agentId: 'a',
      tool: 't',
      arguments: {},
      summary: 'It.',
      needed: { level: 'lead', people: 1, risk: 'low' },
    } as const;
    const broken = bench.desk.request(input, async (tx) => {
      await tx.execute`UPDATE "Run" SET "outputTokens" = 7 WHERE "id" = ${runId}`;
      throw new Error('away');
    });
    await expect(broken).rejects.toThrow('away');
    expect(await bench.runOf(runId)).toMatchObject({ status: 'running', outputTokens: 0 });
    expect(await bench.database.approval.count({ where: { runId } })).toBe(0);
    // The fence of an attempt's own writes still holds within it.
    const approval = await bench.desk.request(input, async (tx) => {
      expect(await tx.execute`UPDATE "Run" SET "outputTokens" = 7 WHERE "id" = ${runId} AND "status" = 'running'`).toBe(1);
    });
    expect(await bench.runOf(runId)).toMatchObject({ status: 'waiting', outputTokens: 7 });
    expect(approval).toMatchObject({ status: 'pending' });
  });

  it.each([
    [{ summary: ' ' }],
    [{ summary: 'x'.repeat(1_001) }],
    [{ arguments: { text: 'a\u0000b' } }],
    [{ arguments: { text: '\ud800' } }],
    [{ arguments: { '\udfff': 1 } }],
    [{ arguments: { text: 'x'.repeat(100_001) } }],
  ])('refuses what cannot be kept: %j', async (over) => {
    const at = await bench.running();
    await expect(bench.ask(at, over)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await bench.runOf(at.runId)).toMatchObject({ status: 'running' });
  });

  it('takes text that only looks like what cannot be kept', async () => {
    const exact = { pattern: String.raw`\u0000 and \ud800`, party: '🎉' };
    expect((await bench.ask(await bench.running(), { arguments: exact })).arguments).toEqual(exact);
  });
});

describe('deciding', () => {
  it('queues the run again with the decision, wakes it, and says who it was', async () => {
    const at = await bench.running();
    const approval = await bench.ask(at);
    const lead = await bench.person('lead');
    const { approval: decided } = await decide(lead, approval, true, '  Fair enough, their card is 4111 1111 1111 1111. ');
    expect(decided).toMatchObject({ status: 'approved', approvedCount: 1, decidedAt: bench.clock.now(), closedReason: null });
    expect(await bench.runOf(at.runId)).toMatchObject({ status: 'queued', leaseOwner: null, leaseUntil: null });
    expect(bench.woken).toContain(at.runId);
    const [word, ...more] = await decisionsOf(approval.id);
    expect(word).toMatchObject({ userId: lead.userId, approve: true, at: bench.clock.now() });
    expect(word?.note).toMatch(/^Fair enough/);
    expect(word?.note).not.toContain('4111 1111');
    expect(more).toEqual([]);
    const event = { type: 'ApprovalDecided', visibility: 'STAFF', outcome: 'approved', by: `user:${lead.userId}`, approvalId: approval.id };
    expect((await bench.told(`conversation:${at.conversationId}`)).at(-1)).toMatchObject(event);
    expect((await heard(bench, approval.id)).at(-1)).toMatchObject(event);
    expect(await entriesOf(approval.id)).toEqual([
      ['approval.request', 'refund_processor'],
      ['approval.approve', `user:${lead.userId}`],
    ]);
  });

  it('answers the run that is taken up again, which goes on without waiting', async () => {
    const at = await bench.running({ lone: true });
    const approval = await bench.ask(at);
    await decide(await bench.person('lead'), approval, false, 'No.');
    const owner = newId('inst');
    const claimed = await claimRun(bench.database, at.runId, owner);
    if (!claimed) throw new Error('it is queued');
    let suspended = false;
    const input = { run: { runId: at.runId, leaseOwner: owner, attempt: claimed.attempt }, step: 'agent', agentId: 'refund_processor', tool: 'issue_refund' };
    const rest = { arguments: { paymentId: 'pay_1', amount: '800.00' }, summary: 'It.', needed: { level: 'lead', people: 1, risk: 'low' } } as const;
    const answer = await bench.desk.request({ ...input, ...rest }, async () => {
      suspended = true;
    });
    expect(answer).toMatchObject({ id: approval.id, status: 'rejected' });
    expect(suspended).toBe(false);
    expect(await bench.runOf(at.runId)).toMatchObject({ status: 'running', leaseOwner: owner });
    expect((await bench.told(`run:${at.runId}`)).map(({ type }) => type)).toEqual(['ApprovalRequested', 'ApprovalDecided']);
  });

  it('is done by one of a hundred who decide at once, half of them through another process', async () => {
    const at = await bench.running();
    const approval = await bench.ask(at);
    const other = bench.other();
    const people = await Promise.all(Array.from({ length: 100 }, () => bench.person('lead')));
    const said = await Promise.allSettled(
      people.map((who, index) =>
        (index % 2 ? bench.desk : other).decide(who, { approvalId: approval.id, approve: index % 3 > 0, argumentsHash: approval.argumentsHash }),
      ),
    );
    const won = said.flatMap((each) => (each.status === 'fulfilled' ? [each.value.approval] : []));
    expect(won).toHaveLength(1);
    for (const each of said) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'CONFLICT' });
    const [word, ...more] = await decisionsOf(approval.id);
    expect(more).toEqual([]);
    expect((await bench.rowOf(approval.id)).status).toBe(word?.approve ? 'approved' : 'rejected');
    expect(bench.woken.filter((id) => id === at.runId)).toHaveLength(1);
    expect((await heard(bench, approval.id)).map(({ type }) => type)).toEqual(['ApprovalRequested', 'ApprovalDecided']);
    expect(await entriesOf(approval.id)).toHaveLength(2);
  }, 30_000);

  it('is done by two of a hundred where two are needed', async () => {
    const at = await bench.running();
    const approval = await bench.ask(at, { needed: TWO });
    const other = bench.other();
    const people = await Promise.all(Array.from({ length: 100 }, () => bench.person('manager')));
    const said = await Promise.allSettled(
      people.map((who, index) =>
        (index % 2 ? bench.desk : other).decide(who, { approvalId: approval.id, approve: true, argumentsHash: approval.argumentsHash }),
      ),
    );
    expect(said.flatMap((each) => (each.status === 'fulfilled' ? [each.value.approval.status] : [])).toSorted()).toEqual(['approved', 'pending']);
    expect(await decisionsOf(approval.id)).toHaveLength(2);
    expect(await bench.rowOf(approval.id)).toMatchObject({ status: 'approved', approvedCount: 2 });
    expect(bench.woken.filter((id) => id === at.runId)).toHaveLength(1);
    expect((await heard(bench, approval.id)).map((event) => ('outcome' in event ? event.outcome : event.type)).toSorted()).toEqual([
      'ApprovalRequested',
      'approved',
      'pending',
    ]);
  }, 30_000);

  it('waits for the second of two, and ends with the first who rejects', async () => {
    const [ada, ben, cleo] = [await bench.person('manager'), await bench.person('executive'), await bench.person('manager')];
    const at = await bench.running();
    const approval = await bench.ask(at, { needed: TWO });
    expect((await decide(ada, approval)).approval).toMatchObject({ status: 'pending', approvedCount: 1, decidedAt: null });
    expect(await bench.runOf(at.runId)).toMatchObject({ status: 'waiting' });
    expect(bench.woken).not.toContain(at.runId);
    await expect(decide(ada, approval)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide(ada, approval, false)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await bench.rowOf(approval.id)).toMatchObject({ status: 'pending', approvedCount: 1 });
    expect((await decide(ben, approval, false)).approval).toMatchObject({ status: 'rejected', approvedCount: 1 });
    await expect(decide(cleo, approval)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(ben.name) });
    expect(await bench.runOf(at.runId)).toMatchObject({ status: 'queued' });
  });

  it('is over once it is decided, for whoever decided it too', async () => {
    const approval = await bench.ask(await bench.running());
    const lead = await bench.person('lead');
    await decide(lead, approval);
    await expect(decide(lead, approval)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(lead.name) });
    await expect(decide(await bench.person('executive'), approval, false)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await decisionsOf(approval.id)).toHaveLength(1);
  });

  it('is refused after its time, also before anybody has looked', async () => {
    const approval = await bench.ask(await bench.running(), { needed: { level: 'lead', people: 1, risk: 'critical' } });
    const lead = await bench.person('lead');
    bench.clock.advance(4 * HOUR);
    expect((await bench.rowOf(approval.id)).status).toBe('pending');
    await expect(decide(lead, approval)).rejects.toMatchObject({ code: 'APPROVAL_EXPIRED' });
    await bench.look();
    await expect(decide(lead, approval)).rejects.toMatchObject({ code: 'APPROVAL_EXPIRED' });
    expect(await decisionsOf(approval.id)).toEqual([]);
  });

  it.each(['', 'wrong', canonicalHash({ paymentId: 'pay_1', amount: '800.01' }), 'a\u0000'])('is refused for other arguments: %j', async (argumentsHash) => {
    const approval = await bench.ask(await bench.running());
    await expect(bench.desk.decide(await bench.person('lead'), { approvalId: approval.id, approve: true, argumentsHash })).rejects.toMatchObject({
      code: 'CONFLICT',
      field: 'input.argumentsHash',
    });
    expect(await bench.rowOf(approval.id)).toMatchObject({ status: 'pending' });
  });

  it.each<[string, () => Promise<Staff>]>([
    ['a level too low', () => bench.person('lead')],
    ['a role that may less', () => bench.person(null, 'admin')],
    ['a row that is switched off', async () => off(await bench.person('executive'))],
    ['no row', async () => staffViewer({ userId: newId('usr'), name: 'Nobody', role: 'super_admin' })],
  ])('is not for somebody with %s, neither to approve nor to reject', async (_name, person) => {
    const approval = await bench.ask(await bench.running(), { needed: { level: 'manager', people: 1, risk: 'medium' } });
    const who = await person();
    await expect(decide(who, approval)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide(who, approval, false)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await bench.rowOf(approval.id)).toMatchObject({ status: 'pending', approvedCount: 0 });
  });

  async function off(who: Staff): Promise<Staff> {
    await bench.database.user.update({ where: { id: who.userId }, data: { active: false } });
    return who;
  }

  it('goes by the row and not by the token: a super admin decides by role, a level on the row comes first', async () => {
    const needed = { level: 'executive', people: 1, risk: 'critical' } as const;
    const approval = await bench.ask(await bench.running(), { needed });
    await expect(decide(await bench.person('manager', 'super_admin'), approval)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect((await decide(await bench.person(null, 'super_admin'), approval)).approval.status).toBe('approved');
  });

  it('is not for whoever asked, where two are needed', async () => {
    const who = await bench.person('manager');
    const asked = { requestedBy: `user:${who.userId}` };
    const two = await bench.ask(await bench.running(), { ...asked, needed: TWO });
    await expect(decide(who, two)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide(who, two, false)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await decisionsOf(two.id)).toEqual([]);
    const one = await bench.ask(await bench.running(), asked);
    expect((await decide(who, one)).approval.status).toBe('approved');
  });

  it('looks to customers and partners as if there were nothing to decide', async () => {
    const at = await bench.running();
    const approval = await bench.ask(at);
    const outside: Viewer[] = [{ kind: 'customer', customerId: at.customerId }, partnerViewer({ partnerId: 'ptn_1', keyId: null })];
    for (const who of outside) await expect(decide(who, approval)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const lead = await bench.person('lead');
    await expect(decide(lead, { ...approval, id: newId('appr') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each(['x'.repeat(1_001), 'a\u0000b'])('refuses a note that cannot be kept', async (note) => {
    const approval = await bench.ask(await bench.running());
    await expect(decide(await bench.person('lead'), approval, true, note)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await bench.rowOf(approval.id)).toMatchObject({ status: 'pending' });
  });

  it('leaves a run alone that went on meanwhile, and refuses what belongs to one that has ended', async () => {
    const at = await bench.running();
    const [first, second] = [await bench.ask(at, { step: 'experts/1' }), await bench.ask(at, { step: 'experts/2' })];
    const lead = await bench.person('lead');
    await decide(lead, first);
    const claimed = await claimRun(bench.database, at.runId, newId('inst'));
    expect(claimed).toMatchObject({ status: 'running', attempt: 2 });
    await decide(lead, second);
    expect(await bench.runOf(at.runId)).toMatchObject({ status: 'running', leaseOwner: claimed?.leaseOwner });
    const other = await bench.running();
    const late = await bench.ask(other);
    await bench.database.run.update({ where: { id: other.runId }, data: { status: 'failed', finishedAt: bench.clock.now() } });
    await expect(decide(lead, late)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('has ended') });
  });

  it('wakes the run even when it cannot be told', async () => {
    const at = await bench.running();
    const approval = await bench.ask(at);
    const lead = await bench.person('lead');
    const deaf = { ...bench.log, append: () => Promise.reject(new Error('away')) };
    const desk = createApprovalDesk({ database: bench.database, log: deaf, jobs: bench.jobs, clock: bench.clock, redaction: REDACTION });
    await expect(desk.decide(lead, { approvalId: approval.id, approve: true, argumentsHash: approval.argumentsHash })).rejects.toThrow('away');
    expect(await bench.rowOf(approval.id)).toMatchObject({ status: 'approved' });
    expect(bench.woken).toContain(at.runId);
  });
});
