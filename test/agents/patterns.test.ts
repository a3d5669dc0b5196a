/**
 * The five patterns with real agents over the real Anthropic path, against a local server that speaks the Messages API: what each
 * participant is asked, what it says word by word, and what the run comes to.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkflowInput } from '../../src/orchestration/workflow-input.ts';
import { openAgentWalk, type AgentWalk, type WalkedTogether } from '../support/agent-walk.ts';
import type { MessagesBody, ScriptedReply } from '../support/messages-api.ts';

interface Scene {
  readonly agentId: string;
  /** How often this one was asked before in this run. */
  readonly nth: number;
  /** All that the model was given to read. */
  readonly read: string;
}

let walk: AgentWalk;
let agentOf: ReadonlyMap<string, string>;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true });
  agentOf = new Map(walk.catalog.agents.map(({ id, prompt }) => [prompt, id]));
});
afterAll(() => walk.close());

interface Played extends WalkedTogether {
  readonly scenes: readonly Scene[];
}

async function play(workflow: unknown, act: (scene: Scene) => ScriptedReply): Promise<Played> {
  const scenes: Scene[] = [];
  const input = WorkflowInput.parse(workflow);
  const answer = (body: MessagesBody): ScriptedReply => {
    const agentId = agentOf.get(body.system?.[0]?.text ?? '') ?? 'nobody';
    const scene = { agentId, nth: scenes.filter((one) => one.agentId === agentId).length, read: JSON.stringify([body.system, body.messages]) };
    scenes.push(scene);
    return { ...act(scene), usage: { input: 100, output: 10 } };
  };
  return { ...(await walk.together({ name: input.pattern, text: 'Should we refund the payment of May?', workflow: input, answer })), scenes };
}

const verdict = (text: string, position: string, recommendations: readonly string[] = []): ScriptedReply => ({
  text,
  toolCalls: [{ name: 'give_verdict', input: { position, confidence: 0.9, recommendations } }],
});

/** What each participant was heard to say on `runEvents`, by its path. */
function heard({ run, events }: WalkedTogether): Record<string, string> {
  const said: Record<string, string> = {};
  for (const event of events) {
    if (event.type !== 'TextDelta' || !event.messageId.startsWith(`${run.id}:`)) continue;
    const path = event.messageId.slice(run.id.length + 1);
    expect(event.offset, path).toBe(said[path]?.length ?? 0);
    said[path] = (said[path] ?? '') + event.text;
  }
  return said;
}

describe('a pattern over the Messages API', () => {
  it('sequential: the second reads what the first has found, and what both said is the run', async () => {
    const played = await play({ pattern: 'sequential', steps: [{ agentId: 'invoice_generator' }, { agentId: 'refund_processor' }] }, ({ agentId }) => ({
      text: agentId === 'invoice_generator' ? 'The payment was taken twice.' : 'Then the second one goes back.',
    }));
    expect(played.scenes.map(({ agentId }) => agentId)).toEqual(['invoice_generator', 'refund_processor']);
    expect(played.scenes[1]?.read).toContain('The payment was taken twice.');
    expect(heard(played)).toEqual({ 'sequential/0': 'The payment was taken twice.', 'sequential/1': 'Then the second one goes back.' });
    expect(played.run).toMatchObject({
      status: 'succeeded',
      inputTokens: 200,
      outputTokens: 20,
      result: { outcome: 'done', text: 'Then the second one goes back.' },
    });
  });

  it('parallel: votes by the form and not by the text, and says who refused', async () => {
    const agents = ['refund_processor', 'invoice_generator', 'security_advisor', 'pricing_explainer'].map((agentId) => ({ agentId }));
    const played = await play({ pattern: 'parallel', agents, aggregate: 'vote', options: ['yes', 'no'] }, ({ agentId }) => {
      if (agentId === 'pricing_explainer') return { text: 'I would rather not.', stopReason: 'refusal' };
      return verdict('No, no, no.', agentId === 'security_advisor' ? 'no' : 'yes');
    });
    expect(played.run).toMatchObject({ status: 'succeeded', result: { outcome: 'decided', position: 'yes', tied: false } });
    expect(played.run.result).toMatchObject({
      tally: [
        { position: 'yes', weight: 2, voters: ['invoice_generator', 'refund_processor'] },
        { position: 'no', weight: 1, voters: ['security_advisor'] },
      ],
      answers: [{}, {}, {}, { agentId: 'pricing_explainer', outcome: 'failed', error: { code: 'MODEL_REFUSED' } }],
    });
  });

  it('debate: ends with the round in which they agree, each having read the other', async () => {
    const participants = [{ agentId: 'refund_processor' }, { agentId: 'security_advisor' }];
    const played = await play({ pattern: 'debate', participants }, ({ agentId, nth }) =>
      verdict(`${agentId}, round ${nth + 1}.`, agentId === 'security_advisor' && nth === 0 ? 'Wait for the bank' : 'Refund it'),
    );
    expect(heard(played)).toEqual({
      'debate/1/0': 'refund_processor, round 1.',
      'debate/1/1': 'security_advisor, round 1.',
      'debate/2/0': 'refund_processor, round 2.',
      'debate/2/1': 'security_advisor, round 2.',
    });
    expect(played.scenes[2]?.read).toContain('Wait for the bank');
    expect(played.run).toMatchObject({ status: 'succeeded', result: { outcome: 'decided', position: 'Refund it', rounds: 2, agreement: 1 } });
  });

  it('verification: the finding comes back to the producer, and the second draft passes', async () => {
    const workflow = { pattern: 'verification', producer: { agentId: 'refund_processor' }, verifiers: [{ agentId: 'policy_checker' }] };
    const finding = { check: 'within_policy', severity: 'high', finding: 'It promises ten days; the rule says five to ten.' };
    const played = await play(workflow, ({ agentId, nth }) =>
      agentId === 'refund_processor'
        ? { text: nth === 0 ? 'The money is there in ten days.' : 'The money is there in five to ten days.' }
        : { toolCalls: [{ name: 'give_findings', input: { findings: nth === 0 ? [finding] : [], confidence: 0.9 } }] },
    );
    expect(played.scenes.map(({ agentId }) => agentId)).toEqual(['refund_processor', 'policy_checker', 'refund_processor', 'policy_checker']);
    expect(played.scenes[2]?.read).toContain(finding.finding);
    expect(played.run).toMatchObject({
      status: 'succeeded',
      result: {
        outcome: 'approve',
        text: 'The money is there in five to ten days.',
        iterations: [
          { iteration: 1, findings: [finding] },
          { iteration: 2, findings: [] },
        ],
      },
    });
  });

  it('expert_panel: the coordinator puts together what it has read of each, and dissent stays', async () => {
    const experts = ['refund_processor', 'invoice_generator', 'security_advisor'].map((agentId) => ({ agentId }));
    const played = await play({ pattern: 'expert_panel', experts }, ({ agentId }) => {
      if (agentId === 'coordinator') return verdict('Two of three: refund it.', 'Refund it');
      return agentId === 'security_advisor'
        ? verdict('It may be fraud.', 'Wait', ['Ask the bank'])
        : verdict('It was taken twice.', 'Refund it', ['Refund the second payment']);
    });
    const last = played.scenes.at(-1);
    expect(last?.agentId).toBe('coordinator');
    for (const words of ['It may be fraud.', 'It was taken twice.']) expect(last?.read).toContain(words);
    expect(played.run).toMatchObject({
      status: 'succeeded',
      inputTokens: 400,
      result: {
        text: 'Two of three: refund it.',
        shared: [{ text: 'Refund the second payment', supporters: ['invoice_generator', 'refund_processor'] }],
        dissent: [{ text: 'Ask the bank', supporters: ['security_advisor'] }],
      },
    });
  });

  it('reads a form that does not fit with its fault told, and the next one counts', async () => {
    const agents = [{ agentId: 'refund_processor' }, { agentId: 'invoice_generator' }];
    const played = await play({ pattern: 'parallel', agents, aggregate: 'vote', options: ['yes', 'no'] }, ({ agentId, nth }) =>
      verdict('So I say.', agentId === 'refund_processor' && nth === 0 ? 'perhaps' : 'yes'),
    );
    expect(played.scenes.find(({ agentId, nth }) => agentId === 'refund_processor' && nth === 1)?.read).toContain('must be one of yes, no');
    expect(played.run.result).toMatchObject({ outcome: 'decided', position: 'yes', agreement: 1 });
  });
});
