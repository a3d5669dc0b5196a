/** What the clock starts: once however many look, once for all that was missed, and never beside a run that is still under way. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startDue, startScheduleRounds } from '../../src/desk/schedule-rounds.ts';
import type { CreateSchedule } from '../../src/desk/schedule.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createMemoryJobQueue } from '../../src/jobs/memory-job-queue.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, SUPER, type House } from '../support/house.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';

const ADMIN: Viewer = staffViewer({ userId: 'usr_admin', name: 'Ada', role: 'super_admin' });
const AGENT: Viewer = staffViewer({ userId: 'usr_agent', name: 'Kim', role: 'user' });
const MINUTE_MS = 60_000;
const logger = createLogger({ level: 'silent', pretty: false });

describe('a schedule', () => {
  let house: House;
  let clock: ManualClock;
  let customerId: string;
  let customer: Viewer;
  beforeAll(async () => {
    clock = createManualClock(new Date('2026-01-01T12:00:30.000Z'));
    house = await openHouse({ llm: createFixedLlm(['Done.']), clock, started: false, innerAgent: true });
  });
  beforeEach(async () => {
    ({ customerId, viewer: customer } = await house.addCustomer());
  });
  afterEach(async () => {
    await house.database.run.deleteMany();
    await house.database.schedule.deleteMany();
  });
  afterAll(() => house.close());

  /** As each instance has them. */
  function instance() {
    return { database: house.database, log: house.log, jobs: createMemoryJobQueue({ log: logger }), clock, logger };
  }

  const look = () => startDue(instance(), AbortSignal.timeout(20_000));

  async function create(changes: Partial<CreateSchedule> = {}, viewer: Viewer = STAFF) {
    const input = { agentId: 'first_agent', text: 'Look around' };
    const wanted = { name: 'Every minute', cron: '* * * * *', timeZone: 'UTC', workflow: 'agent', input, customerId, ...changes };
    return (await house.desk.schedules.create(viewer, wanted)).schedule;
  }

  const row = (id: string) => house.database.schedule.findUniqueOrThrow({ where: { id } });
  const runsOf = (scheduleId: string) => house.database.run.findMany({ where: { scheduleId }, orderBy: { createdAt: 'asc' } });
  const end = (runId: string) => house.database.run.update({ where: { id: runId }, data: { status: 'succeeded', finishedAt: clock.now() } });

  it('starts nothing before its time, then a run with what it holds, which is told and can be claimed', async () => {
    const { id, nextRunAt } = await create();
    expect(nextRunAt?.getTime()).toBe(Math.ceil(clock.now().getTime() / MINUTE_MS) * MINUTE_MS);
    clock.advance((nextRunAt?.getTime() ?? 0) - clock.now().getTime() - 1);
    expect(await look()).toEqual([]);
    clock.advance(1);
    const [runId = ''] = await look();
    expect(await runsOf(id)).toMatchObject([
      { id: runId, workflow: 'agent', status: 'queued', customerId, input: { agentId: 'first_agent', text: 'Look around' }, retriesLeft: 3, priority: 0 },
    ]);
    expect(await row(id)).toMatchObject({ lastRunAt: nextRunAt, nextRunAt: new Date((nextRunAt?.getTime() ?? 0) + MINUTE_MS) });
    const events = await house.runs.followRun(customer, runId, undefined, AbortSignal.timeout(10_000));
    await events.next();
    expect((await events.next()).value).toMatchObject({ event: { type: 'RunQueued', runId } });
    await events.return?.();
  });

  it('starts one run when two instances look at the same moment, many times over', async () => {
    const schedules = await Promise.all(Array.from({ length: 6 }, () => create()));
    const instances = [instance(), instance()];
    for (let round = 1; round <= 3; round += 1) {
      clock.advance(MINUTE_MS);
      const started = await Promise.all(instances.flatMap((one) => [startDue(one, AbortSignal.timeout(20_000)), startDue(one, AbortSignal.timeout(20_000))]));
      expect(started.flat()).toHaveLength(6);
      for (const { id } of schedules) {
        const runs = await runsOf(id);
        expect(runs).toHaveLength(round);
        await end(runs.at(-1)?.id ?? '');
      }
    }
  });

  it('makes up once for ten times that were missed', async () => {
    const { id } = await create();
    clock.advance(10 * MINUTE_MS);
    expect(await look()).toHaveLength(1);
    expect(await look()).toEqual([]);
    const [run] = await runsOf(id);
    await end(run?.id ?? '');
    expect(await look()).toEqual([]);
    expect((await row(id)).nextRunAt?.getTime()).toBe((Math.floor(clock.now().getTime() / MINUTE_MS) + 1) * MINUTE_MS);
    clock.advance(MINUTE_MS);
    expect(await look()).toHaveLength(1);
  });

  it.each(['queued', 'running', 'waiting'] as const)('lets its time pass while its last run is %s, and goes on after it', async (status) => {
    const { id } = await create();
    clock.advance(MINUTE_MS);
    const [runId = ''] = await look();
    const { lastRunAt } = await row(id);
    await house.database.run.update({ where: { id: runId }, data: { status } });
    clock.advance(MINUTE_MS);
    expect(await look()).toEqual([]);
    expect(await runsOf(id)).toHaveLength(1);
    expect((await row(id)).lastRunAt).toEqual(lastRunAt);
    await end(runId);
    expect(await look()).toEqual([]);
    clock.advance(MINUTE_MS);
    expect(await look()).toHaveLength(1);
  });

  it('cannot have two unfinished runs, whoever writes them', async () => {
    const { id } = await create();
    const run = { workflow: 'agent', customerId, input: {}, scheduleId: id, createdAt: clock.now() };
    await house.database.run.create({ data: { id: newId('run'), ...run } });
    await expect(house.database.run.create({ data: { id: newId('run'), ...run } })).rejects.toMatchObject({ code: 'P2002' });
  });

  it('that cannot be started keeps no other from it', async () => {
    const broken = await create();
    await house.database.schedule.update({ where: { id: broken.id }, data: { timeZone: 'Nowhere/Land' } });
    const { id } = await create();
    clock.advance(MINUTE_MS);
    expect(await look()).toHaveLength(1);
    expect(await runsOf(id)).toHaveLength(1);
  });

  it('starts nothing while it is off, and goes on from now when it is on again', async () => {
    const { id } = await create();
    const off = await house.desk.schedules.setEnabled(ADMIN, { scheduleId: id, enabled: false });
    expect(off.schedule).toMatchObject({ enabled: false, nextRunAt: null });
    clock.advance(5 * MINUTE_MS);
    expect(await look()).toEqual([]);
    const { schedule } = await house.desk.schedules.setEnabled(ADMIN, { scheduleId: id, enabled: true });
    expect(schedule.nextRunAt?.getTime()).toBe((Math.floor(clock.now().getTime() / MINUTE_MS) + 1) * MINUTE_MS);
    expect(await look()).toEqual([]);
    clock.advance(MINUTE_MS);
    const again = await house.desk.schedules.setEnabled(ADMIN, { scheduleId: id, enabled: true });
    expect(again.schedule.nextRunAt).toEqual(schedule.nextRunAt);
    expect(await look()).toHaveLength(1);
    const actions = await house.database.auditEntry.findMany({ where: { subjectId: id }, orderBy: { id: 'asc' } });
    expect(actions.map(({ action }) => action)).toEqual(['schedule.create', 'schedule.disable', 'schedule.enable']);
  });

  it('that is deleted leaves its runs, and starts no more', async () => {
    const { id } = await create();
    clock.advance(MINUTE_MS);
    const [runId = ''] = await look();
    expect(await house.desk.schedules.remove(STAFF, { scheduleId: id })).toEqual({ scheduleId: id });
    expect(await house.database.run.findUnique({ where: { id: runId } })).toMatchObject({ scheduleId: null, status: 'queued' });
    clock.advance(MINUTE_MS);
    expect(await look()).toEqual([]);
    await expect(house.desk.schedules.remove(STAFF, { scheduleId: id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(house.desk.schedules.setEnabled(STAFF, { scheduleId: id, enabled: true })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('goes with the customer who is erased', async () => {
    const { id } = await create({ name: 'For somebody who leaves' });
    await house.desk.erasures.erase(ADMIN, { customerId, idempotencyKey: newId('req') });
    expect(await house.database.schedule.findUnique({ where: { id } })).toBeNull();
    clock.advance(MINUTE_MS);
    expect(await look()).toEqual([]);
  });

  it('is looked at every few seconds until the process leaves', async () => {
    const { id } = await create();
    const rounds = startScheduleRounds({ ...instance(), everyMs: 1_000 });
    clock.advance(MINUTE_MS);
    await expect.poll(async () => (await runsOf(id)).length, { timeout: 10_000, interval: 10 }).toBe(1);
    await rounds.close();
    await end((await runsOf(id))[0]?.id ?? '');
    clock.advance(MINUTE_MS);
    expect(await runsOf(id)).toHaveLength(1);
  });

  it('is the same for the same key and body, also at the same time, and CONFLICT for another body', async () => {
    const idempotencyKey = newId('req');
    const made = await Promise.all(Array.from({ length: 5 }, () => create({ idempotencyKey })));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    await expect(create({ idempotencyKey, cron: '0 9 * * *' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await house.database.schedule.count()).toBe(1);
  });

  it('keeps what it starts with without the secrets that were in it', async () => {
    const { input } = await create({ input: { agentId: 'inner_agent', text: 'My card is 4111 1111 1111 1111' } });
    expect(JSON.stringify(input)).not.toContain('4111');
  });

  it('is made, switched and deleted by leads and admins of the staff only', async () => {
    const { id } = await create({}, ADMIN);
    const partner: Viewer = partnerViewer({ partnerId: 'ptn_x', keyId: null });
    for (const viewer of [AGENT, partner, customer]) {
      await expect(create({}, viewer)).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(house.desk.schedules.setEnabled(viewer, { scheduleId: id, enabled: false })).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(house.desk.schedules.remove(viewer, { scheduleId: id })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
    expect(await row(id)).toMatchObject({ enabled: true, createdById: 'usr_admin' });
  });

  it('is refused beyond a thousand', async () => {
    const at = { cron: '0 0 1 1 *', timeZone: 'UTC', workflow: 'agent', input: {}, createdById: 'usr_test', createdAt: clock.now() };
    await house.database.schedule.createMany({ data: Array.from({ length: 1_000 }, (_, n) => ({ id: newId('sched'), name: `${n}`, ...at })) });
    await expect(create()).rejects.toMatchObject({ code: 'QUOTA_REACHED' });
  });

  it.each([
    ['a time zone there is not', { timeZone: 'Berlin/Mitte' }, 'BAD_INPUT', 'input.timeZone'],
    ['fields that cannot be read', { cron: '99 * * * *' }, 'BAD_INPUT', 'input.cron'],
    ['a day there is not', { cron: '0 0 31 2 *' }, 'BAD_INPUT', 'input.cron'],
    ['a workflow the clock cannot start', { workflow: 'reply' }, 'BAD_INPUT', 'input.workflow'],
    ['nobody to serve', { customerId: null }, 'BAD_INPUT', 'input.customerId'],
    ['a customer there is not', { customerId: newId('cus') }, 'NOT_FOUND', undefined],
    ['an agent there is not', { input: { agentId: 'no_such_agent', text: 'Hi' } }, 'NOT_FOUND', undefined],
    ['no text', { input: { agentId: 'first_agent', text: '  ' } }, 'BAD_INPUT', 'input.input'],
    ['a text over the limit', { input: { agentId: 'first_agent', text: 'x'.repeat(1_001) } }, 'BAD_INPUT', 'input.input'],
    ['half a surrogate pair', { input: { agentId: 'first_agent', text: 'half \ud800' } }, 'BAD_INPUT', 'input.input'],
    ['more than an agent takes', { input: { agentId: 'first_agent', text: 'Hi', model: 'big' } }, 'BAD_INPUT', 'input.input'],
    ['a list', { input: [] }, 'BAD_INPUT', 'input.input'],
    ['nothing at all', { input: null }, 'BAD_INPUT', 'input.input'],
  ] as const)('is refused with %s, and nothing is written', async (_what, changes, code, field) => {
    await expect(create(changes)).rejects.toMatchObject({ code, field });
    expect(await house.database.schedule.count()).toBe(0);
  });

  it('is refused with an agent that is switched off', async () => {
    await house.desk.agents.setEnabled(SUPER, { agentId: 'second_agent', enabled: false });
    await expect(create({ input: { agentId: 'second_agent', text: 'Hi' } })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await house.desk.agents.setEnabled(SUPER, { agentId: 'second_agent', enabled: true });
  });
});
