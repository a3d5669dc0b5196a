/** Runs of several agents, from the desk to the rows: what is told while they happen, what stands at rest, and that nothing finished is paid twice. */
import { afterEach, describe, expect, it } from 'vitest';
import { watchApprovals } from '../../src/desk/approval-watch.ts';
import { AppError } from '../../src/foundation/errors.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createMemoryJobQueue } from '../../src/jobs/memory-job-queue.ts';
import type { Entry } from '../../src/events/event-log.ts';
import { TERMINAL_EVENTS, type ParleyEvent } from '../../src/events/event.ts';
import { agentsOf, inputFor, WorkflowInput, type Pattern } from '../../src/orchestration/workflow-input.ts';
import { pruneCheckpoints } from '../../src/store/checkpoints.ts';
import type { Run } from '../../src/store/generated/prisma/client.ts';
import { createActingLlm, type Act, type ActingLlm, type Line } from '../support/acting-llm.ts';
import { takeUntil } from '../support/collect.ts';
import { openHouse, STAFF, SUPER, type House } from '../support/house.ts';
import { staffViewer } from '../../src/store/viewer.ts';

const CAST = ['expert_a', 'expert_b', 'expert_c', 'coordinator'];
const PATIENCE = { timeout: 20_000, interval: 20 };

let house: House | null = null;
afterEach(async () => {
  await house?.close();
  house = null;
});

async function open(act: (scene: Act) => Line | Promise<Line>): Promise<{ opened: House; llm: ActingLlm; customerId: string }> {
  const llm = createActingLlm(act);
  const opened = await openHouse({ llm, cast: CAST });
  house = opened;
  return { opened, llm, customerId: (await opened.addCustomer()).customerId };
}

async function start({ desk }: House, customerId: string, pattern: Pattern, ids: readonly string[], text = 'May we refund this?'): Promise<Run> {
  const workflow = WorkflowInput.parse(inputFor(pattern, ids));
  return (await desk.workflowRuns.start(STAFF, { name: pattern, text, workflow, agentIds: agentsOf(workflow), customerId })).run;
}

const isTerminal = (entry: Entry): boolean => entry.kind === 'event' && TERMINAL_EVENTS.has(entry.event.type);
const eventsIn = (entries: readonly Entry[]): ParleyEvent[] => entries.flatMap((entry) => (entry.kind === 'event' ? [entry.event] : []));
const verdict = (position: string): Line => ({
  text: `I say ${position}, for good reasons. `,
  form: { position, confidence: 0.8, recommendations: ['Refund the payment'] },
});

async function all(opened: House, run: Run, viewer = STAFF): Promise<ParleyEvent[]> {
  return eventsIn(await takeUntil(await opened.runs.followRun(viewer, run.id, undefined, AbortSignal.timeout(20_000)), isTerminal));
}

/** The text of each path as a dashboard puts it together, from the deltas and resets alone. */
function textsOf(events: readonly ParleyEvent[], run: Run): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const event of events) {
    if (event.type === 'MessageReset') texts[event.messageId.slice(run.id.length + 1)] = '';
    if (event.type !== 'TextDelta') continue;
    expect(event).toMatchObject({ visibility: 'STAFF', messageId: `${run.id}:${event.step}` });
    const before = texts[event.step] ?? '';
    expect(event.offset).toBe(before.length);
    texts[event.step] = before + event.text;
  }
  return texts;
}

describe('a run of several agents', () => {
  it('tells every participant by its path, live and later, and stands whole in the rows', async () => {
    const { opened, customerId } = await open(({ agentId }) => verdict(agentId === 'expert_c' ? 'decline' : 'refund'));
    const run = await start(opened, customerId, 'expert_panel', CAST.slice(0, 3));
    const events = await all(opened, run);
    expect(events.at(-1)).toMatchObject({ type: 'RunFinished', outcome: 'decided' });
    const ended = events.flatMap((event) => (event.type === 'StepFinished' ? [event] : []));
    expect(ended.map(({ path }) => path).toSorted()).toEqual([
      'expert_panel/experts/0',
      'expert_panel/experts/1',
      'expert_panel/experts/2',
      'expert_panel/synthesis',
    ]);
    expect(ended.every(({ output }) => output?.['outcome'] === 'succeeded')).toBe(true);
    expect(textsOf(events, run)).toMatchObject({
      'expert_panel/experts/2': 'I say decline, for good reasons. ',
      'expert_panel/synthesis': 'I say refund, for good reasons. ',
    });
    const later = await all(opened, run);
    expect(textsOf(later, run)).toEqual(textsOf(events, run));
    const unspoken = (said: readonly ParleyEvent[]) => said.filter(({ type }) => type !== 'TextDelta');
    expect(unspoken(later)).toEqual(unspoken(events));
    const row = await opened.database.run.findUniqueOrThrow({ where: { id: run.id }, include: { steps: true } });
    expect(row).toMatchObject({ status: 'succeeded', workflow: 'expert_panel', result: { pattern: 'expert_panel', position: 'refund' } });
    expect(row.cost.toNumber()).toBeCloseTo(0.0004);
    expect(row.steps.map(({ role, status, outputTokens }) => [role, status, outputTokens])).toEqual([
      ...Array.from({ length: 3 }, () => ['expert', 'succeeded', 5]),
      ['coordinator', 'succeeded', 5],
    ]);
  });

  it('is for the people of the desk: nobody else starts one, or hears what agents say to each other', async () => {
    const { opened, customerId } = await open(() => verdict('refund'));
    const viewer = { kind: 'customer', customerId } as const;
    const workflow = WorkflowInput.parse(inputFor('parallel', CAST));
    const input = { name: 'parallel', text: 'Hello', workflow, agentIds: agentsOf(workflow), customerId };
    await expect(opened.desk.workflowRuns.start(viewer, input)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const run = await start(opened, customerId, 'parallel', CAST);
    expect(new Set((await all(opened, run, viewer as never)).map(({ type }) => type))).toEqual(new Set(['RunQueued', 'RunStarted', 'RunFinished']));
  });

  it('starts once for a key, refuses another body with it, and a participant that is switched off', async () => {
    const { opened, customerId } = await open(() => verdict('refund'));
    const workflow = WorkflowInput.parse(inputFor('parallel', ['expert_a', 'expert_b']));
    const input = { name: 'parallel', text: 'Once', workflow, agentIds: agentsOf(workflow), customerId, idempotencyKey: 'k1' };
    const [first, second] = await Promise.all([opened.desk.workflowRuns.start(STAFF, input), opened.desk.workflowRuns.start(STAFF, input)]);
    expect(second.run.id).toBe(first.run.id);
    await expect(opened.desk.workflowRuns.start(STAFF, { ...input, text: 'Twice' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await opened.desk.agents.setEnabled(SUPER, { agentId: 'expert_b', enabled: false });
    await expect(opened.desk.workflowRuns.start(STAFF, { ...input, idempotencyKey: 'k2' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('expert_b'),
    });
  });

  it('goes on elsewhere when its process died: who has finished is not asked again, who was cut off begins anew', async () => {
    const held = Promise.withResolvers<Line>();
    const { opened, llm, customerId } = await open(({ agentId, nth }) => (agentId === 'expert_b' && nth === 0 ? held.promise : verdict('refund')));
    const run = await start(opened, customerId, 'expert_panel', ['expert_a', 'expert_b']);
    const ended = () => opened.database.runStep.count({ where: { runId: run.id, status: 'succeeded' } });
    await expect.poll(ended, PATIENCE).toBe(1);
    const reader = await opened.runs.followRun(STAFF, run.id, undefined, AbortSignal.timeout(20_000));
    // The owner falls silent: another name stands on the row, with a lease that has run out.
    await opened.database.run.update({ where: { id: run.id }, data: { leaseOwner: 'inst_dead', leaseUntil: new Date(Date.now() - 1_000) } });
    opened.anotherDriver(llm).start();
    const events = eventsIn(await takeUntil(reader, isTerminal));
    expect(events.at(-1)).toMatchObject({ type: 'RunFinished', outcome: 'decided' });
    const asked = llm.asked.map(({ persona }) => persona.agentId);
    expect(asked.toSorted()).toEqual(['coordinator', 'expert_a', 'expert_b', 'expert_b']);
    expect(events.filter((event) => event.type === 'MessageReset')).toMatchObject([
      { messageId: `${run.id}:expert_panel/experts/1`, attempt: 2, visibility: 'STAFF' },
    ]);
    expect(await opened.database.run.findUniqueOrThrow({ where: { id: run.id } })).toMatchObject({
      status: 'succeeded',
      attempt: 2,
      result: { position: 'refund' },
    });
    held.resolve(verdict('late'));
  });

  it('keeps what it kept between its steps no longer than it runs', async () => {
    const { opened, customerId } = await open(() => verdict('refund'));
    const run = await start(opened, customerId, 'debate', ['expert_a', 'expert_b']);
    await opened.ended(run.id);
    const kept = async () =>
      Number((await opened.database.pool.query('SELECT count(*) AS n FROM langgraph.checkpoints WHERE thread_id = $1', [run.id])).rows[0]?.n);
    await expect.poll(kept, PATIENCE).toBe(0);
    // What could not be removed when its run ended goes with the next round of retention.
    await opened.database.pool.query(`INSERT INTO langgraph.checkpoints (thread_id, checkpoint_id, checkpoint) VALUES ($1, 'left', '{}')`, [run.id]);
    expect(await pruneCheckpoints(opened.database)).toBe(1);
    expect(await kept()).toBe(0);
  });

  it('stops with all its participants, up to the model, and keeps what has ended', async () => {
    const never = new Promise<Line>(() => undefined);
    const { opened, llm, customerId } = await open(({ agentId }) => (agentId === 'expert_a' ? verdict('refund') : never));
    const run = await start(opened, customerId, 'parallel', ['expert_a', 'expert_b', 'expert_c']);
    await expect.poll(() => opened.database.runStep.count({ where: { runId: run.id, status: 'succeeded' } }), PATIENCE).toBe(1);
    const stopped = await opened.runs.stop(STAFF, run.id);
    expect(stopped).toMatchObject({ alreadyFinished: false, run: { status: 'stopped' } });
    expect(llm.cut()).toBe(2);
    const steps = await opened.database.runStep.findMany({ where: { runId: run.id }, orderBy: { path: 'asc' } });
    expect(steps.map(({ status }) => status)).toEqual(['succeeded', 'stopped', 'stopped']);
  });

  it('ends failed with the code of what went wrong, and the outcome of every participant', async () => {
    const { opened, customerId } = await open(() => ({ text: '' }));
    const run = await start(opened, customerId, 'expert_panel', ['expert_a', 'expert_b']);
    await opened.ended(run.id);
    const row = await opened.database.run.findUniqueOrThrow({ where: { id: run.id }, include: { steps: true } });
    expect(row).toMatchObject({ status: 'failed', errorCode: 'MODEL_OVERLOADED' });
    expect(row.steps.every(({ status, errorCode }) => status === 'failed' && errorCode === 'MODEL_OVERLOADED')).toBe(true);
  });

  describe('with a step that people have to approve', () => {
    const STEPS = {
      pattern: 'sequential',
      steps: [{ agentId: 'expert_a', approval: { level: 'manager', what: 'Send this offer.' } }, { agentId: 'expert_b' }],
    };

    async function waiting() {
      const { opened, llm, customerId } = await open(({ agentId }) => ({ text: `${agentId} was here.` }));
      const workflow = WorkflowInput.parse(STEPS);
      const { run } = await opened.desk.workflowRuns.start(STAFF, { name: 'sequential', text: 'Well?', workflow, agentIds: agentsOf(workflow), customerId });
      const rowOf = () => opened.database.run.findUniqueOrThrow({ where: { id: run.id } });
      await expect.poll(async () => (await rowOf()).status, PATIENCE).toBe('waiting');
      const approval = await opened.database.approval.findFirstOrThrow({ where: { runId: run.id } });
      const userId = newId('usr');
      await opened.database.user.create({ data: { id: userId, email: `${userId}@example.test`, name: 'Mo', role: 'user', approvalLevel: 'manager' } });
      const decide = (approve: boolean) =>
        opened.desk.approvals.decide(staffViewer({ userId, name: 'Mo', role: 'user' }), {
          approvalId: approval.id,
          approve,
          argumentsHash: approval.argumentsHash,
        });
      return { opened, llm, run, approval, rowOf, decide };
    }

    it('waits without a lease, having counted what it spent, and goes on from there once they have', async () => {
      const { opened, llm, run, approval, rowOf, decide } = await waiting();
      expect(approval).toMatchObject({ step: 'sequential/0/approval', agentId: 'expert_a', tool: 'go_on', neededLevel: 'manager', status: 'pending' });
      expect(await rowOf()).toMatchObject({ leaseUntil: null, outputTokens: 5 });
      await decide(true);
      await opened.ended(run.id);
      expect(await rowOf()).toMatchObject({ status: 'succeeded', attempt: 2, outputTokens: 10, result: { text: 'expert_b was here.' } });
      expect(llm.asked.map(({ persona }) => persona.agentId)).toEqual(['expert_a', 'expert_b']);
    });

    it('ends with why when they refuse', async () => {
      const { opened, llm, run, rowOf, decide } = await waiting();
      await decide(false);
      await opened.ended(run.id);
      expect(await rowOf()).toMatchObject({ status: 'failed', errorCode: 'FORBIDDEN' });
      expect(llm.asked).toHaveLength(1);
    });

    it('ends with APPROVAL_EXPIRED when nobody decides in time', async () => {
      const { opened, run, approval, rowOf } = await waiting();
      const clock = { now: () => new Date(approval.expiresAt.getTime() + 1), sleep: () => Promise.resolve() };
      const log = createLogger({ level: 'silent', pretty: false });
      // Nobody is woken by this queue: the look for runs that wait finds it.
      await watchApprovals({ database: opened.database, log: opened.log, jobs: createMemoryJobQueue({ log }), clock }, AbortSignal.timeout(10_000));
      await opened.ended(run.id);
      expect(await rowOf()).toMatchObject({ status: 'failed', errorCode: 'APPROVAL_EXPIRED' });
    });

    it('may be stopped while it waits', async () => {
      const { opened, run, approval, rowOf } = await waiting();
      await opened.runs.stop(STAFF, run.id);
      expect(await rowOf()).toMatchObject({ status: 'stopped' });
      expect(await opened.database.approval.findUniqueOrThrow({ where: { id: approval.id } })).toMatchObject({ status: 'rejected' });
    });
  });

  it('is tried again as often as was said when it fails, without asking those who had succeeded', async () => {
    const { opened, llm, customerId } = await open(({ agentId, nth }) => {
      if (agentId === 'expert_b' && nth < 2) throw new AppError('MODEL_OVERLOADED', 'The model is busy.', { retryable: true });
      return verdict('refund');
    });
    const workflow = WorkflowInput.parse({ pattern: 'sequential', steps: [{ agentId: 'expert_a' }, { agentId: 'expert_b', retries: 0 }] });
    const input = { name: 'sequential', text: 'Well?', workflow, agentIds: agentsOf(workflow), customerId, priority: 5, retries: 2 };
    const { run } = await opened.desk.workflowRuns.start(STAFF, input);
    await expect
      .poll(async () => (await opened.database.run.findUniqueOrThrow({ where: { id: run.id } })).status, { timeout: 30_000, interval: 50 })
      .toBe('succeeded');
    expect(await opened.database.run.findUniqueOrThrow({ where: { id: run.id } })).toMatchObject({ attempt: 3, retriesLeft: 0, priority: 5, progress: 100 });
    expect(llm.asked.map(({ persona }) => persona.agentId)).toEqual(['expert_a', 'expert_b', 'expert_b', 'expert_b']);
  }, 40_000);

  it('may be one of two hundred at once', async () => {
    const { opened, customerId } = await open(() => verdict('refund'));
    const runs = await Promise.all(Array.from({ length: 200 }, () => start(opened, customerId, 'parallel', ['expert_a', 'expert_b'])));
    await expect.poll(() => opened.database.run.count({ where: { status: 'succeeded' } }), { timeout: 60_000, interval: 200 }).toBe(runs.length);
  }, 90_000);
});
