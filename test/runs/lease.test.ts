/** What goes next: nothing before its moment, higher priorities first, and no customer held up by the many runs of another. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { claimNext, findRunnable } from '../../src/runs/lease.ts';
import type { Prisma } from '../../src/store/generated/prisma/client.ts';
import type { Viewer } from '../../src/store/viewer.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { openHouse, type House } from '../support/house.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createScriptedLlm, type ScriptedCall } from '../support/scripted-llm.ts';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const OWNER = 'inst_test';

describe('what goes next', () => {
  let test: TestDatabase;
  let customers: readonly string[];
  let made = 0;
  beforeAll(async () => {
    test = await createTestDatabase();
    customers = Array.from({ length: 4 }, () => newId('cus'));
    await test.database.customer.createMany({ data: customers.map((id) => ({ id, email: `${id}@example.test`, name: 'Dana' })) });
  });
  beforeEach(async () => {
    await test.database.run.deleteMany();
    made = 0;
  });
  afterAll(() => test.close());

  /** Later than the ones before it. */
  function runOf(customer: number, facts: Partial<Prisma.RunCreateManyInput> = {}): Prisma.RunCreateManyInput {
    const createdAt = new Date(NOW.getTime() - 1_000_000 + (made += 1));
    return { id: newId('run'), workflow: 'agent', customerId: customers[customer] ?? null, input: {}, createdAt, ...facts };
  }

  async function queue(...runs: readonly Prisma.RunCreateManyInput[]): Promise<readonly string[]> {
    await test.database.run.createMany({ data: [...runs] });
    return runs.map(({ id }) => id);
  }

  async function claimAll(now = NOW): Promise<string[]> {
    const order: string[] = [];
    for (let run = await claimNext(test.database, OWNER, now); run; run = await claimNext(test.database, OWNER, now)) order.push(run.id);
    return order;
  }

  const runnable = (now = NOW) => findRunnable(test.database, 1_000, now);

  it('is nothing before its moment, and a run whose stop was asked for at once', async () => {
    const at = new Date(NOW.getTime() + 1);
    const [later, now, stopping] = await queue(
      runOf(0, { notBefore: at, priority: 9 }),
      runOf(0, { notBefore: NOW }),
      runOf(1, { notBefore: at, stopRequestedAt: NOW }),
    );
    expect(await runnable()).toEqual([now, stopping]);
    expect(await claimAll()).toEqual([now, stopping]);
    expect(await runnable(at)).toEqual([later]);
    expect(await claimAll(at)).toEqual([later]);
  });

  it('is the one run of a customer before the second of another one who has 500', async () => {
    const many = await queue(...Array.from({ length: 500 }, () => runOf(0)));
    const [one] = await queue(runOf(1));
    expect((await runnable()).slice(0, 3)).toEqual([many[0], one, many[1]]);
    const order = [];
    for (let n = 0; n < 3; n += 1) order.push((await claimNext(test.database, OWNER, NOW))?.id);
    expect(order).toEqual([many[0], one, many[1]]);
  });

  it('is one of a higher priority before all others, also of the customer who has the most running', async () => {
    const [normal, low, high, higher] = await queue(runOf(1), runOf(2, { priority: -1 }), runOf(0, { priority: 1 }), runOf(0, { priority: 2 }));
    await queue(runOf(0, { status: 'running', leaseUntil: new Date(Date.now() + 60_000) }));
    expect(await runnable()).toEqual([higher, high, normal, low]);
    expect(await claimAll()).toEqual([higher, high, normal, low]);
  });

  it('is the oldest of a conversation, whatever the priority of those behind it, and none of them while one is under way', async () => {
    const conversationId = newId('conv');
    await test.database.conversation.create({ data: { id: conversationId, customerId: customers[0] ?? '', createdAt: NOW, lastMessageAt: NOW } });
    const [first, second] = await queue(runOf(0, { conversationId, notBefore: new Date(NOW.getTime() + 5) }), runOf(0, { conversationId, priority: 50 }));
    const [other] = await queue(runOf(0));
    expect(await claimAll()).toEqual([other]);
    const later = new Date(NOW.getTime() + 5);
    expect(await claimAll(later)).toEqual([first]);
    await test.database.run.updateMany({ where: { id: first ?? '' }, data: { status: 'succeeded', finishedAt: NOW } });
    expect(await claimAll(later)).toEqual([second]);
  });

  it('is at once what works on a conversation for the desk, which holds up none of its answers', async () => {
    const conversationId = newId('conv');
    await test.database.conversation.create({ data: { id: conversationId, customerId: customers[0] ?? '', createdAt: NOW, lastMessageAt: NOW } });
    const [answer, panel, debate] = await queue(
      runOf(0, { conversationId }),
      runOf(0, { conversationId, workflow: 'expert_panel' }),
      runOf(0, { conversationId, workflow: 'second_look' }),
    );
    const [behind] = await queue(runOf(0, { conversationId }));
    expect(await runnable()).toEqual([answer, panel, debate]);
    expect(await claimAll()).toEqual([answer, panel, debate]);
    await test.database.run.updateMany({ where: { id: answer ?? '' }, data: { status: 'succeeded', finishedAt: NOW } });
    expect(await claimAll()).toEqual([behind]);
  });

  it('is also what its owner fell silent on; such a run does not count as one that its customer has running', async () => {
    const silent = { status: 'running', leaseOwner: 'inst_dead', leaseUntil: new Date(0), attempt: 1, progress: 40 } as const;
    const [lost] = await queue(runOf(0, silent));
    const [other] = await queue(runOf(1));
    expect(await claimAll()).toEqual([lost, other]);
    expect(await test.database.run.findUnique({ where: { id: lost ?? '' } })).toMatchObject({ attempt: 2, leaseOwner: OWNER, progress: 0 });
  });

  it('is nothing that who asks has still in hand, even when its lease ran out unnoticed', async () => {
    const [lost, parked] = await queue(runOf(0, { status: 'running', leaseOwner: OWNER, leaseUntil: new Date(0), attempt: 1 }), runOf(0));
    expect(await claimNext(test.database, OWNER, NOW, [lost ?? '', parked ?? ''])).toBeNull();
    expect((await claimNext(test.database, 'inst_other', NOW, [parked ?? '']))?.id).toBe(lost);
  });

  it('goes to one claimer only, however many ask at once', async () => {
    const ids = await queue(...Array.from({ length: 12 }, (_, n) => runOf(n % 4)));
    const claimed = await Promise.all(Array.from({ length: 20 }, (_, n) => claimNext(test.database, `inst_${n}`, NOW)));
    const got = claimed.flatMap((run) => (run ? [run.id] : []));
    expect(new Set(got).size).toBe(got.length);
    expect([...got, ...(await claimAll())].toSorted()).toEqual([...ids].toSorted());
  });

  it('is always one of the highest priority there is, of a customer with the fewest running, the oldest of theirs', async () => {
    const run = fc.record({ customer: fc.nat({ max: 3 }), priority: fc.constantFrom(-1, 0, 0, 0, 5), due: fc.boolean() });
    const step = fc.oneof({ weight: 3, arbitrary: fc.constant('claim' as const) }, { weight: 1, arbitrary: fc.constant('end' as const) });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 14 }), fc.array(step, { maxLength: 20 }), async (wanted, steps) => {
        await test.database.run.deleteMany();
        const rows = wanted.map(({ customer, priority, due }) => runOf(customer, { priority, notBefore: due ? null : new Date(NOW.getTime() + 1) }));
        await queue(...rows);
        const waiting = rows.map((row, at) => ({ id: row.id, at, ...(wanted[at] ?? { customer: 0, priority: 0, due: false }) })).filter(({ due }) => due);
        const running: typeof waiting = [];
        for (const one of steps) {
          if (one === 'end') {
            const [ended] = running.splice(0, 1);
            if (ended) await test.database.run.update({ where: { id: ended.id }, data: { status: 'succeeded', finishedAt: NOW } });
            continue;
          }
          const load = (customer: number) => running.filter((other) => other.customer === customer).length;
          const [expected] = waiting.toSorted((a, b) => b.priority - a.priority || load(a.customer) - load(b.customer) || a.at - b.at);
          const claimed = await claimNext(test.database, OWNER, NOW);
          expect(claimed?.id).toBe(expected?.id);
          if (!expected) continue;
          waiting.splice(waiting.indexOf(expected), 1);
          running.push(expected);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('whoever is woken', () => {
  const clock = createManualClock();
  let house: House;
  let viewer: Viewer;
  const llm = createScriptedLlm();
  beforeAll(async () => {
    house = await openHouse({ llm, clock, started: false });
    ({ viewer } = await house.addCustomer());
  });
  afterAll(() => house.close());

  it('takes the run that goes next, whichever it was woken for, and the other one is not held up by that', async () => {
    const { run: woken } = await house.desk.agentRuns.start(viewer, { agentId: 'first_agent', text: 'Woken for' });
    const urgent = { id: newId('run'), workflow: 'agent', customerId: woken.customerId, priority: 5, createdAt: clock.now() };
    // Nobody is woken for this one.
    await house.database.run.create({ data: { ...urgent, input: { agentId: 'first_agent', text: 'Urgent' } } });
    house.driver.start();
    const first = await llm.nextCall();
    expect(JSON.stringify(first.request.messages)).toContain('Urgent');
    // The wake of the other is bound to the urgent run for as long as that takes: it is found without it.
    const calls: ScriptedCall[] = [first];
    void llm.nextCall().then((call) => calls.push(call));
    const begun = () => {
      clock.advance(2_000);
      return JSON.stringify(calls[1]?.request.messages ?? '');
    };
    await expect.poll(begun, { timeout: 10_000, interval: 20 }).toContain('Woken for');
    expect(await house.database.run.findUnique({ where: { id: urgent.id } })).toMatchObject({ status: 'running', attempt: 1 });
    for (const call of calls) {
      call.send({ type: 'text', text: 'Done.' });
      call.send({ type: 'stop', reason: 'end_turn' });
    }
    for (const id of [urgent.id, woken.id]) {
      await house.ended(id);
      expect(await house.database.run.findUnique({ where: { id } })).toMatchObject({ status: 'succeeded', attempt: 1 });
    }
  });
});
