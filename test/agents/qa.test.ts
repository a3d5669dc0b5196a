/**
 * The ten agents that check drafts, at work on the demo rows: each run on a bad draft with the offline model, and one with a scripted
 * model; and the past conversations of the demo, which the checks let pass.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createOfflineLlm } from '../../src/llm/offline-llm.ts';
import { runAgentStep } from '../../src/orchestration/agent-step.ts';
import type { Reviewed } from '../../src/orchestration/tool.ts';
import { Finding } from '../../src/orchestration/verdict.ts';
import type { WorkflowEvent } from '../../src/orchestration/workflow-event.ts';
import { readCustomerFacts } from '../../src/store/customer-facts.ts';
import { QA_TOOLS } from '../eval/qa.ts';
import { openAgentWalk, type AgentWalk } from '../support/agent-walk.ts';
import { REDACTION } from '../support/redaction.ts';

const Facts = z.strictObject({ findings: z.array(Finding), score: z.number() });

let walk: AgentWalk;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true, articles: true });
});
afterAll(() => walk.close());

/** Wrong on every side. */
const BAD: Reviewed = {
  question: 'This is unacceptable!! How do I export my project, and what does another seat of Premium cost?',
  answer: [
    'You should have read the manual, guys. Premium has unlimited projects, and Basic has 90 GB. I think it probably works, maybe today.',
    'We guarantee a refund within 90 days [7]. Invoice INV-2019-00001 shows it, or see http://localhost:3000/help.',
    '```json\n{ "format": "csv", }\n```',
    'Sources: [1] The book of everything',
  ].join('\n\n'),
};

/** One agent at work on a draft, as a workflow lets it: with the draft under review in its turn. */
async function review(agentId: string, reviewed: Reviewed) {
  const agent = walk.catalog.get(agentId);
  const now = new Date();
  const customer = await readCustomerFacts(walk.database, walk.demo, null, now);
  if (!agent || !customer) throw new Error(`there is no ${agentId}, or no demo customer`);
  const events: WorkflowEvent[] = [];
  const { text } = await runAgentStep(
    {
      llm: createOfflineLlm({ tokensPerS: 0, clock: systemClock }),
      tools: walk.tools,
      historyTokens: 4_000,
      answerTokensMax: 4_000,
      stepMs: 30_000,
      redaction: REDACTION,
    },
    {
      step: 'verify',
      agent,
      turn: {
        runId: newId('run'),
        attempt: 1,
        conversationId: null,
        customerId: walk.demo,
        customer,
        text: 'Check the draft.',
        history: [],
        lastAgentId: null,
        agentId,
        escalated: false,
        reviewed,
        now,
      },
    },
    async (event) => void events.push(event),
    AbortSignal.timeout(30_000),
  );
  return { text, returned: events.flatMap((event) => (event.type === 'tool_returned' ? [event] : [])) };
}

describe('an agent that checks drafts', () => {
  it.each([
    ['fact_checker', ['check_facts'], /basic plan "90 GB", and it has 10 GB/],
    ['policy_checker', ['check_policy'], /"90 days" for the time in which a payment is refunded; the policy has 30 days/],
    ['tone_checker', ['check_tone'], /blames the customer: "You should have read"/],
    ['completeness_checker', ['check_completeness'], /has no answer|without a sum/],
    ['code_validator', ['check_code'], /JSON cannot be parsed/],
    ['link_checker', ['check_links'], /leads into a local network/],
    ['sensitivity_checker', ['check_sensitivity'], /"guys"; it is biased/],
    ['hallucination_detector', ['check_claims'], /no article has the invoice number "INV-2019-00001"/],
    ['citation_validator', ['check_citations'], /no article called "The book of everything"/],
    ['response_verifier', [...QA_TOOLS], /blames the customer[\s\S]*JSON cannot be parsed/],
  ])('%s calls %j and tells what it found', async (agentId, tools, found) => {
    const { text, returned } = await review(agentId, BAD);
    expect(returned.map(({ tool }) => tool).toSorted()).toEqual(tools.toSorted());
    expect(returned.every(({ failed }) => !failed)).toBe(true);
    expect(text).toMatch(found);
    for (const { summary } of returned) expect(text).toContain(summary);
  });

  it('says of a good draft that there is nothing to mend', async () => {
    const good = { question: 'How do I export a project?', answer: 'Open the project, choose **Export** from the three dots, pick CSV and press **Export**.' };
    const { text, returned } = await review('response_verifier', good);
    expect(returned).toHaveLength(9);
    expect(returned.filter(({ summary }) => !summary.endsWith('found nothing to mend.'))).toEqual([]);
    expect(text).toContain('I checked the tone and found nothing to mend.');
  });

  it('runs by its id on a draft that a scripted model hands to the tool', async () => {
    const { text, tools, run } = await walk.say({
      agentId: 'tone_checker',
      customerId: walk.demo,
      text: 'Check the tone of this draft',
      alone: true,
      script: [{ toolCalls: [{ name: 'check_tone', input: BAD }] }, { text: 'The draft blames the customer.' }],
    });
    expect(tools).toMatchObject([{ tool: 'check_tone', failed: false, summary: expect.stringContaining('blames the customer') }]);
    expect(run).toMatchObject({ status: 'succeeded', agentId: 'tone_checker' });
    expect(text).toBe('The draft blames the customer.');
  });

  it('learns from the refusal what is missing, when there is no draft', async () => {
    const { tools } = await walk.say({
      agentId: 'link_checker',
      customerId: walk.demo,
      text: 'Check the links',
      alone: true,
      script: [{ toolCalls: [{ name: 'check_links', input: {} }] }, { text: 'There is no draft.' }],
    });
    expect(tools).toMatchObject([{ failed: true, summary: expect.stringContaining('check_links needs "answer"') }]);
  });

  it('is not for customers', () => {
    const agents = walk.catalog.agents.filter(({ domain }) => domain === 'qa');
    expect(agents).toHaveLength(10);
    expect(agents.filter(({ reachable, utterances }) => reachable || utterances.length > 0)).toEqual([]);
    expect(Object.keys(walk.catalog.get('response_verifier')?.tools ?? {}).toSorted()).toEqual([...QA_TOOLS].toSorted());
  });
});

describe('the past conversations of the demo', () => {
  /** Rows that changed since then are no fault of these drafts: plan, seats and renewal are those of today. */
  const SINCE_CHANGED = /subscription has|ends on|customer is on/;

  it('hold hardly an answer that a check would send back', async () => {
    const messages = await walk.database.message.findMany({
      orderBy: [{ conversationId: 'asc' }, { createdAt: 'asc' }],
      include: { conversation: { select: { customerId: true } } },
    });
    const pairs = messages.flatMap((message, at) => {
      const asked = messages[at - 1];
      if (message.role !== 'agent' || asked?.role !== 'customer' || asked.conversationId !== message.conversationId) return [];
      return [{ customerId: message.conversation.customerId, question: asked.text, answer: message.text, at: message.createdAt }];
    });
    const different = [...new Map(pairs.map((pair) => [pair.answer.replace(/[\d.,]+|\p{Lu}\p{L}+/gu, ''), pair])).values()];
    expect(different.length).toBeGreaterThan(80);
    const sentBack: string[] = [];
    for (const { customerId, question, answer, at } of different) {
      const context = { customerId, conversationId: null, runId: 'run_x', agentId: 'response_verifier', callId: 'call_x', said: '', earlier: [], now: at };
      for (const name of QA_TOOLS) {
        const outcome = await walk.tools.get(name)?.call({ question, answer }, {}, context, AbortSignal.timeout(20_000));
        const { findings } = Facts.parse(outcome?.facts);
        const grave = findings.filter(({ severity, finding }) => severity !== 'info' && severity !== 'low' && !SINCE_CHANGED.test(finding));
        sentBack.push(...grave.map(({ finding }) => `${name}: ${finding} (${answer.slice(0, 80)})`));
      }
    }
    // The demo is made anew each day: one of them may hit a date or sum that today's rows no longer have.
    expect(sentBack.slice(Math.floor(different.length / 50))).toEqual([]);
  });
});
