/** The subscriptions: every event becomes the item of its name, leaving reaches the source, and a position is older than the rows beside it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../src/events/event-log.ts';
import { ParleyEvent } from '../../src/events/event.ts';
import { newId } from '../../src/foundation/ids.ts';
import type { Context } from '../../src/schema/builder.ts';
import type { Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';
import { answer, contextOf, open } from './ask.ts';

const AT = '2026-01-01T00:00:00.000Z';
const USAGE = { inputTokens: 1, cacheReadTokens: 2, cacheWriteTokens: 3, outputTokens: 4, cost: '0.000123' };
const USAGE_SEEN = { inputTokens: 1, cacheReadTokens: 2, cacheWriteTokens: 3, outputTokens: 4, cost: { amount: '0.000123', currency: 'USD' } };

const ALL = `
  __typename position sequence at replay
  ... on StreamReady { status epoch replayed }
  ... on StreamReset { reason epoch }
  ... on MessagePosted { message { id } }
  ... on MessageFinished { message { id text agent { id } } }
  ... on MessageReset { messageId runId attempt reason }
  ... on TextDelta { messageId runId step attempt offset text }
  ... on TextSnapshot { messageId runId step attempt text }
  ... on Heartbeat { phase }
  ... on RunQueued { run { id status } place }
  ... on RunStarted { run { id } attempt }
  ... on RunFinished { run { id } outcome finishReason usage { ...all } firstTokenMs }
  ... on RunFailed { run { id } code sentence retryable partialKept usage { ...all } }
  ... on RunStopped { run { id } by usage { ...all } }
  ... on AgentChosen { runId agent { id } confidence candidates { agent { id } confidence } reason by }
  ... on StepStarted { runId step path attempt agent { id } role }
  ... on StepFinished { runId step path attempt agent { id } role outcome ms output }
  ... on ToolCalled { runId step callId tool agent { id } arguments }
  ... on ToolReturned { runId step callId tool agent { id } summary failed failureCode }
  ... on ApprovalRequested { runId approval { id } } ... on ApprovalExpiring { runId approval { id } expiresAt } ... on ApprovalDecided { runId approval { id } outcome by }
  ... on HandedOver { runId from { id } to { id } reason hop }
  ... on ConversationChanged { conversation { id status } }
  ... on UsageUpdated { runId usage { ...all } } ... on BudgetWarning { runId scope spent { amount currency } limit { amount currency } tokens tokenLimit }
  ... on TypingChanged { who { kind id } state until }
  ... on PresenceChanged { who { kind id } state }
  ... on EscalationDecided { runId decision rules confidence priority team reason }
  ... on EscalationRaised { escalation { id } }
  ... on EscalationQueued { escalation { id } place expectedWaitSeconds peopleBackAt }
  ... on EscalationClaimed { escalation { id } person { kind id name } }
  ... on EscalationReleased { escalation { id } by }
  ... on EscalationResolved { escalation { id } }
`;
const USAGE_FRAGMENT = 'fragment all on Usage { inputTokens cacheReadTokens cacheWriteTokens outputTokens cost { amount currency } }';
const FOLLOW_ALL = `subscription($id: ID!) { conversationEvents(id: $id) { ${ALL} } } ${USAGE_FRAGMENT}`;

/** A source made of these entries, which then waits until it is returned. */
function sourceOf(entries: readonly Entry[]) {
  const queue = [...entries];
  let returned = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const source: AsyncIterableIterator<Entry> = {
    async next() {
      const value = queue.shift();
      if (value) return { done: false, value };
      await ended;
      return { done: true, value: undefined };
    },
    async return() {
      returned += 1;
      end();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  return { source, returned: () => returned };
}

describe('a subscription', () => {
  let house: House;
  let viewer: Viewer;
  let conversationId: string;
  let messageId: string;
  let runId: string;
  let escalationId: string;

  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm(['Hello ', 'there.']) });
    ({ viewer } = await house.addCustomer());
    const started = await house.desk.conversations.start(viewer, { text: 'Hello' });
    conversationId = started.conversation.id;
    messageId = started.message.id;
    runId = started.run.id;
    await house.ended(runId);
    escalationId = (await house.desk.escalations.raise(viewer, { conversationId, reason: 'A person, please.' })).escalation.id;
  });
  afterAll(() => house.close());

  /** A context whose log says just this. */
  function saying(entries: readonly Entry[], as: Viewer = viewer) {
    const { source, returned } = sourceOf(entries);
    const signals: AbortSignal[] = [];
    const context: Context = {
      ...contextOf(house, as),
      runs: {
        ...house.runs,
        async followConversation(_viewer, _id, _after, signal) {
          signals.push(signal);
          return source;
        },
      },
    };
    return { context, returned, signal: () => signals[0] };
  }

  function events(): ParleyEvent[] {
    const head = { at: AT, visibility: 'CUSTOMER' as const };
    const where = { runId, messageId, step: 'step_1', attempt: 1 };
    const step = { runId, step: 'step_1', path: 'agent', attempt: 1, agentId: 'first_agent', role: null };
    const call = { runId, step: 'step_1', callId: 'call_1', tool: 'find_invoices', agentId: 'gone_agent' };
    return [
      { ...head, type: 'MessagePosted', messageId },
      { ...head, type: 'MessageFinished', messageId },
      { ...head, type: 'MessageReset', messageId, runId, attempt: 2, reason: 'crash' },
      { ...head, ...where, type: 'TextDelta', offset: 5, text: 'there' },
      { ...head, ...where, type: 'TextSnapshot', text: 'Hello there' },
      { ...head, type: 'Heartbeat', phase: 'waiting_for_person' },
      { ...head, type: 'RunQueued', runId, place: 1 },
      { ...head, type: 'RunStarted', runId, attempt: 1 },
      { ...head, type: 'RunFinished', runId, outcome: 'answered', finishReason: 'end_turn', usage: USAGE, firstTokenMs: 12 },
      { ...head, type: 'RunFailed', runId, code: 'MODEL_OVERLOADED', message: 'Try again.', retryable: true, partialKept: false, usage: USAGE },
      { ...head, type: 'RunStopped', runId, by: 'user:usr_1', usage: USAGE },
      {
        ...head,
        type: 'AgentChosen',
        runId,
        agentId: 'first_agent',
        confidence: 0.5,
        candidates: [{ agentId: 'second_agent', confidence: 0.4 }],
        reason: 'Because.',
        by: 'local_index',
      },
      { ...head, ...step, type: 'StepStarted' },
      { ...head, ...step, type: 'StepFinished', outcome: 'succeeded', ms: 30, agentId: null, role: 'critic', output: { found: 3 } },
      { ...head, ...call, type: 'ToolCalled', arguments: { months: 3 } },
      { ...head, ...call, type: 'ToolReturned', summary: 'Three invoices.', failed: true, code: 'FORBIDDEN' },
      { ...head, type: 'ApprovalRequested', runId, approvalId: 'appr_gone' },
      { ...head, type: 'ApprovalExpiring', runId, approvalId: 'appr_gone', expiresAt: AT },
      { ...head, type: 'ApprovalDecided', runId, approvalId: 'appr_gone', outcome: 'expired', by: 'system' },
      { ...head, type: 'HandedOver', runId, fromAgentId: 'first_agent', toAgentId: 'gone_agent', reason: 'It is about money.', hop: 1 },
      { ...head, type: 'ConversationChanged', conversationId },
      { ...head, type: 'UsageUpdated', runId, usage: USAGE },
      { ...head, type: 'BudgetWarning', runId, scope: 'conversation', unit: 'usd', spent: '0.08', limit: '0.1', tokens: 12 },
      { ...head, type: 'TypingChanged', who: { kind: 'person', id: 'usr_1' }, until: AT },
      { ...head, type: 'PresenceChanged', who: { kind: 'customer', id: 'cus_1' }, present: false },
      {
        ...head,
        type: 'EscalationDecided',
        runId,
        decision: 'escalate',
        rules: ['legal'],
        confidence: 0.5,
        priority: 'critical',
        team: 'executive',
        reason: 'A threat.',
      },
      { ...head, type: 'EscalationRaised', escalationId },
      { ...head, type: 'EscalationQueued', escalationId, place: 2, expectedWaitS: 90, peopleBackAt: AT },
      { ...head, type: 'EscalationClaimed', escalationId, userId: 'usr_gone' },
      { ...head, type: 'EscalationReleased', escalationId, by: 'system' },
      { ...head, type: 'EscalationResolved', escalationId },
    ];
  }

  it('turns every event into the item of its name, with rows where it points at rows', async () => {
    const said = events();
    const where = { messageId, runId, step: 'step_1', attempt: 1 };
    const call = { runId, step: 'step_1', callId: 'call_1', tool: 'find_invoices', agent: null };
    const expected: Record<string, unknown> = {
      MessagePosted: { message: { id: messageId } },
      MessageFinished: { message: { id: messageId, text: 'Hello', agent: null } },
      MessageReset: { messageId, runId, attempt: 2, reason: 'crash' },
      TextDelta: { ...where, offset: 5, text: 'there' },
      TextSnapshot: { ...where, text: 'Hello there' },
      Heartbeat: { phase: 'WAITING_FOR_PERSON' },
      RunQueued: { run: { id: runId, status: 'SUCCEEDED' }, place: 1 },
      RunStarted: { run: { id: runId }, attempt: 1 },
      RunFinished: { run: { id: runId }, outcome: 'answered', finishReason: 'END_TURN', usage: USAGE_SEEN, firstTokenMs: 12 },
      RunFailed: { run: { id: runId }, code: 'MODEL_OVERLOADED', sentence: 'Try again.', retryable: true, partialKept: false, usage: USAGE_SEEN },
      RunStopped: { run: { id: runId }, by: 'user:usr_1', usage: USAGE_SEEN },
      AgentChosen: {
        runId,
        agent: { id: 'first_agent' },
        confidence: 0.5,
        candidates: [{ agent: { id: 'second_agent' }, confidence: 0.4 }],
        reason: 'Because.',
        by: 'LOCAL_INDEX',
      },
      StepStarted: { runId, step: 'step_1', path: 'agent', attempt: 1, agent: { id: 'first_agent' }, role: null },
      StepFinished: { runId, step: 'step_1', path: 'agent', attempt: 1, agent: null, role: 'critic', outcome: 'SUCCEEDED', ms: 30, output: { found: 3 } },
      ToolCalled: { ...call, arguments: { months: 3 } },
      ToolReturned: { ...call, summary: 'Three invoices.', failed: true, failureCode: 'FORBIDDEN' },
      ApprovalRequested: { runId, approval: null },
      ApprovalExpiring: { runId, approval: null, expiresAt: AT },
      ApprovalDecided: { runId, approval: null, outcome: 'EXPIRED', by: 'system' },
      HandedOver: { runId, from: { id: 'first_agent' }, to: null, reason: 'It is about money.', hop: 1 },
      ConversationChanged: { conversation: { id: conversationId, status: 'ESCALATED' } },
      UsageUpdated: { runId, usage: USAGE_SEEN },
      BudgetWarning: {
        runId,
        scope: 'CONVERSATION',
        spent: { amount: '0.08', currency: 'USD' },
        limit: { amount: '0.1', currency: 'USD' },
        tokens: 12,
        tokenLimit: null,
      },
      TypingChanged: { who: { kind: 'PERSON', id: 'usr_1' }, state: 'TYPING', until: AT },
      PresenceChanged: { who: { kind: 'CUSTOMER', id: 'cus_1' }, state: 'AWAY' },
      EscalationDecided: { runId, decision: 'ESCALATE', rules: ['legal'], confidence: 0.5, priority: 'CRITICAL', team: 'executive', reason: 'A threat.' },
      EscalationRaised: { escalation: { id: escalationId } },
      EscalationQueued: { escalation: { id: escalationId }, place: 2, expectedWaitSeconds: 90, peopleBackAt: AT },
      EscalationClaimed: { escalation: { id: escalationId }, person: { kind: 'PERSON', id: 'usr_gone', name: null } },
      EscalationReleased: { escalation: { id: escalationId }, by: 'system' },
      EscalationResolved: { escalation: { id: escalationId } },
    };
    const clocks = ['EscalationSlaWarning', 'EscalationSlaBreached'];
    const types = ParleyEvent.options.map((option) => option.shape.type.value).filter((type) => !clocks.includes(type));
    expect(said.map(({ type }) => type).toSorted()).toEqual(types.toSorted());
    const entries = said.map((event, index): Entry => ({ kind: 'event', position: `e.${index}`, sequence: index, event, replay: index % 2 === 0 }));
    const answers = await open(saying(entries).context, FOLLOW_ALL, { id: conversationId });
    for (const [index, { type }] of said.entries()) {
      const { value } = await answers.next();
      const item: unknown = JSON.parse(JSON.stringify(value));
      expect(item).toEqual({
        data: { conversationEvents: { __typename: type, position: `e.${index}`, sequence: index, at: AT, replay: index % 2 === 0, ...Object(expected[type]) } },
      });
    }
    await answers.return?.();
  });

  it('begins with StreamReady and hands on a reset', async () => {
    const ready = { kind: 'ready', status: 'RESET', position: 'e.3', sequence: 3, epoch: 'e', replayed: 0 } as const;
    const reset = { kind: 'reset', reason: 'TRIMMED', position: 'e.3', sequence: 3, epoch: 'e' } as const;
    const answers = await open(saying([ready, reset]).context, FOLLOW_ALL, { id: conversationId });
    const head = { position: 'e.3', sequence: 3, at: expect.stringMatching(/^\d{4}-.*Z$/), replay: false, epoch: 'e' };
    expect(JSON.parse(JSON.stringify((await answers.next()).value))).toEqual({
      data: { conversationEvents: { __typename: 'StreamReady', ...head, status: 'RESET', replayed: 0 } },
    });
    expect(JSON.parse(JSON.stringify((await answers.next()).value))).toEqual({
      data: { conversationEvents: { __typename: 'StreamReset', ...head, reason: 'TRIMMED' } },
    });
    await answers.return?.();
  });

  it('shows no message and no run of somebody else, even if an event should point there', async () => {
    const other = await house.addCustomer();
    const entries = events().map((event, index): Entry => ({ kind: 'event', position: `e.${index}`, sequence: index, event, replay: false }));
    const answers = await open(saying(entries, other.viewer).context, FOLLOW_ALL, { id: conversationId });
    for (const { type } of events()) {
      const { value } = await answers.next();
      const item = JSON.parse(JSON.stringify(value)) as { data: { conversationEvents: Record<string, unknown> } };
      for (const field of ['message', 'run', 'conversation', 'escalation']) expect([type, item.data.conversationEvents[field] ?? null]).toEqual([type, null]);
    }
    await answers.return?.();
  });

  it('reaches the source when the reader leaves, also while it waits', async () => {
    const { context, returned, signal } = saying([]);
    const answers = await open(context, FOLLOW_ALL, { id: conversationId });
    const parked = answers.next();
    expect(signal()?.aborted).toBe(false);
    await answers.return?.();
    expect(returned()).toBe(1);
    expect(signal()?.aborted).toBe(true);
    expect((await parked).done).toBe(true);
  });

  it('ends the source when the client’s signal aborts', async () => {
    const gone = new AbortController();
    const answers = await open(contextOf(house, viewer, gone.signal), FOLLOW_ALL, { id: conversationId });
    expect(JSON.stringify((await answers.next()).value)).toContain('StreamReady');
    const parked = answers.next();
    gone.abort();
    expect((await parked).done).toBe(true);
  });

  it('follows a real answer to its end, and completes by itself for a run', async () => {
    const started = await house.desk.conversations.start(viewer, { text: 'Hello again' });
    const answers = await open(
      contextOf(house, viewer),
      `subscription($id: ID!) { runEvents(id: $id) { ${ALL.replace(/\.\.\. on (?:ConversationChanged|TypingChanged|PresenceChanged|Escalation\w+) \{[^}]*\}.*/g, '')} } } ${USAGE_FRAGMENT}`,
      { id: started.run.id },
    );
    const items: Record<string, unknown>[] = [];
    for await (const { data, errors } of answers) {
      expect(errors).toBeUndefined();
      items.push(Object(data?.['runEvents']));
    }
    const types = items.map((item) => item['__typename']);
    expect(types[0]).toBe('StreamReady');
    expect(types.at(-1)).toBe('RunFinished');
    expect(types).toEqual(expect.arrayContaining(['AgentChosen', 'MessagePosted', 'TextDelta', 'MessageFinished']));
    const text = items.filter((item) => item['__typename'] === 'TextDelta').map((item) => item['text']);
    expect(text.join('')).toBe('Hello there.');
    expect(items.find((item) => item['__typename'] === 'MessageFinished')).toMatchObject({ message: { text: 'Hello there.', agent: { id: 'first_agent' } } });
  });

  describe('begins where the rows were read', () => {
    /** A context in which something happens right after the position was read: it must be in the rows. */
    async function interrupted(as: Viewer) {
      const { conversation, message, run } = await house.desk.conversations.start(viewer, { text: 'First' });
      await house.ended(run.id);
      const late = newId('msg');
      const base = contextOf(house, as);
      let read = 0;
      const context: Context = {
        ...base,
        runs: {
          ...house.runs,
          async conversationHead(id) {
            const head = await house.runs.conversationHead(id);
            if (id !== conversation.id) return head;
            read += 1;
            await house.database.message.create({ data: { id: late, conversationId: id, role: 'system', text: 'Late', createdAt: new Date() } });
            await house.database.conversation.update({ where: { id }, data: { subject: 'Late' } });
            return head;
          },
        },
      };
      const { resume } = await house.runs.conversationHead(conversation.id);
      return {
        context,
        expected: { position: resume, subject: 'Late', messages: { edges: [{ node: { id: late } }] } },
        read: () => read,
        ids: { conversation: conversation.id, message: message.id, run: run.id, customer: conversation.customerId },
      };
    }
    const FIELDS = 'position subject messages(last: 1) { edges { node { id } } }';

    it.each([
      ['conversation', `query($conversation: ID!) { found: conversation(id: $conversation) { ${FIELDS} } }`, []],
      [
        'node',
        `query($conversation: ID!) { found: node(id: $conversation) { ... on Conversation { ...fields } } } fragment fields on Conversation { ${FIELDS} }`,
        [],
      ],
      [
        'conversations',
        `query($customer: ID!) { found: conversations(customerId: $customer, first: 1) { edges { node { ${FIELDS} } } } }`,
        ['edges', '0', 'node'],
      ],
      ['a message’s conversation', `query($message: ID!) { found: node(id: $message) { ... on Message { conversation { ${FIELDS} } } } }`, ['conversation']],
      ['a run’s conversation', `query($run: ID!) { found: run(id: $run) { conversation { ${FIELDS} } } }`, ['conversation']],
      [
        'a customer’s conversations',
        `query($customer: ID!) { found: customer(id: $customer) { conversations(first: 1) { edges { node { ${FIELDS} } } } } }`,
        ['conversations', 'edges', '0', 'node'],
      ],
    ])('for %s', async (_what, query, path) => {
      const { context, expected, read, ids } = await interrupted(STAFF);
      const { data, errors } = await answer(context, query, ids);
      expect(errors).toBeUndefined();
      let found: unknown = data?.['found'];
      for (const key of path) found = Reflect.get(Object(found), key);
      expect(JSON.parse(JSON.stringify(found))).toEqual(expected);
      expect(read()).toBe(1);
    });

    it('and asks the log nothing when no position is wanted, or the conversation is not the viewer’s', async () => {
      const { context, read, ids } = await interrupted((await house.addCustomer()).viewer);
      expect(
        (await answer(context, `query($conversation: ID!) { conversation(id: $conversation) { ${FIELDS} } }`, ids)).errors?.[0]?.originalError,
      ).toMatchObject({ code: 'NOT_FOUND' });
      await answer({ ...context, viewer: STAFF }, 'query($conversation: ID!) { conversation(id: $conversation) { subject } }', ids);
      expect(read()).toBe(0);
    });
  });
});
