/** Jobs and schedules through GraphQL: who sees which, what they show of a run, and what calls one off. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import type { Prisma } from '../../src/store/generated/prisma/client.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createScriptedLlm, type ScriptedLlm } from '../support/scripted-llm.ts';
import { ask, refusalOf } from './ask.ts';

const FIELDS = `id workflow status priority progress owner attempts retriesLeft notBefore createdAt startedAt finishedAt result
  run { id status agent { id } } schedule { id name }`;
const JOB = `query($id: ID!) { job(id: $id) { ${FIELDS} } }`;
const JOBS = `query($status: RunStatus, $workflow: ID, $priorityFrom: Int, $first: Int, $after: String, $last: Int, $before: String) {
  jobs(status: $status, workflow: $workflow, priorityFrom: $priorityFrom, first: $first, after: $after, last: $last, before: $before) {
    edges { node { id priority run { id } } } pageInfo { hasNextPage hasPreviousPage endCursor } } }`;
const CANCEL = `mutation($id: ID!) { cancelJob(input: { jobId: $id }) { job { id status owner progress } message { text status } usage { inputTokens } alreadyFinished } }`;
const STOP = 'mutation($id: ID!) { stopRun(input: { runId: $id }) { run { id status } alreadyFinished } }';
const SCHEDULE = 'id name cron timeZone workflow input customer { id } enabled lastRunAt nextRunAt createdById createdAt';
const CREATE = `mutation($input: CreateScheduleInput!) { createSchedule(input: $input) { schedule { ${SCHEDULE} } } }`;
const SWITCH = `mutation($input: SetScheduleEnabledInput!) { setScheduleEnabled(input: $input) { schedule { id enabled nextRunAt } } }`;
const DELETE = 'mutation($input: DeleteScheduleInput!) { deleteSchedule(input: $input) { scheduleId } }';
const SCHEDULES = 'query($enabled: Boolean, $first: Int) { schedules(enabled: $enabled, first: $first) { edges { node { id name } } } }';

const AT = new Date('2026-02-01T10:00:00.000Z');
const PARTNER_ID = newId('ptn');

interface Page {
  readonly edges: readonly { readonly node: { readonly id: string; readonly run: { readonly id: string } } }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; readonly endCursor: string };
}

describe('jobs', () => {
  let house: House;
  let llm: ScriptedLlm;
  let customer: Viewer;
  let stranger: Viewer;
  const partner: Viewer = partnerViewer({ partnerId: PARTNER_ID, keyId: null });
  let ids: { high: string; low: string; reply: string; foreign: string };
  let scheduleId: string;
  let made = 0;

  async function addRun(facts: Partial<Prisma.RunUncheckedCreateInput>): Promise<string> {
    const id = newId('run');
    const createdAt = new Date(AT.getTime() + (made += 1) * 1_000);
    await house.database.run.create({ data: { id, workflow: 'agent', status: 'succeeded', input: {}, createdAt, finishedAt: createdAt, ...facts } });
    return id;
  }

  beforeAll(async () => {
    llm = createScriptedLlm();
    house = await openHouse({ llm });
    const own = await house.addCustomer(PARTNER_ID);
    const other = await house.addCustomer();
    customer = own.viewer;
    stranger = other.viewer;
    scheduleId = newId('sched');
    await house.database.schedule.create({
      data: {
        id: scheduleId,
        name: 'Weekly look',
        cron: '0 9 * * MON',
        timeZone: 'UTC',
        workflow: 'agent',
        input: {},
        customerId: own.customerId,
        createdById: 'usr_x',
        createdAt: AT,
      },
    });
    const { customerId } = own;
    ids = {
      high: await addRun({
        customerId,
        priority: 7,
        status: 'running',
        leaseOwner: 'inst_elsewhere',
        leaseUntil: new Date(Date.now() + 3_600_000),
        attempt: 2,
        retriesLeft: 1,
        progress: 40,
        notBefore: AT,
        startedAt: AT,
        finishedAt: null,
        scheduleId,
        agentId: 'first_agent',
      }),
      low: await addRun({ customerId, priority: -3, progress: 100, result: { text: 'Found' }, leaseOwner: 'inst_before' }),
      reply: await addRun({ customerId, workflow: 'reply', result: { citations: [] }, progress: 100 }),
      foreign: await addRun({ customerId: other.customerId, result: { text: 'Theirs' } }),
    };
  });
  afterAll(() => house.close());

  const jobOf = async (viewer: Viewer, id: string) => (await ask(house, viewer, JOB, { id }))['job'];
  const pageOf = async (viewer: Viewer, variables = {}) => (await ask(house, viewer, JOBS, variables))['jobs'] as Page;
  const listed = async (viewer: Viewer, variables = {}) => (await pageOf(viewer, variables)).edges.map(({ node }) => node.id);

  it('show the staff all of a run, the instance and the schedule included', async () => {
    expect(await jobOf(STAFF, ids.high)).toEqual({
      id: ids.high,
      workflow: 'agent',
      status: 'RUNNING',
      priority: 7,
      progress: 40,
      owner: 'inst_elsewhere',
      attempts: 2,
      retriesLeft: 1,
      notBefore: AT.toISOString(),
      createdAt: '2026-02-01T10:00:01.000Z',
      startedAt: AT.toISOString(),
      finishedAt: null,
      result: null,
      run: { id: ids.high, status: 'RUNNING', agent: { id: 'first_agent' } },
      schedule: { id: scheduleId, name: 'Weekly look' },
    });
    expect(await jobOf(STAFF, ids.low)).toMatchObject({ owner: null, status: 'SUCCEEDED', result: { text: 'Found' }, schedule: null });
  });

  it('show a partner and a customer their own, without instance and schedule', async () => {
    for (const viewer of [partner, customer]) {
      expect(await jobOf(viewer, ids.high)).toMatchObject({ progress: 40, priority: 7, attempts: 2, owner: null, schedule: null });
      expect(await jobOf(viewer, ids.low)).toMatchObject({ result: { text: 'Found' } });
    }
    expect(await jobOf(partner, ids.reply)).toMatchObject({ result: { citations: [] } });
    expect(await jobOf(customer, ids.reply)).toMatchObject({ result: null });
  });

  it('of others look as if they were not there', async () => {
    for (const viewer of [partner, customer]) expect(await refusalOf(house, viewer, JOB, { id: ids.foreign })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusalOf(house, stranger, JOB, { id: ids.high })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusalOf(house, stranger, CANCEL, { id: ids.high })).toMatchObject({ code: 'NOT_FOUND' });
    for (const query of [JOB, CANCEL]) expect(await refusalOf(house, null, query, { id: ids.high })).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await refusalOf(house, null, JOBS)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await refusalOf(house, STAFF, JOB, { id: newId('run') })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusalOf(house, STAFF, JOB, { id: 'job_1' })).toEqual({ code: 'BAD_INPUT', field: 'id' });
  });

  it('are listed newest first, for each viewer theirs', async () => {
    const mine = [ids.reply, ids.low, ids.high];
    expect(await listed(STAFF)).toEqual([ids.foreign, ...mine]);
    expect(await listed(partner)).toEqual(mine);
    expect(await listed(customer)).toEqual(mine);
    expect(await listed(stranger)).toEqual([ids.foreign]);
    expect((await pageOf(STAFF)).edges.map(({ node }) => node.run.id)).toEqual([ids.foreign, ...mine]);
  });

  it('are listed by status, workflow and priority, page by page', async () => {
    expect(await listed(STAFF, { status: 'RUNNING' })).toEqual([ids.high]);
    expect(await listed(STAFF, { workflow: 'reply' })).toEqual([ids.reply]);
    expect(await listed(STAFF, { priorityFrom: 0 })).toEqual([ids.foreign, ids.reply, ids.high]);
    expect(await listed(STAFF, { priorityFrom: 1 })).toEqual([ids.high]);
    expect(await listed(STAFF, { priorityFrom: 0, workflow: 'agent', status: 'SUCCEEDED' })).toEqual([ids.foreign]);
    const first = await pageOf(STAFF, { first: 3 });
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    expect(await listed(STAFF, { first: 3, after: first.pageInfo.endCursor })).toEqual([ids.high]);
    expect(await listed(STAFF, { last: 1 })).toEqual([ids.high]);
  });

  it.each([
    [{ priorityFrom: 1_001 }, 'priorityFrom'],
    [{ priorityFrom: -1_001 }, 'priorityFrom'],
    [{ workflow: '' }, 'workflow'],
    [{ first: 101 }, 'first'],
    [{ after: 'nowhere' }, 'after'],
  ])('are not listed with %j', async (variables, field) => {
    expect(await refusalOf(house, STAFF, JOBS, variables)).toEqual({ code: 'BAD_INPUT', field });
  });

  it('are called off as a run is stopped, keeping what was written, with the same answer when they had ended', async () => {
    const { viewer } = await house.addCustomer();
    const { run } = await house.desk.conversations.start(viewer, { text: 'A question' });
    const call = await llm.nextCall();
    const reader = await house.runs.followRun(viewer, run.id, undefined, AbortSignal.timeout(10_000));
    call.send({ type: 'text', text: 'Half' });
    for await (const entry of reader) if (entry.kind === 'event' && entry.event.type === 'TextDelta') break;
    expect(await jobOf(STAFF, run.id)).toMatchObject({ status: 'RUNNING', owner: expect.stringMatching(/^inst_/), attempts: 1, retriesLeft: 0, progress: 66 });
    const { cancelJob } = await ask(house, viewer, CANCEL, { id: run.id });
    expect(cancelJob).toEqual({
      job: { id: run.id, status: 'STOPPED', owner: null, progress: 66 },
      message: { text: 'Half', status: 'PARTIAL' },
      usage: { inputTokens: 0 },
      alreadyFinished: false,
    });
    const { cancelJob: again } = await ask(house, viewer, CANCEL, { id: run.id });
    const { stopRun } = await ask(house, viewer, STOP, { id: run.id });
    expect(again).toMatchObject({ job: { id: run.id, status: 'STOPPED' }, alreadyFinished: true });
    expect(stopRun).toEqual({ run: { id: run.id, status: 'STOPPED' }, alreadyFinished: true });
    expect(await ask(house, customer, CANCEL, { id: ids.low })).toMatchObject({ cancelJob: { job: { status: 'SUCCEEDED' }, alreadyFinished: true } });
  });
});

describe('schedules', () => {
  let house: House;
  let customerId: string;
  let customer: Viewer;
  const AGENT: Viewer = staffViewer({ userId: 'usr_agent', name: 'Kim', role: 'user' });
  const partner: Viewer = partnerViewer({ partnerId: PARTNER_ID, keyId: null });
  beforeAll(async () => {
    house = await openHouse({ llm: createScriptedLlm(), started: false });
    ({ customerId, viewer: customer } = await house.addCustomer());
  });
  afterAll(() => house.close());

  const wanted = () => ({
    name: ' Every morning ',
    cron: '0 9 * * *',
    timeZone: 'Europe/Berlin',
    workflow: 'agent',
    input: { agentId: 'first_agent', text: 'Look around' },
    customerId,
  });

  it('are made, listed, switched and deleted', async () => {
    const { createSchedule } = (await ask(house, STAFF, CREATE, { input: wanted() })) as { createSchedule: { schedule: { id: string } } };
    const { id } = createSchedule.schedule;
    expect(createSchedule.schedule).toEqual({
      ...wanted(),
      id: expect.stringMatching(/^sched_/),
      customerId: undefined,
      name: 'Every morning',
      customer: { id: customerId },
      enabled: true,
      lastRunAt: null,
      nextRunAt: expect.stringMatching(/T0[78]:00:00\.000Z$/),
      createdById: 'usr_test',
      createdAt: expect.any(String),
    });
    expect(await ask(house, AGENT, 'query($id: ID!) { node(id: $id) { __typename id } }', { id })).toEqual({ node: { __typename: 'Schedule', id } });
    expect(await ask(house, AGENT, SCHEDULES)).toEqual({ schedules: { edges: [{ node: { id, name: 'Every morning' } }] } });
    expect(await ask(house, STAFF, SWITCH, { input: { scheduleId: id, enabled: false } })).toEqual({
      setScheduleEnabled: { schedule: { id, enabled: false, nextRunAt: null } },
    });
    expect(await ask(house, STAFF, SCHEDULES, { enabled: true })).toEqual({ schedules: { edges: [] } });
    expect(await ask(house, STAFF, SCHEDULES, { enabled: false })).toMatchObject({ schedules: { edges: [{ node: { id } }] } });
    expect(await ask(house, STAFF, DELETE, { input: { scheduleId: id } })).toEqual({ deleteSchedule: { scheduleId: id } });
    expect(await ask(house, STAFF, SCHEDULES)).toEqual({ schedules: { edges: [] } });
  });

  it('are for the staff', async () => {
    const { schedule } = await house.desk.schedules.create(STAFF, wanted());
    for (const [viewer, code] of [
      [null, 'UNAUTHENTICATED'],
      [customer, 'FORBIDDEN'],
      [partner, 'FORBIDDEN'],
    ] as const) {
      expect(await refusalOf(house, viewer, SCHEDULES)).toMatchObject({ code });
      expect(await refusalOf(house, viewer, CREATE, { input: wanted() })).toMatchObject({ code });
    }
    for (const viewer of [customer, partner])
      expect(await refusalOf(house, viewer, 'query($id: ID!) { node(id: $id) { id } }', { id: schedule.id })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusalOf(house, AGENT, DELETE, { input: { scheduleId: schedule.id } })).toMatchObject({ code: 'FORBIDDEN' });
  });

  it.each([
    ['a name of two lines', { name: 'a\nb' }, 'input.name'],
    ['no name', { name: ' ' }, 'input.name'],
    ['too long a name', { name: 'x'.repeat(101) }, 'input.name'],
    ['four fields', { cron: '* * * *' }, 'input.cron'],
    ['a time zone there is not', { timeZone: 'Mars/Olympus' }, 'input.timeZone'],
    ['what is no customer', { customerId: 'me' }, 'input.customerId'],
    ['a key with a blank', { idempotencyKey: 'a b' }, 'input.idempotencyKey'],
  ])('are refused with %s', async (_what, changes, field) => {
    expect(await refusalOf(house, STAFF, CREATE, { input: { ...wanted(), ...changes } })).toEqual({ code: 'BAD_INPUT', field });
  });

  it('that are no schedules are refused', async () => {
    for (const [query, input] of [
      [SWITCH, { scheduleId: 'run_1', enabled: true }],
      [DELETE, { scheduleId: 'run_1' }],
    ] as const)
      expect(await refusalOf(house, STAFF, query, { input })).toEqual({ code: 'BAD_INPUT', field: 'input.scheduleId' });
  });
});
