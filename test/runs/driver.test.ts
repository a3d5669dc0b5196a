/** What the driver makes of a run: rows, events, and exactly one end, whatever happens to it. */
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/foundation/errors.ts';
import type { Entry } from '../../src/events/event-log.ts';
import { TERMINAL_EVENTS } from '../../src/events/event.ts';
import type { Llm } from '../../src/llm/llm.ts';
import type { AnyTool } from '../../src/orchestration/tool.ts';
import { applyText, takeUntil } from '../support/collect.ts';
import { openHouse, STAFF, SUPER, type House, type HouseOptions } from '../support/house.ts';
import { createFixedLlm, createScriptedLlm } from '../support/scripted-llm.ts';

const WORDS = ['One ', 'two ', 'three ', 'four ', 'five ', 'six.'];

function isTerminal(entry: Entry): boolean {
  return entry.kind === 'event' && TERMINAL_EVENTS.has(entry.event.type);
}

function typesOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => (entry.kind === 'event' ? entry.event.type : entry.kind));
}

function isDelta(entry: Entry): boolean {
  return entry.kind === 'event' && entry.event.type === 'TextDelta';
}

describe('a run', () => {
  let house: House | null = null;
  afterEach(async () => {
    await house?.close();
    house = null;
  });

  async function open(options: HouseOptions): Promise<House> {
    house = await openHouse(options);
    return house;
  }

  async function ask(opened: House, text = 'A question') {
    const { viewer } = await opened.addCustomer();
    const started = await opened.desk.conversations.start(viewer, { text });
    return { viewer, ...started };
  }

  it('goes through its steps, tells them to the staff, and ends once with what it cost', async () => {
    const opened = await open({ llm: createFixedLlm(WORDS), started: false });
    const { conversation, run } = await ask(opened);
    const reader = await opened.runs.followConversation(STAFF, conversation.id, undefined, AbortSignal.timeout(10_000));
    opened.driver.start();
    const entries = await takeUntil(reader, isTerminal);
    expect(typesOf(entries).filter((type) => type !== 'TextDelta')).toEqual([
      'ready',
      'RunStarted',
      'StepStarted',
      'StepFinished',
      'StepStarted',
      'AgentChosen',
      'EscalationDecided',
      'StepFinished',
      'StepStarted',
      'MessagePosted',
      'UsageUpdated',
      'StepFinished',
      'MessageFinished',
      'RunFinished',
    ]);
    expect(await opened.database.run.findUnique({ where: { id: run.id }, include: { steps: { orderBy: { startedAt: 'asc' } } } })).toMatchObject({
      status: 'succeeded',
      outcome: 'answered',
      finishReason: 'end_turn',
      agentId: 'first_agent',
      attempt: 1,
      model: 'fixed',
      inputTokens: 10,
      outputTokens: 6,
      firstTokenMs: expect.any(Number),
      leaseUntil: null,
      decision: 'answer',
      decisionRules: [],
      steps: [
        { path: 'understand', status: 'succeeded' },
        { path: 'route', status: 'succeeded' },
        { path: 'agent', status: 'succeeded', agentId: 'first_agent', outputTokens: 6 },
      ],
    });
    const message = await opened.database.message.findFirst({ where: { runId: run.id, role: 'agent' } });
    expect(message).toMatchObject({ text: WORDS.join(''), status: 'complete', agentId: 'first_agent' });
    expect(applyText(entries, message?.id ?? '')).toBe(WORDS.join(''));
  });

  it('keeps the inner workings from the customer', async () => {
    const opened = await open({ llm: createFixedLlm(WORDS), started: false });
    const { conversation, viewer } = await ask(opened);
    const reader = await opened.runs.followConversation(viewer, conversation.id, undefined, AbortSignal.timeout(10_000));
    opened.driver.start();
    const types = new Set(typesOf(await takeUntil(reader, isTerminal)));
    expect([...types].toSorted()).toEqual(['AgentChosen', 'MessageFinished', 'MessagePosted', 'RunFinished', 'RunStarted', 'TextDelta', 'ready']);
  });

  it.each([1, 2, 3, 4, 5])('stopped at token %i keeps exactly that much, and says so', async (k) => {
    const llm = createScriptedLlm();
    const opened = await open({ llm });
    const { viewer, conversation, run } = await ask(opened);
    const call = await llm.nextCall();
    const reader = await opened.runs.followConversation(viewer, conversation.id, undefined, AbortSignal.timeout(10_000));
    const seen: Entry[] = [];
    for (const text of WORDS.slice(0, k)) {
      call.send({ type: 'text', text });
      seen.push(...(await takeUntil(reader, isDelta)));
    }
    const stopped = await opened.runs.stop(viewer, run.id);
    const kept = WORDS.slice(0, k).join('');
    expect(stopped).toMatchObject({ alreadyFinished: false, run: { status: 'stopped', partialKept: true }, message: { text: kept, status: 'partial' } });
    expect(call.signal.aborted).toBe(true);
    seen.push(...(await takeUntil(reader, isTerminal)));
    expect(applyText(seen, stopped.message?.id ?? '')).toBe(kept);
    expect(seen.filter(isTerminal)).toMatchObject([{ event: { type: 'RunStopped', by: `customer:${conversation.customerId}` } }]);
    expect(await opened.runs.stop(viewer, run.id)).toMatchObject({ alreadyFinished: true, message: { text: kept } });
  });

  it('can be stopped while it is queued, and never starts', async () => {
    const opened = await open({ llm: createFixedLlm(WORDS), started: false });
    const { viewer, run } = await ask(opened);
    expect(await opened.runs.stop(viewer, run.id)).toMatchObject({ alreadyFinished: false, run: { status: 'stopped' }, message: null });
    opened.driver.start();
    await opened.ended(run.id);
    expect(await opened.database.message.count({ where: { role: 'agent' } })).toBe(0);
  });

  it('of another customer cannot be stopped and looks as if it were not there', async () => {
    const opened = await open({ llm: createFixedLlm(WORDS), started: false });
    const { run } = await ask(opened);
    const { viewer: other } = await opened.addCustomer();
    await expect(opened.runs.stop(other, run.id)).rejects.toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it.each([
    [new AppError('MODEL_OVERLOADED', 'The model is busy.'), { code: 'MODEL_OVERLOADED', retryable: true }],
    [new AppError('UNAVAILABLE', 'The model refused our key.', { retryable: false }), { code: 'UNAVAILABLE', retryable: false }],
    [new Error('secret detail'), { code: 'INTERNAL', retryable: true }],
  ])('that fails with %s keeps its partial text, says why, and leaves the conversation usable', async (failure, told) => {
    const llm = createScriptedLlm();
    const reported: unknown[] = [];
    const opened = await open({ llm, report: (error) => reported.push(error) });
    const { viewer, conversation, run } = await ask(opened);
    const reader = await opened.runs.followConversation(viewer, conversation.id, undefined, AbortSignal.timeout(10_000));
    const call = await llm.nextCall();
    call.send({ type: 'text', text: 'Half' });
    call.fail(failure);
    const entries = await takeUntil(reader, isTerminal);
    expect(entries.at(-1)).toMatchObject({ event: { type: 'RunFailed', ...told, partialKept: true } });
    expect(JSON.stringify(entries)).not.toContain('secret detail');
    expect(await opened.database.message.findFirst({ where: { runId: run.id, role: 'agent' } })).toMatchObject({ text: 'Half', status: 'partial' });
    expect(await opened.database.runStep.findFirst({ where: { runId: run.id, path: 'agent' } })).toMatchObject({ status: 'failed', errorCode: told.code });
    expect(reported).toHaveLength(told.code === 'INTERNAL' ? 1 : 0);
    await opened.desk.conversations.post(viewer, { conversationId: conversation.id, text: 'Try again' });
    const again = await llm.nextCall();
    again.send({ type: 'text', text: 'Whole' });
    again.send({ type: 'stop', reason: 'end_turn' });
    expect((await takeUntil(reader, isTerminal)).at(-1)).toMatchObject({ event: { type: 'RunFinished' } });
  });

  it('fails with MODEL_REFUSED when the model refuses, and with MODEL_OVERLOADED when it says nothing', async () => {
    const llm = createScriptedLlm();
    const opened = await open({ llm });
    const refused = await ask(opened);
    (await llm.nextCall()).send({ type: 'stop', reason: 'refusal' });
    await opened.ended(refused.run.id);
    expect(await opened.database.run.findUnique({ where: { id: refused.run.id } })).toMatchObject({
      status: 'failed',
      errorCode: 'MODEL_REFUSED',
      errorRetryable: false,
    });
    const empty = await ask(opened);
    (await llm.nextCall()).send({ type: 'stop', reason: 'end_turn' });
    await opened.ended(empty.run.id);
    expect(await opened.database.run.findUnique({ where: { id: empty.run.id } })).toMatchObject({ status: 'failed', errorCode: 'MODEL_OVERLOADED' });
  });

  it('is ended by its time limit, and by the limit of its step', async () => {
    const silent = createScriptedLlm();
    const byRun = await open({ llm: silent, runMs: 300 });
    const one = await ask(byRun);
    await byRun.ended(one.run.id);
    expect(await byRun.database.run.findUnique({ where: { id: one.run.id } })).toMatchObject({
      status: 'failed',
      errorCode: 'MODEL_OVERLOADED',
      errorRetryable: true,
    });
    await byRun.close();
    const byStep = await open({ llm: silent, stepMs: 300 });
    const two = await ask(byStep);
    await byStep.ended(two.run.id);
    expect(await byStep.database.run.findUnique({ where: { id: two.run.id } })).toMatchObject({
      status: 'failed',
      errorMessage: expect.stringContaining('longer than'),
    });
  });

  it('whose process died is taken up again: attempt 2, the old text taken back, the answer once', async () => {
    const llm = createScriptedLlm();
    const opened = await open({ llm, started: false });
    const { viewer, conversation, run } = await ask(opened);
    const reader = await opened.runs.followConversation(viewer, conversation.id, undefined, AbortSignal.timeout(20_000));
    opened.driver.start();
    const lost = await llm.nextCall();
    lost.send({ type: 'text', text: 'Lost words' });
    const seen = await takeUntil(reader, isDelta);
    // The owner falls silent: another name stands on the row, with a lease that has run out.
    await opened.database.run.update({ where: { id: run.id }, data: { leaseOwner: 'inst_dead', leaseUntil: new Date(Date.now() - 1_000) } });
    const second = opened.anotherDriver(llm);
    second.start();
    // Either driver may be the first to see that the lease ran out: both ask the same model.
    const again = await llm.nextCall();
    for (const word of WORDS) again.send({ type: 'text', text: word });
    again.send({ type: 'stop', reason: 'end_turn' });
    seen.push(...(await takeUntil(reader, isTerminal)));
    expect(seen.at(-1)).toMatchObject({ event: { type: 'RunFinished' } });
    expect(typesOf(seen).filter((type) => type === 'RunStarted' || type === 'MessageReset' || type === 'MessagePosted')).toEqual([
      'RunStarted',
      'MessagePosted',
      'RunStarted',
      'MessageReset',
    ]);
    const message = await opened.database.message.findFirst({ where: { runId: run.id, role: 'agent' } });
    expect(message).toMatchObject({ text: WORDS.join(''), status: 'complete' });
    expect(applyText(seen, message?.id ?? '')).toBe(WORDS.join(''));
    expect(await opened.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'succeeded', attempt: 2 });
    // The first owner wakes up and finds that nothing of this is its own any more.
    lost.send({ type: 'text', text: 'Late' });
    lost.send({ type: 'stop', reason: 'end_turn' });
    await opened.driver.close(1_000);
    expect(await opened.database.message.findFirst({ where: { runId: run.id, role: 'agent' } })).toMatchObject({ text: WORDS.join('') });
    expect(await opened.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'succeeded', attempt: 2 });
  });

  it('that is not done when its process leaves goes back to the queue', async () => {
    const llm = createScriptedLlm();
    const opened = await open({ llm });
    const { run } = await ask(opened);
    const call = await llm.nextCall();
    call.send({ type: 'text', text: 'Begun' });
    await opened.driver.close(50);
    expect(call.signal.aborted).toBe(true);
    expect(await opened.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'queued', leaseOwner: null, attempt: 1 });
  });

  it('has time to finish while its process leaves', async () => {
    const llm = createScriptedLlm();
    const opened = await open({ llm });
    const { run } = await ask(opened);
    const call = await llm.nextCall();
    const closed = opened.driver.close(10_000);
    call.send({ type: 'text', text: 'Done in time' });
    call.send({ type: 'stop', reason: 'end_turn' });
    await closed;
    expect(await opened.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'succeeded' });
  });

  it('calls the tools its agent was granted, and tells the model what they found', async () => {
    const seen: unknown[] = [];
    const tool: AnyTool = {
      name: 'look_up',
      description: 'Looks something up.',
      effect: 'read',
      unattended: false,
      redact: ['secret'],
      inputSchema: { type: 'object' },
      parseGrant: (grant) => grant,
      infer: () => null,
      call: async (input, _grant, context) => {
        seen.push([input, context.customerId]);
        return { summary: 'It is 42.', facts: { answer: 42 } };
      },
    };
    const llm = createScriptedLlm();
    const opened = await open({ llm, tools: new Map([['look_up', tool]]) });
    const { conversation, run } = await ask(opened);
    const reader = await opened.runs.followConversation(STAFF, conversation.id, undefined, AbortSignal.timeout(10_000));
    const first = await llm.nextCall();
    expect(first.request.tools).toMatchObject([{ name: 'look_up', readOnly: true, knownInput: null }]);
    first.send({ type: 'tool_call', call: { callId: 'c1', name: 'look_up', input: { of: 'all', secret: 's3cret' } } });
    first.send({ type: 'tool_call', call: { callId: 'c2', name: 'unknown_tool', input: {} } });
    first.send({ type: 'stop', reason: 'tool_use' });
    const second = await llm.nextCall();
    expect(second.request.messages.at(-1)).toMatchObject({
      role: 'tool',
      results: [
        { callId: 'c1', summary: 'It is 42.', failed: false },
        { callId: 'c2', failed: true },
      ],
    });
    second.send({ type: 'text', text: 'The answer is 42.' });
    second.send({ type: 'stop', reason: 'end_turn' });
    const entries = await takeUntil(reader, isTerminal);
    expect(entries.find((entry) => entry.kind === 'event' && entry.event.type === 'ToolCalled')).toMatchObject({
      event: { tool: 'look_up', arguments: { of: 'all', secret: '[redacted]' } },
    });
    expect(seen).toEqual([[{ of: 'all', secret: 's3cret' }, conversation.customerId]]);
    await opened.ended(run.id);
  });

  it('never goes to an agent that was switched off', async () => {
    const opened = await open({ llm: createFixedLlm(WORDS) });
    await opened.desk.agents.setEnabled(SUPER, { agentId: 'first_agent', enabled: false, reason: 'Test' });
    const { run } = await ask(opened);
    await opened.ended(run.id);
    expect(await opened.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ agentId: 'second_agent' });
  });

  it('runs fifty conversations side by side and answers each once', async () => {
    const opened = await open({ llm: createFixedLlm(WORDS) });
    const asked = await Promise.all(Array.from({ length: 50 }, () => ask(opened)));
    await Promise.all(asked.map(({ run }) => opened.ended(run.id)));
    expect(await opened.database.run.count({ where: { status: 'succeeded', attempt: 1 } })).toBe(50);
    expect(await opened.database.message.count({ where: { role: 'agent', text: WORDS.join(''), status: 'complete' } })).toBe(50);
  });

  it('gives its model a budgeted history, the customer’s row, and the question whole', async () => {
    const llm: Llm = createFixedLlm(['x'.repeat(400)]);
    const opened = await open({ llm, historyTokens: 500 });
    const { viewer, conversation, run } = await ask(opened, 'q'.repeat(400));
    await opened.ended(run.id);
    for (let n = 0; n < 5; n += 1) {
      const posted = await opened.desk.conversations.post(viewer, { conversationId: conversation.id, text: `${n}${'q'.repeat(399)}` });
      await opened.ended(posted.run?.id ?? '');
    }
    const scripted = createScriptedLlm();
    await opened.driver.close(1_000);
    const last = await opened.desk.conversations.post(viewer, { conversationId: conversation.id, text: 'l'.repeat(400) });
    const second = opened.anotherDriver(scripted);
    second.start();
    const call = await scripted.nextCall();
    // 500 tokens are about 2,000 characters: the question and the four messages before it.
    expect(call.request.messages.map((message) => ('text' in message ? message.text.length : 0))).toEqual([400, 400, 400, 400, 400]);
    expect(call.request.messages[0]?.role).toBe('user');
    expect(call.request.systemTurn).toContain('Dana Reyes');
    expect(call.request.persona).toMatchObject({ firstReply: false, customerName: 'Dana' });
    call.send({ type: 'text', text: 'ok' });
    call.send({ type: 'stop', reason: 'end_turn' });
    await opened.ended(last.run?.id ?? '');
  });
});
