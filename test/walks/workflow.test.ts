/** An expert panel in a process that is killed again and again: what has finished is not paid twice, and the result is the same. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { startMessagesApi, type MessagesApi, type MessagesBody, type ScriptedReply } from '../support/messages-api.ts';
import { eventually, openBench, type Bench, type ParleyProcess } from '../support/process.ts';
import { AGENTS } from '../support/signals.ts';

const EXPERTS = ['refund_processor', 'invoice_generator', 'security_advisor'];
const PARTICIPANTS = [...EXPERTS, 'coordinator'];
const START = `mutation Start($customerId: ID!, $agents: [ID!]!) {
  startWorkflow(input: { workflow: "expert_panel", question: "Should we refund this customer?", agents: $agents, customerId: $customerId }) { run { id status } } }`;

let bench: Bench;
let model: MessagesApi;
const agentOf = new Map<string, string>();
/** Who is held up at the first word, for ever. */
let held: ReadonlySet<string> = new Set();
let asked: string[] = [];

beforeAll(async () => {
  const catalog = await loadCatalog(AGENTS, { has: () => true, parseGrant: () => undefined });
  for (const agent of catalog.agents) agentOf.set(agent.prompt, agent.id);
  model = await startMessagesApi();
  model.otherwise(reply);
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
  await model.close();
});

function reply(body: MessagesBody): ScriptedReply {
  const agentId = agentOf.get(body.system?.[0]?.text ?? '') ?? '';
  asked.push(agentId);
  const never = new Promise<void>(() => undefined);
  return {
    text: `${agentId} has looked at it.`,
    toolCalls: [{ name: 'give_verdict', input: { position: 'refund', confidence: 0.9, recommendations: ['Refund the last payment'] } }],
    ...(held.has(agentId) ? { gate: () => never } : {}),
  };
}

function startParley(): ParleyProcess {
  return bench.start({ ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: model.url, OFFLINE_TOKENS_PER_S: '0' });
}

async function startPanel(url: string): Promise<string> {
  const { staffToken, customerId } = await bench.demo();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${staffToken}` },
    body: JSON.stringify({ query: START, variables: { customerId, agents: EXPERTS } }),
  });
  const answer = (await response.json()) as { readonly data?: { readonly startWorkflow: { readonly run: { readonly id: string } } } };
  if (!answer.data) throw new Error(JSON.stringify(answer));
  return answer.data.startWorkflow.run.id;
}

const finishedIn = async (runId: string): Promise<number> => {
  const [row] = await bench.rows<{ n: string }>(`SELECT count(*) AS n FROM "RunStep" WHERE "runId" = $1 AND "status" = 'succeeded'`, [runId]);
  return Number(row?.n);
};

const timesOf = (agentId: string): number => asked.filter((one) => one === agentId).length;

describe('an expert panel whose process is killed', () => {
  it('goes on behind every step, in the middle of those that were at work, and comes to the same', async () => {
    let parley = startParley();
    let url = await parley.ready();
    const results: unknown[] = [];
    // So many have finished when it happens; the fourth is the coordinator.
    for (const finished of [0, 1, 2, 3]) {
      asked = [];
      held = new Set(PARTICIPANTS.slice(finished));
      const runId = await startPanel(url);
      const atWork = finished < EXPERTS.length ? EXPERTS.length : PARTICIPANTS.length;
      await eventually('the steps before are finished and the others at work', async () => (await finishedIn(runId)) === finished && asked.length === atWork);
      await parley.end('SIGKILL');
      held = new Set();
      parley = startParley();
      url = await parley.ready();
      const row = await eventually('the run has ended', async () => {
        const [found] = await bench.rows<{ status: string; attempt: number; result: { text: string } }>(
          'SELECT "status", "attempt", "result" FROM "Run" WHERE "id" = $1',
          [runId],
        );
        return found && ['succeeded', 'failed', 'stopped'].includes(found.status) ? found : null;
      });
      expect(row).toMatchObject({ status: 'succeeded', attempt: 2 });
      results.push(row.result);
      for (const [index, agentId] of PARTICIPANTS.entries())
        expect(timesOf(agentId), `${agentId} after ${finished}`).toBe(index >= finished && index < atWork ? 2 : 1);
    }
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
    expect(await parley.end('SIGTERM')).toEqual({ code: 0, signal: null });
  }, 180_000);
});
