/**
 * The twelve routing agents, run by their ids on the demo rows: each answers with what the turn itself reads and decides. With the
 * offline model, and with the scripted Messages API.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeCustomer } from '../../src/orchestration/context.ts';
import { understand } from '../../src/orchestration/understand.ts';
import { readCustomerFacts } from '../../src/store/customer-facts.ts';
import { openAgentWalk, type AgentWalk } from '../support/agent-walk.ts';
import { learnedSignals } from '../support/signals.ts';

let walk: AgentWalk;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true });
});
afterAll(() => walk.close());

const ANGRY = 'This is outrageous: our API is down for our entire company since 3 November 2026 and you charged us $675 twice!!';

async function alone(agentId: string, text: string) {
  const walked = await walk.say({ agentId, customerId: walk.demo, text, alone: true });
  expect(walked.run).toMatchObject({ status: 'succeeded', workflow: 'agent', conversationId: null, customerId: walk.demo, agentId });
  return walked;
}

describe('a routing agent run by its id', () => {
  it.each([
    ['meta_router', 'Our export fails with an error', /belongs to support/],
    ['meta_router', 'We are thinking of leaving, hardly anybody uses it', /belongs to customer success/],
    ['support_domain_router', 'Please refund my last payment', /about billing/],
    ['sales_domain_router', 'It is too expensive compared with Asana', /a matter of objection/],
    ['cs_domain_router', 'Is it worth the money?', /a matter of \w+/],
    ['intent_classifier', 'Please refund my last payment', /support > billing > refund_processor/],
    ['entity_extractor', ANGRY, /amount "675\.00".*date "2026-11-03"|date "2026-11-03".*amount "675\.00"/],
    ['sentiment_analyzer', ANGRY, /very negative .* emotion angry.*urgency is critical/s],
    ['complexity_assessor', ANGRY, /complexity of the message is \d+ of 10/],
    ['coordinator', 'Please refund my last payment', /One agent is enough for this message: refund_processor/],
    ['handoff_manager', 'Show the chain of the last conversation', /chain of hand-overs|first to last/],
    ['context_injector', 'Show the customer as agents see them', /plan premium, account active/],
    ['escalation_decider', 'My lawyer will call you', /matter for a person, because .*you name the law or a regulator/],
  ])('%s answers %j from the part of the turn', async (agentId, text, expected) => {
    expect((await alone(agentId, text)).text).toMatch(expected);
  });

  it('sentiment_analyzer says exactly what the understand step of the same run wrote down', async () => {
    const { text, run } = await alone('sentiment_analyzer', ANGRY);
    const step = await walk.database.runStep.findFirstOrThrow({ where: { runId: run.id, path: 'understand' } });
    const facts = await readCustomerFacts(walk.database, walk.demo, null, new Date());
    if (!facts) throw new Error('the demo customer is gone');
    const read = understand({ text: ANGRY, customer: facts, earlier: [], now: new Date() }, await learnedSignals());
    expect(step.output).toMatchObject({ sentiment: { score: read.sentiment.score, emotion: 'angry' }, urgency: { urgency: 'critical' } });
    expect(text).toContain(`(${read.sentiment.score} on a scale from -1 to 1)`);
  });

  it('context_injector shows the block itself', async () => {
    const facts = await readCustomerFacts(walk.database, walk.demo, null, new Date());
    if (!facts) throw new Error('the demo customer is gone');
    const { text } = await alone('context_injector', 'Show the customer');
    for (const line of describeCustomer(facts, new Date()).split('\n').slice(1, 4)) expect(text).toContain(line);
  });

  it('answers with what a scripted model makes of the tool, in the result of the run', async () => {
    const { text, tools, run } = await walk.say({
      agentId: 'entity_extractor',
      customerId: walk.demo,
      text: ANGRY,
      alone: true,
      script: [{ toolCalls: [{ name: 'understand_message', input: {} }] }, { text: 'It names a sum and a date.' }],
    });
    expect(tools).toMatchObject([{ tool: 'understand_message', failed: false, summary: expect.stringContaining('675.00') }]);
    expect(text).toBe('It names a sum and a date.');
    expect(run.result).toMatchObject({ agentId: 'entity_extractor', text });
  });

  it('handoff_manager tells a chain that was walked', async () => {
    const script = [
      { text: 'The card first.', toolCalls: [{ name: 'hand_over', input: { to: 'refund_processor', reason: 'The customer wants money back.' } }] },
      { text: 'Here is the refund.' },
    ];
    const handed = await walk.say({ agentId: 'payment_troubleshooter', customerId: walk.demo, text: 'Declined, and I want my money back', script });
    expect(handed.text).toBe('The card first.\n\nHere is the refund.');
    expect(handed.events.find((event) => event.type === 'HandedOver')).toMatchObject({
      fromAgentId: 'payment_troubleshooter',
      toAgentId: 'refund_processor',
      hop: 1,
      visibility: 'CUSTOMER',
    });
    const [hop, ...more] = await walk.database.handOver.findMany({ where: { runId: handed.run.id } });
    expect(more).toEqual([]);
    expect(hop).toMatchObject({
      conversationId: handed.conversationId,
      fromAgentId: 'payment_troubleshooter',
      toAgentId: 'refund_processor',
      reason: 'The customer wants money back.',
      hop: 1,
      snapshot: {
        message: 'Declined, and I want my money back',
        agents: ['payment_troubleshooter'],
        answerSoFar: 'The card first.',
        customer: { plan: 'premium' },
      },
    });
    const conversation = await walk.database.conversation.findUniqueOrThrow({ where: { id: handed.conversationId } });
    expect(conversation.agentId).toBe('refund_processor');
    const { text } = await alone('handoff_manager', 'Show the chain');
    expect(text).toContain('handed over to Refund processor (hop 1): The customer wants money back.');
  });
});

describe('agents that cannot pass a customer on any further', () => {
  it('have a person asked for, with what was answered so far, and the answer goes on', async () => {
    const script = [
      { toolCalls: [{ name: 'hand_over', input: { to: 'refund_processor', reason: 'It is about a refund.' } }] },
      { toolCalls: [{ name: 'hand_over', input: { to: 'payment_troubleshooter', reason: 'It is about the card.' } }] },
      { text: 'A person will look at both.' },
    ];
    const { run, text, conversationId } = await walk.say({ agentId: 'payment_troubleshooter', customerId: walk.demo, text: 'My card and my refund', script });
    expect(text).toBe('A person will look at both.');
    expect(run).toMatchObject({ status: 'succeeded', agentId: 'refund_processor' });
    expect(await walk.database.handOver.count({ where: { runId: run.id } })).toBe(1);
    expect(await walk.database.escalation.findMany({ where: { conversationId } })).toMatchObject([
      { status: 'waiting', rules: ['hand_over_loop'], raisedByKind: 'system', snapshot: { agents: ['payment_troubleshooter', 'refund_processor'] } },
    ]);
  });
});

describe('the escalation desk', () => {
  it('asks for a person by itself, once for a conversation, and says so truthfully', async () => {
    const asked = { agentId: 'escalation_decider', customerId: walk.demo };
    const first = await walk.say({ ...asked, text: 'I want to talk to a real person' });
    const { conversationId } = first;
    const raised = await walk.database.escalation.findFirstOrThrow({ where: { conversationId } });
    expect(raised).toMatchObject({ customerId: walk.demo, status: 'waiting', rules: ['explicit_request'], team: 'tier2_support' });
    expect(first.text).toContain('A person of our team will take this over');
    expect(first.text).toContain('I cannot connect you at this moment');
    expect(first.text).toContain('Monday to Friday, 08:00 to 18:00');
    expect(first.text.match(/A person of our team will take this over/g)).toHaveLength(1);
    const again = await walk.say({ ...asked, conversationId, text: 'Where is that human?' });
    expect(again.run).toMatchObject({ status: 'succeeded' });
    expect(again.text).toContain('with our team already');
    expect(await walk.database.escalation.count({ where: { conversationId } })).toBe(1);
    expect(await walk.database.ticket.count({ where: { conversationId } })).toBe(0);
  });

  it('does it with a model too, in the name of the agent, and leaves what the model adds out of the events', async () => {
    const { tools, conversationId } = await walk.say({
      agentId: 'escalation_decider',
      customerId: walk.demo,
      text: 'Who looks into the invoice of May?',
      script: [{ toolCalls: [{ name: 'ask_for_person', input: { reason: 'It is about an invoice.' } }] }, { text: 'It is passed on.' }],
    });
    expect(tools).toMatchObject([{ tool: 'ask_for_person', failed: false, arguments: { reason: '[redacted]' } }]);
    const raised = await walk.database.escalation.findFirstOrThrow({ where: { conversationId } });
    expect(raised).toMatchObject({ raisedByKind: 'agent', raisedById: 'escalation_decider' });
    expect(raised.reason).toBe('The customer asks for a person: "Who looks into the invoice of May?". The agent adds: It is about an invoice.');
    const audit = await walk.database.auditEntry.findFirstOrThrow({ where: { subjectId: raised.id } });
    expect(audit).toMatchObject({ actorKind: 'agent', actorId: expect.stringContaining('escalation_decider') });
  });

  it('leaves the desk a request when it is run by its id: there is no conversation to take over', async () => {
    const { text } = await alone('escalation_decider', 'Please have a real person call me');
    const ticket = await walk.database.ticket.findFirstOrThrow({ where: { customerId: walk.demo, title: 'Customer asks for a person' } });
    expect(ticket).toMatchObject({ kind: 'request', conversationId: null, description: expect.stringContaining('Please have a real person call me') });
    expect(text).toContain(`request #${ticket.number}`);
  });

  it('is a candidate of the router, and the other eleven are not', async () => {
    const routing = walk.catalog.agents.filter(({ domain }) => domain === 'routing');
    expect(routing).toHaveLength(12);
    expect(routing.filter(({ reachable }) => reachable).map(({ id }) => id)).toEqual(['escalation_decider']);
  });
});
