/** The verbs through GraphQL, on the real desk: what they answer, and that reads show what they did. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { seedArticles } from '../../src/knowledge/articles.ts';
import type { Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, SUPER, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';
import { ask, refusalOf } from './ask.ts';

const START = `mutation($input: StartConversationInput!) { startConversation(input: $input) {
  conversation { id status owner channel position customer { id } activeRun { id } messages { edges { node { id text author } } } }
  message { id role text status author conversation { id } run { id } }
  run { id workflow status message { id } conversation { id } customer { id } attempt usage { inputTokens cost { amount currency } } error { code } agent { id } }
} }`;
const POST = 'mutation($input: PostMessageInput!) { postMessage(input: $input) { message { id text clientMessageId } run { id } disposition } }';

interface Started {
  readonly conversation: { readonly id: string };
  readonly message: { readonly id: string };
  readonly run: { readonly id: string };
}

describe('the verbs', () => {
  let house: House;
  let viewer: Viewer;
  let customerId: string;

  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm(['Hello.']), started: false });
  });
  beforeEach(async () => {
    ({ viewer, customerId } = await house.addCustomer());
  });
  afterAll(() => house.close());

  async function start(input: Readonly<Record<string, unknown>> = {}): Promise<Started> {
    return (await ask(house, viewer, START, { input: { text: 'Where is my invoice?', ...input } }))['startConversation'] as Started;
  }

  it('start a conversation with its message and its run', async () => {
    const started = await start({ channel: 'EMAIL' });
    const { conversation, message, run } = started;
    expect(conversation.id).toMatch(/^conv_/);
    expect(started).toEqual({
      conversation: {
        id: conversation.id,
        status: 'ACTIVE',
        owner: 'AGENTS',
        channel: 'EMAIL',
        position: expect.stringMatching(/^\w+\.\d+$/),
        customer: { id: customerId },
        activeRun: { id: run.id },
        messages: { edges: [{ node: { id: message.id, text: 'Where is my invoice?', author: 'Dana Reyes' } }] },
      },
      message: {
        id: message.id,
        role: 'CUSTOMER',
        text: 'Where is my invoice?',
        status: 'COMPLETE',
        author: 'Dana Reyes',
        conversation: { id: conversation.id },
        run: { id: run.id },
      },
      run: {
        id: run.id,
        workflow: 'reply',
        status: 'QUEUED',
        message: { id: message.id },
        conversation: { id: conversation.id },
        customer: { id: customerId },
        attempt: 0,
        usage: { inputTokens: 0, cost: { amount: '0', currency: 'USD' } },
        error: null,
        agent: null,
      },
    });
  });

  it('start once for one idempotency key and refuse another body under it', async () => {
    const first = await start({ idempotencyKey: 'one' });
    expect((await start({ idempotencyKey: 'one' })).conversation.id).toBe(first.conversation.id);
    expect(await refusalOf(house, viewer, START, { input: { text: 'Other', idempotencyKey: 'one' } })).toMatchObject({ code: 'CONFLICT' });
  });

  it('say which became of a message, and keep one for one clientMessageId', async () => {
    const { conversation, run } = await start();
    const post = async (input: Readonly<Record<string, unknown>>) =>
      (await ask(house, viewer, POST, { input: { conversationId: conversation.id, ...input } }))['postMessage'];
    expect(await post({ text: 'Also', clientMessageId: 'c1' })).toMatchObject({ disposition: 'QUEUED', message: { clientMessageId: 'c1' } });
    expect(await post({ text: 'Also', clientMessageId: 'c1' })).toMatchObject({ disposition: 'DUPLICATE' });
    expect(await refusalOf(house, viewer, POST, { input: { conversationId: conversation.id, text: 'No', onBusy: 'REJECT' } })).toMatchObject({
      code: 'RUN_ACTIVE',
    });
    expect(await post({ text: 'Wait', onBusy: 'INTERRUPT' })).toMatchObject({ disposition: 'INTERRUPTED' });
    const data = await ask(house, viewer, 'query($id: ID!) { run(id: $id) { status stoppedBy } }', { id: run.id });
    expect(data).toEqual({ run: { status: 'STOPPED', stoppedBy: `customer:${customerId}` } });
  });

  it('name the person of the desk who wrote', async () => {
    const { conversation } = await start();
    await house.database.user.create({ data: { id: 'usr_test', email: 'sam@example.test', name: 'Sam Okafor', role: 'admin' } });
    const posted = await ask(house, STAFF, POST, { input: { conversationId: conversation.id, text: 'I am looking into it.' } });
    expect(posted).toMatchObject({ postMessage: { run: null, disposition: 'STARTED' } });
    const seen = await ask(house, viewer, 'query($id: ID!) { conversation(id: $id) { messages(last: 1) { edges { node { role author agent { id } } } } } }', {
      id: conversation.id,
    });
    expect(seen).toEqual({ conversation: { messages: { edges: [{ node: { role: 'PERSON', author: 'Sam Okafor', agent: null } }] } } });
  });

  it('resolve, refuse, reopen and rate', async () => {
    const { conversation } = await start();
    const input = { conversationId: conversation.id };
    const resolved = await ask(
      house,
      viewer,
      'mutation($input: ResolveConversationInput!) { resolveConversation(input: $input) { conversation { status resolvedAt activeRun { id } } } }',
      { input },
    );
    expect(resolved).toEqual({
      resolveConversation: { conversation: { status: 'RESOLVED', resolvedAt: expect.stringMatching(/^\d{4}-.*Z$/), activeRun: null } },
    });
    expect(await refusalOf(house, viewer, POST, { input: { ...input, text: 'Still there?' } })).toMatchObject({ code: 'CONVERSATION_CLOSED' });
    const rated = await ask(
      house,
      viewer,
      'mutation($input: RateConversationInput!) { rateConversation(input: $input) { conversation { rating ratingComment } } }',
      { input: { ...input, rating: 4, comment: 'Quick.' } },
    );
    expect(rated).toEqual({ rateConversation: { conversation: { rating: 4, ratingComment: 'Quick.' } } });
    const reopened = await ask(
      house,
      viewer,
      'mutation($input: ReopenConversationInput!) { reopenConversation(input: $input) { conversation { status resolvedAt } } }',
      { input },
    );
    expect(reopened).toEqual({ reopenConversation: { conversation: { status: 'ACTIVE', resolvedAt: null } } });
    expect(await ask(house, viewer, POST, { input: { ...input, text: 'Still there?' } })).toMatchObject({ postMessage: { disposition: 'STARTED' } });
  });

  it('stop a queued run, and say when it had ended before', async () => {
    const { run } = await start();
    const STOP =
      'mutation($input: StopRunInput!) { stopRun(input: $input) { run { id status finishedAt } message { id } usage { outputTokens } alreadyFinished } }';
    const input = { runId: run.id };
    expect(await ask(house, viewer, STOP, { input })).toEqual({
      stopRun: { run: { id: run.id, status: 'STOPPED', finishedAt: expect.any(String) }, message: null, usage: { outputTokens: 0 }, alreadyFinished: false },
    });
    expect(await ask(house, viewer, STOP, { input })).toMatchObject({ stopRun: { alreadyFinished: true } });
  });

  it('create, change and annotate a customer', async () => {
    const CREATE =
      'mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id name email company country plan status partnerId } } }';
    const created = await ask(house, STAFF, CREATE, {
      input: { email: 'ops@acme.example', name: 'Acme', company: 'Acme GmbH', country: 'DE', idempotencyKey: 'acme' },
    });
    expect(created).toEqual({
      createCustomer: {
        customer: {
          id: expect.stringMatching(/^cus_/),
          name: 'Acme',
          email: 'ops@acme.example',
          company: 'Acme GmbH',
          country: 'DE',
          plan: 'FREE',
          status: 'ACTIVE',
          partnerId: null,
        },
      },
    });
    const id = (created['createCustomer'] as { customer: { id: string } }).customer.id;
    const UPDATE = 'mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { name company country industry } } }';
    expect(await ask(house, STAFF, UPDATE, { input: { customerId: id, company: null, industry: 'software' } })).toEqual({
      updateCustomer: { customer: { name: 'Acme', company: null, country: 'DE', industry: 'software' } },
    });
    const NOTE =
      'mutation($input: AddCustomerNoteInput!) { addCustomerNote(input: $input) { note { kind text authorKind authorId } customer { notes { edges { node { text } } } } } }';
    expect(await ask(house, STAFF, NOTE, { input: { customerId: id, text: 'Prefers calls.', kind: 'SUCCESS' } })).toEqual({
      addCustomerNote: {
        note: { kind: 'SUCCESS', text: 'Prefers calls.', authorKind: 'USER', authorId: 'user:usr_test' },
        customer: { notes: { edges: [{ node: { text: 'Prefers calls.' } }] } },
      },
    });
    expect(await ask(house, STAFF, '{ customers(search: "aCME") { edges { node { name } } } }')).toEqual({
      customers: { edges: [{ node: { name: 'Acme' } }] },
    });
  });

  it('switch an agent off: lists, the agent itself and previews show it', async () => {
    const SWITCH =
      'mutation($input: SetAgentEnabledInput!) { setAgentEnabled(input: $input) { agent { id enabled tier role model domain tools handsOverTo { id } } } }';
    expect(await ask(house, SUPER, SWITCH, { input: { agentId: 'first_agent', enabled: false, reason: 'Wrong answers' } })).toEqual({
      setAgentEnabled: {
        agent: { id: 'first_agent', enabled: false, tier: 'ESSENTIAL', role: 'SPECIALIST', model: 'QUICK', domain: 'support/test', tools: [], handsOverTo: [] },
      },
    });
    const seen = await ask(
      house,
      viewer,
      '{ on: agents(enabled: true, domain: "support", tier: ESSENTIAL) { edges { node { id } } } off: agents(enabled: false) { edges { node { id enabled } } } none: agents(tier: ADVANCED) { edges { node { id } } } routePreview(text: "Hi") { agent { id } } }',
    );
    expect(seen).toEqual({
      on: { edges: [{ node: { id: 'second_agent' } }] },
      off: { edges: [{ node: { id: 'first_agent', enabled: false } }] },
      none: { edges: [] },
      routePreview: { agent: { id: 'second_agent' } },
    });
    expect(await ask(house, SUPER, SWITCH, { input: { agentId: 'first_agent', enabled: true } })).toMatchObject({
      setAgentEnabled: { agent: { enabled: true } },
    });
  });

  it('preview a route without running it, with what the customer said before', async () => {
    const { conversation } = await start();
    await house.database.conversation.update({ where: { id: conversation.id }, data: { agentId: 'second_agent', owner: 'people' } });
    const runs = await house.database.run.count();
    const query =
      'query($id: ID) { routePreview(text: "Hi", customerId: $id) { agent { id } domain confidence escalate alternatives { agent { id } confidence } reason by } }';
    expect(await ask(house, viewer, query, { id: customerId })).toEqual({
      routePreview: {
        agent: { id: 'first_agent' },
        domain: 'support/test',
        confidence: 0.75,
        escalate: true,
        alternatives: [{ agent: { id: 'second_agent' }, confidence: 0.25 }],
        reason: 'Where is my invoice? after second_agent',
        by: 'LOCAL_INDEX',
      },
    });
    expect(await ask(house, viewer, query, {})).toMatchObject({ routePreview: { escalate: false, reason: ' after nobody' } });
    expect(await house.database.run.count()).toBe(runs);
  });

  it('find passages of articles and the articles they are from', async () => {
    await seedArticles(house.database, fileURLToPath(new URL('../../prisma/knowledge', import.meta.url)), new Date());
    const data = await ask(house, viewer, '{ knowledge(search: "I forgot my password", first: 3) { articleId slug title section text score } }');
    const hits = data['knowledge'] as { articleId: string; title: string; text: string }[];
    expect(hits.length).toBeGreaterThan(0);
    expect(hits.length).toBeLessThanOrEqual(3);
    expect(hits[0]?.text).not.toBe('');
    const article = await ask(house, viewer, 'query($id: ID!) { node(id: $id) { id ... on KnowledgeArticle { title body tags } } }', {
      id: hits[0]?.articleId,
    });
    expect(article).toMatchObject({ node: { title: hits[0]?.title, body: expect.any(String) } });
    expect(await ask(house, viewer, '{ node(id: "first_agent") { __typename id ... on Agent { title } } }')).toEqual({
      node: { __typename: 'Agent', id: 'first_agent', title: 'first agent' },
    });
  });

  it('say where a run failed and what its steps did', async () => {
    const { run } = await start();
    const at = new Date('2026-01-01T00:00:00.000Z');
    await house.database.run.update({
      where: { id: run.id },
      data: {
        status: 'failed',
        errorCode: 'MODEL_OVERLOADED',
        errorMessage: 'Try again.',
        errorRetryable: true,
        finishReason: 'max_tokens',
        cost: '0.001230',
        inputTokens: 7,
        agentId: 'first_agent',
      },
    });
    await house.database.runStep.create({
      data: {
        id: newId('step'),
        runId: run.id,
        path: 'agent',
        attempt: 1,
        agentId: 'first_agent',
        role: 'agent',
        status: 'failed',
        errorCode: 'MODEL_OVERLOADED',
        errorMessage: 'Try again.',
        cost: '0.001230',
        startedAt: at,
        finishedAt: new Date(at.getTime() + 1_500),
      },
    });
    const query =
      'query($id: ID!) { run(id: $id) { status finishReason agent { id } error { code message retryable } usage { inputTokens cost { amount } } steps { path status agent { id } ms usage { cost { amount } } error { code message } } } runs(status: FAILED, workflow: "reply") { edges { node { id } } } }';
    expect(await ask(house, viewer, query, { id: run.id })).toEqual({
      run: {
        status: 'FAILED',
        finishReason: 'MAX_TOKENS',
        agent: { id: 'first_agent' },
        error: { code: 'MODEL_OVERLOADED', message: 'Try again.', retryable: true },
        usage: { inputTokens: 7, cost: { amount: '0.00123' } },
        steps: [
          {
            path: 'agent',
            status: 'FAILED',
            agent: { id: 'first_agent' },
            ms: 1_500,
            usage: { cost: { amount: '0.00123' } },
            error: { code: 'MODEL_OVERLOADED', message: 'Try again.' },
          },
        ],
      },
      runs: { edges: [{ node: { id: run.id } }] },
    });
  });
});
