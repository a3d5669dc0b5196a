/** Answers on which much depends are checked before a customer reads a word of them: what passes is said, what does not goes to a person. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPolicy, seedPolicy } from '../../src/store/policy.ts';
import { openAgentWalk, type AgentWalk, type Walked } from '../support/agent-walk.ts';
import type { MessagesBody, ScriptedReply } from '../support/messages-api.ts';
import { addSmallTeam } from '../support/small-team.ts';

let walk: AgentWalk;
let agentOf: ReadonlyMap<string, string>;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true, articles: true });
  agentOf = new Map(walk.catalog.agents.map(({ id, prompt }) => [prompt, id]));
});
afterAll(() => walk.close());

const WRONG = 'You get your money back within 90 days, I guarantee it.';
const RIGHT = 'A payment can be refunded within 30 days.';

/** By whom, in the order in which they were asked. */
const casting = (parts: Readonly<Record<string, readonly ScriptedReply[]>>) => {
  const asked: string[] = [];
  const answer = (body: MessagesBody): ScriptedReply => {
    const agentId = agentOf.get(body.system?.[0]?.text ?? '') ?? 'nobody';
    const reply = parts[agentId]?.[asked.filter((one) => one === agentId).length];
    asked.push(agentId);
    if (!reply) throw new Error(`${agentId} was asked once more`);
    return reply;
  };
  return { asked, answer };
};

const findings = (...given: readonly { readonly finding: string; readonly severity: string }[]): ScriptedReply => ({
  text: 'I have looked.',
  toolCalls: [{ name: 'give_findings', input: { findings: given.map((one) => ({ check: 'terms', ...one })), confidence: 0.9 } }],
});
const PROMISE = { finding: 'The guarantee is 30 days.', severity: 'high' };

/** What a customer who follows has been told, word by word. */
const toldTo = ({ events, run }: Walked): string =>
  events.flatMap((event) => (event.type === 'TextDelta' && event.visibility === 'CUSTOMER' && event.runId === run.id ? [event.text] : [])).join('');

const outputOf = async ({ run }: Walked, path: string): Promise<unknown> =>
  (await walk.database.runStep.findFirstOrThrow({ where: { runId: run.id, path } })).output;

describe('an answer that is checked', () => {
  it('is said when two have looked at it and found nothing, and its draft was for the desk alone', async () => {
    const { asked, answer } = casting({ refund_processor: [{ text: RIGHT }], policy_checker: [findings()], fact_checker: [findings()] });
    const walked = await walk.say({ agentId: 'refund_processor', customerId: walk.demo, text: 'How long can I get a refund?', answer });
    expect(asked.toSorted()).toEqual(['fact_checker', 'policy_checker', 'refund_processor']);
    expect(walked.text).toBe(RIGHT);
    expect(toldTo(walked)).toBe(RIGHT);
    expect(walked.run).toMatchObject({ status: 'succeeded', outcome: 'answered', agentId: 'refund_processor' });
    const draft = walked.events.filter((event) => event.type === 'TextDelta' && event.messageId === `${walked.run.id}:agent`);
    expect(new Set(draft.map(({ visibility }) => visibility))).toEqual(new Set(['STAFF']));
    expect(draft.map((event) => (event.type === 'TextDelta' ? event.text : '')).join('')).toBe(RIGHT);
    expect(await outputOf(walked, 'check')).toMatchObject({ action: 'approve', drafts: 1, approved: true });
  });

  it('is written again with what was found, and only what passed is read by the customer', async () => {
    const { asked, answer } = casting({
      refund_processor: [{ text: WRONG }, { text: RIGHT }],
      policy_checker: [findings(PROMISE), findings()],
      fact_checker: [findings(), findings()],
    });
    const walked = await walk.say({ agentId: 'refund_processor', customerId: walk.demo, text: 'How long can I get a refund?', answer });
    expect(asked.filter((one) => one === 'refund_processor')).toHaveLength(2);
    expect(toldTo(walked)).toBe(RIGHT);
    expect(walked.text).toBe(RIGHT);
    expect(JSON.stringify(walk.model.requests.at(-3)?.body)).toContain('The guarantee is 30 days.');
    expect(await outputOf(walked, 'check')).toMatchObject({ action: 'approve', drafts: 2 });
    expect(await walk.database.escalation.count({ where: { conversationId: walked.conversationId } })).toBe(0);
  });

  it('is not said when it did not pass: a person is asked for, and knows why', async () => {
    const { answer } = casting({
      refund_processor: [{ text: WRONG }, { text: WRONG }],
      policy_checker: [findings(PROMISE), findings(PROMISE)],
      fact_checker: [findings(), findings()],
    });
    const walked = await walk.say({ agentId: 'refund_processor', customerId: walk.demo, text: 'How long can I get a refund?', answer });
    expect(walked.text).toMatch(/^I have worked on an answer, but it did not pass our checks, so I do not send it\. A person of our team will take this over/);
    expect(toldTo(walked)).toBe(walked.text);
    expect(walked.run).toMatchObject({ status: 'succeeded', outcome: 'withheld' });
    expect(await walk.database.escalation.findMany({ where: { conversationId: walked.conversationId } })).toMatchObject([
      { status: 'waiting', rules: ['answer_not_approved'], reason: expect.stringContaining('The guarantee is 30 days.') },
    ]);
  });

  it('does nothing a second time when it is written again', async () => {
    const { customer, payment } = await addSmallTeam(walk.database);
    const quoted = await walk.say({
      agentId: 'refund_processor',
      customerId: customer.id,
      text: 'Please refund me',
      script: [{ toolCalls: [{ name: 'quote_refund', input: {} }] }, { text: 'You can get $90.00 back. Shall I?' }],
    });
    const { answer } = casting({
      refund_processor: [{ toolCalls: [{ name: 'issue_refund', input: {} }] }, { text: WRONG }, { text: 'The $90.00 are on their way.' }],
      policy_checker: [findings(PROMISE), findings()],
      fact_checker: [findings(), findings()],
    });
    const walked = await walk.say({ agentId: 'refund_processor', customerId: customer.id, conversationId: quoted.conversationId, text: 'Yes, please', answer });
    expect(walked.text).toBe('The $90.00 are on their way.');
    expect(await walk.database.refund.findMany({ where: { customerId: customer.id } })).toMatchObject([{ paymentId: payment.id }]);
    const again = walk.model.requests.map(({ body }) => body).findLast((body) => agentOf.get(body?.system?.[0]?.text ?? '') === 'refund_processor');
    expect(again?.tools?.map(({ name }) => name)).toContain('quote_refund');
    expect(again?.tools?.map(({ name }) => name)).not.toContain('issue_refund');
  });

  it('that nobody could check in what the check may take goes to a person', async () => {
    const { answerCheck } = await readPolicy(walk.database);
    await walk.database.policyRule.update({ where: { key: 'answerCheck' }, data: { value: { ...answerCheck, tokensMax: 1 } } });
    await seedPolicy(walk.database);
    const { answer } = casting({ refund_processor: [{ text: RIGHT }], policy_checker: [findings()], fact_checker: [findings()] });
    const walked = await walk.say({ agentId: 'refund_processor', customerId: walk.demo, text: 'How long can I get a refund?', answer });
    await walk.database.policyRule.update({ where: { key: 'answerCheck' }, data: { value: answerCheck } });
    await seedPolicy(walk.database);
    expect(walked.run).toMatchObject({ status: 'succeeded', outcome: 'withheld' });
    expect(await outputOf(walked, 'check')).toMatchObject({ action: 'unchecked' });
    expect(await walk.database.escalation.findFirst({ where: { conversationId: walked.conversationId } })).toMatchObject({
      reason: 'The answer could not be checked in time.',
    });
  });

  it('passes what its own tools said, also where an article speaks of another number', async () => {
    const walked = await walk.say({ agentId: 'refund_processor', customerId: walk.demo, text: 'You took the same payment twice, I want a refund' });
    expect(await outputOf(walked, 'check')).toMatchObject({ action: 'approve', drafts: 1 });
    expect(walked.text).toContain('$585.00');
  });
});

describe('an answer on which little depends', () => {
  it('is said as it is written, and nobody checks it', async () => {
    const { asked, answer } = casting({ invoice_generator: [{ text: 'Your invoices are under Billing.' }] });
    const walked = await walk.say({ agentId: 'invoice_generator', customerId: walk.demo, text: 'Where are my invoices?', answer });
    expect(asked).toEqual(['invoice_generator']);
    expect(walked.text).toBe('Your invoices are under Billing.');
    expect(await walk.database.runStep.count({ where: { runId: walked.run.id, path: 'check' } })).toBe(0);
  });
});
