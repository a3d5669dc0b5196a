/** Ticking off first steps: once, on the customer's own word, with a trace. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentCall } from '../../src/desk/agent-act.ts';
import { createOnboardingDesk, type OnboardingDesk } from '../../src/desk/onboarding.ts';
import { newId } from '../../src/foundation/ids.ts';
import { ONBOARDING_STEPS, STEP_WORDS, type OnboardingStepName } from '../../src/store/onboarding.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addCustomer, NOW } from '../tools/fixtures.ts';

let test: TestDatabase;
let desk: OnboardingDesk;
beforeAll(async () => {
  test = await createTestDatabase();
  desk = createOnboardingDesk({ database: test.database, clock: { now: () => NOW, sleep: () => Promise.resolve() } });
});
afterAll(() => test.close());

async function newCustomer(done: readonly OnboardingStepName[] = []): Promise<string> {
  const { id } = await addCustomer(test.database);
  await test.database.onboardingStep.createMany({
    data: ONBOARDING_STEPS.map((step) => ({ id: newId('onb'), customerId: id, step, doneAt: done.includes(step) ? new Date('2026-11-01T09:00:00Z') : null })),
  });
  return id;
}

function callOf(customerId: string, said: string, more: Partial<AgentCall> = {}): AgentCall {
  return { customerId, conversationId: null, runId: 'run_1', agentId: 'usage_agent', callId: newId('step'), said, earlier: [], ...more };
}

function doneOf(customerId: string) {
  return test.database.onboardingStep.findMany({ where: { customerId, doneAt: { not: null } }, select: { step: true } });
}

describe('a step of getting started', () => {
  it('is ticked off when the customer says they did it, and leaves a trace without their words', async () => {
    const customerId = await newCustomer();
    const row = await desk.complete(callOf(customerId, 'I have invited all my colleagues now.'), 'invite_team');
    expect(row).toMatchObject({ customerId, step: 'invite_team', doneAt: NOW });
    expect(await test.database.auditEntry.findMany({ where: { subjectId: row.id } })).toMatchObject([
      { actorKind: 'agent', actorId: 'usage_agent', action: 'onboarding.complete', changes: { step: 'invite_team', fields: ['doneAt'] } },
    ]);
  });

  it('is made for a workspace that has no list yet', async () => {
    const { id } = await addCustomer(test.database);
    await desk.complete(callOf(id, 'Our first project is there'), 'first_project');
    expect(await doneOf(id)).toEqual([{ step: 'first_project' }]);
  });

  it('is ticked once by ten repetitions of a call at the same time', async () => {
    const customerId = await newCustomer();
    const call = callOf(customerId, 'The template is saved.');
    const rows = await Promise.all(Array.from({ length: 10 }, () => desk.complete(call, 'first_template')));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1);
    expect(await test.database.auditEntry.count({ where: { subjectId: rows[0]?.id ?? '' } })).toBe(1);
  });

  it('is ticked by one of ten different calls at the same time; the others are told that it was done', async () => {
    const customerId = await newCustomer();
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => desk.complete(callOf(customerId, 'The dashboard is ready.'), 'first_dashboard')));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))).toEqual(
      Array.from({ length: 9 }, () => expect.objectContaining({ code: 'CONFLICT' })),
    );
    expect(
      await test.database.auditEntry.count({
        where: {
          action: 'onboarding.complete',
          subjectId: { in: (await test.database.onboardingStep.findMany({ where: { customerId } })).map(({ id }) => id) },
        },
      }),
    ).toBe(1);
  });

  it.each([
    ['another step', 'I named the workspace and chose the time zone.'],
    ['a question', 'How do I make an automation?'],
    ['a plan', 'I will switch on an automation tomorrow.'],
    ['a denial', "I haven't made an automation yet."],
    ['somebody else, quoted', '> The automation is switched on.\nThis is what he wrote.'],
    ['nothing', 'Done!'],
  ])('is left open when the words are %s', async (_what, said) => {
    const customerId = await newCustomer();
    await expect(desk.complete(callOf(customerId, said), 'first_automation')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await doneOf(customerId)).toEqual([]);
  });

  it('may have been named in an earlier message, or be the only one left', async () => {
    const customerId = await newCustomer();
    await desk.complete(callOf(customerId, 'Yes, that one.', { earlier: ['The rule is running now.'] }), 'first_automation');
    const almost = await newCustomer(ONBOARDING_STEPS.filter((step) => step !== 'saved_view'));
    await desk.complete(callOf(almost, 'Done!'), 'saved_view');
    expect(await doneOf(almost)).toHaveLength(ONBOARDING_STEPS.length);
  });

  it('touches no other customer', async () => {
    const [customerId, other] = [await newCustomer(), await newCustomer()];
    await desk.complete(callOf(customerId, 'Notifications are set.'), 'notifications');
    expect(await doneOf(other)).toEqual([]);
  });
});

describe('the words of each step', () => {
  it('recognise the sentence in which it is shown', () => {
    const unnamed = ONBOARDING_STEPS.filter((step) => !STEP_WORDS[step].named.test(STEP_WORDS[step].title));
    expect(unnamed).toEqual([]);
    expect(STEP_WORDS.import_work.named.test('we brought our tasks over from Trello')).toBe(true);
  });
});
