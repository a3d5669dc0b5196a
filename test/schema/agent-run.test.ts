/** Running one agent by its id, and correcting a route: who may, what is refused, and what stands in the rows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyRetention } from '../../src/desk/retention.ts';
import { newId } from '../../src/foundation/ids.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, SUPER, type House } from '../support/house.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';
import { ask, contextOf, MESSAGE_CHARS_MAX, open, refusalOf } from './ask.ts';

const RUN = 'mutation($input: RunAgentInput!) { runAgent(input: $input) { run { id workflow status agent { id } conversation { id } message { id } } } }';
const CORRECT = 'mutation($input: CorrectRouteInput!) { correctRoute(input: $input) { correction { text note chosen { id } correct { id } } run { id } } }';
const FOLLOW = `subscription($id: ID!) { runEvents(id: $id) { __typename
  ... on TextDelta { messageId text } ... on AgentChosen { agent { id } by } ... on RunFinished { run { id result } } } }`;

describe('running one agent', () => {
  let house: House;
  let viewer: Viewer;
  let customerId: string;
  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm(['I ', 'did ', 'it.']), innerAgent: true });
    ({ viewer, customerId } = await house.addCustomer());
  });
  afterAll(() => house.close());

  async function runAgent(who: Viewer, input: Readonly<Record<string, unknown>>): Promise<{ id: string; workflow: string }> {
    const { runAgent: payload } = (await ask(house, who, RUN, { input })) as { runAgent: { run: { id: string; workflow: string } } };
    return payload.run;
  }

  it('gives a run without a conversation, whose events hold the answer and whose result keeps it', async () => {
    const run = await runAgent(viewer, { agentId: 'second_agent', text: 'Do it' });
    expect(run.workflow).toBe('agent');
    const items: Record<string, unknown>[] = [];
    for await (const { data } of await open(contextOf(house, viewer), FOLLOW, { id: run.id }))
      items.push((data as { runEvents: Record<string, unknown> }).runEvents);
    // A reader who comes late gets neighbouring pieces of text as one.
    expect([...new Set(items.map(({ __typename }) => __typename))]).toEqual([
      'StreamReady',
      'RunQueued',
      'RunStarted',
      'AgentChosen',
      'TextDelta',
      'RunFinished',
    ]);
    expect(items.find(({ __typename }) => __typename === 'AgentChosen')).toMatchObject({ agent: { id: 'second_agent' }, by: 'PERSON' });
    expect(items.flatMap(({ text }) => (typeof text === 'string' ? [text] : [])).join('')).toBe('I did it.');
    expect(items.at(-1)).toMatchObject({ run: { id: run.id, result: { agentId: 'second_agent', text: 'I did it.' } } });
    expect(await house.database.message.count({ where: { runId: run.id } })).toBe(0);
    expect(await house.database.conversation.count({ where: { customerId } })).toBe(0);
  });

  it('loses its result when its day is over and says since when; its end is told as before, and a reply keeps what it was made from', async () => {
    const lone = await runAgent(viewer, { agentId: 'second_agent', text: 'Do it' });
    const { run: reply } = await house.desk.conversations.start(viewer, { text: 'Do it' });
    for (const { id } of [lone, reply]) await house.ended(id);
    const later = new Date(Date.now() + 25 * 3_600_000);
    const days = { conversationDays: 100, auditDays: 100, outboxDays: 100, searchDays: 100, idempotencyDays: 100, resultHours: 24 };
    await applyRetention({ database: house.database, clock: createManualClock(later), days }, AbortSignal.timeout(20_000));
    const resultOf = (id: string) =>
      ask(house, STAFF, 'query($id: ID!) { run(id: $id) { outcome result resultExpiredAt } job(id: $id) { resultExpiredAt } }', { id });
    expect(await resultOf(lone.id)).toEqual({
      run: { outcome: 'answered', result: null, resultExpiredAt: later.toISOString() },
      job: { resultExpiredAt: later.toISOString() },
    });
    expect(await resultOf(reply.id)).toMatchObject({ run: { result: { agentId: 'first_agent' }, resultExpiredAt: null }, job: { resultExpiredAt: null } });
    const items: unknown[] = [];
    for await (const { data } of await open(contextOf(house, viewer), FOLLOW, { id: lone.id })) items.push((data as { runEvents: unknown }).runEvents);
    expect(items.at(-1)).toEqual({ __typename: 'RunFinished', run: { id: lone.id, result: null } });
  });

  it('answers the same run for the same key and body, also at the same time, and CONFLICT for another body', async () => {
    const input = { agentId: 'first_agent', text: 'Once', idempotencyKey: newId('req') };
    const runs = await Promise.all(Array.from({ length: 8 }, () => runAgent(viewer, input)));
    expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
    expect(await refusalOf(house, viewer, RUN, { input: { ...input, text: 'Twice' } })).toEqual({ code: 'CONFLICT', field: 'input.idempotencyKey' });
    await house.ended(runs[0]?.id ?? '');
  });

  it('serves whom the staff names by id or address, and a customer only for themselves', async () => {
    const byEmail = await runAgent(STAFF, { agentId: 'first_agent', text: 'Hi', customerEmail: `${customerId}@EXAMPLE.test` });
    expect(await house.database.run.findUniqueOrThrow({ where: { id: byEmail.id } })).toMatchObject({ customerId });
    await house.ended(byEmail.id);
    const other = await house.addCustomer();
    expect(await refusalOf(house, viewer, RUN, { input: { agentId: 'first_agent', text: 'Hi', customerId: other.customerId } })).toMatchObject({
      code: 'NOT_FOUND',
    });
    const { runAgent: mine } = (await ask(house, viewer, RUN, { input: { agentId: 'first_agent', text: 'Hi', customerId } })) as {
      runAgent: { run: { id: string } };
    };
    await house.ended(mine.run.id);
    await expect(open(contextOf(house, other.viewer), FOLLOW, { id: mine.run.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('refuses an agent that is switched off, before and after it was queued', async () => {
    await house.desk.agents.setEnabled(SUPER, { agentId: 'second_agent', enabled: false });
    expect(await refusalOf(house, viewer, RUN, { input: { agentId: 'second_agent', text: 'Hi' } })).toMatchObject({ code: 'UNAVAILABLE' });
    const id = newId('run');
    await house.database.run.create({ data: { id, workflow: 'agent', customerId, input: { agentId: 'second_agent', text: 'Hi' }, createdAt: new Date() } });
    await house.ended(id);
    expect(await house.database.run.findUniqueOrThrow({ where: { id } })).toMatchObject({
      status: 'failed',
      errorCode: 'UNAVAILABLE',
      errorRetryable: false,
      partialKept: false,
    });
    await house.desk.agents.setEnabled(SUPER, { agentId: 'second_agent', enabled: true });
  });

  it('refuses a customer who asks an agent that works for the desk', async () => {
    expect(await refusalOf(house, viewer, RUN, { input: { agentId: 'inner_agent', text: 'Hi' } })).toMatchObject({ code: 'FORBIDDEN' });
    const run = await runAgent(STAFF, { agentId: 'inner_agent', text: 'Hi', customerId });
    await house.ended(run.id);
    expect(await house.database.run.findUniqueOrThrow({ where: { id: run.id } })).toMatchObject({ status: 'succeeded', agentId: 'inner_agent' });
  });

  it.each([
    ['an agent there is not', { agentId: 'no_such_agent' }, 'NOT_FOUND', undefined],
    ['an agent that could not be', { agentId: 'First Agent' }, 'BAD_INPUT', 'input.agentId'],
    ['an empty text', { text: ' ' }, 'BAD_INPUT', 'input.text'],
    ['a text over the limit', { text: 'x'.repeat(MESSAGE_CHARS_MAX + 1) }, 'BAD_INPUT', 'input.text'],
    ['half a surrogate pair', { text: 'half \ud800' }, 'BAD_INPUT', 'input.text'],
    ['a customer who is no id', { customerId: 'me' }, 'BAD_INPUT', 'input.customerId'],
    ['a customer there is not', { customerId: newId('cus') }, 'NOT_FOUND', undefined],
    ['an address nobody has', { customerEmail: 'nobody@example.test' }, 'NOT_FOUND', undefined],
    ['a customer by id and address', { customerId: newId('cus'), customerEmail: 'a@b.test' }, 'BAD_INPUT', 'input.customerEmail'],
    ['nobody', {}, 'BAD_INPUT', 'input.customerId'],
    ['a key with a blank', { idempotencyKey: 'a b' }, 'BAD_INPUT', 'input.idempotencyKey'],
  ])('refuses %s and writes nothing', async (_what, changes, code, field) => {
    const before = await house.database.run.count();
    const input = { agentId: 'first_agent', text: 'Hi', ...changes };
    expect(await refusalOf(house, STAFF, RUN, { input })).toEqual({ code, field });
    expect(await house.database.run.count()).toBe(before);
  });
});

describe('correcting a route', () => {
  let house: House;
  let viewer: Viewer;
  let runId: string;
  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm(['Hello.']), innerAgent: true });
    ({ viewer } = await house.addCustomer());
    const { run } = await house.desk.conversations.start(viewer, { text: 'Where is my money?' });
    runId = run.id;
    await house.ended(runId);
  });
  afterAll(() => house.close());

  it('keeps one word per person, the latest, with the message and who was chosen', async () => {
    await ask(house, STAFF, CORRECT, { input: { runId, agentId: 'inner_agent' } });
    const { correctRoute } = await ask(house, STAFF, CORRECT, { input: { runId, agentId: 'second_agent', note: 'It is about a refund.' } });
    expect(correctRoute).toEqual({
      correction: { text: 'Where is my money?', note: 'It is about a refund.', chosen: { id: 'first_agent' }, correct: { id: 'second_agent' } },
      run: { id: runId },
    });
    const other: Viewer = staffViewer({ userId: 'usr_other', name: 'Kim', role: 'user' });
    await Promise.all(Array.from({ length: 5 }, () => ask(house, other, CORRECT, { input: { runId, agentId: 'first_agent' } })));
    const rows = await house.database.routeCorrection.findMany({ where: { runId }, orderBy: { userId: 'asc' } });
    expect(rows.map(({ userId, correctAgentId }) => [userId, correctAgentId])).toEqual([
      ['usr_other', 'first_agent'],
      ['usr_test', 'second_agent'],
    ]);
    expect(await house.database.auditEntry.count({ where: { action: 'route.correct', subjectId: runId } })).toBe(7);
  });

  it.each([
    ['a run there is not', { runId: newId('run') }, 'NOT_FOUND', undefined],
    ['what is no run', { runId: 'run_1' }, 'BAD_INPUT', 'input.runId'],
    ['an agent there is not', { agentId: 'no_such_agent' }, 'NOT_FOUND', undefined],
    ['an agent that could not be', { agentId: '../etc' }, 'BAD_INPUT', 'input.agentId'],
    ['a note of two lines', { note: 'one\ntwo' }, 'BAD_INPUT', 'input.note'],
    ['a note over the limit', { note: 'x'.repeat(501) }, 'BAD_INPUT', 'input.note'],
  ])('refuses %s', async (_what, changes, code, field) => {
    expect(await refusalOf(house, STAFF, CORRECT, { input: { runId, agentId: 'second_agent', ...changes } })).toEqual({ code, field });
  });

  it('is for the staff', async () => {
    expect(await refusalOf(house, viewer, CORRECT, { input: { runId, agentId: 'second_agent' } })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await refusalOf(house, null, CORRECT, { input: { runId, agentId: 'second_agent' } })).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('has nothing to correct in a run of one agent', async () => {
    const { run } = await house.desk.agentRuns.start(viewer, { agentId: 'first_agent', text: 'Hi' });
    await house.ended(run.id);
    expect(await refusalOf(house, STAFF, CORRECT, { input: { runId: run.id, agentId: 'second_agent' } })).toEqual({ code: 'BAD_INPUT', field: 'input.runId' });
  });
});
