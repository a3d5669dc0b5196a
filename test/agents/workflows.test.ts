/** The named workflows as they ship, with the real agents and tools: each runs to its end with the offline model, with every participant heard. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askedBy, loadNamedWorkflows, type NamedWorkflows } from '../../src/orchestration/named-workflows.ts';
import { agentsOf } from '../../src/orchestration/workflow-input.ts';
import { openAgentWalk, type AgentWalk } from '../support/agent-walk.ts';
import { AGENTS } from '../support/signals.ts';

const QUESTIONS: Readonly<Record<string, string>> = {
  answer_quality_gate: 'How long do I have to ask for a refund?',
  billing_dispute: 'I was charged twice in May and I want one of the charges back.',
  break_in_response: 'Somebody we do not know has signed in to our account and made API keys.',
  cancellation_review: 'We want to cancel because it has become too expensive.',
  churn_rescue: 'We are thinking of leaving: hardly anybody uses the timeline.',
  customer_onboarding_review: 'How far are we with setting up, and what should we do next?',
  incident_communication: 'The webhooks of our workspace have not arrived since this morning.',
  lost_work_search: 'A project that we worked on last week is gone.',
  plan_fit_vote: 'Which plan fits us: we are 12 people and need the API?',
  refund_above_grant: 'Please refund the annual payment of last week, it was a mistake.',
  security_questionnaire: 'Is data encrypted, where is it hosted, and do you have SOC 2?',
  technical_architecture_review: 'We want to sync tasks with our ERP over the API with webhooks and SSO.',
};

let walk: AgentWalk;
let workflows: NamedWorkflows;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true, articles: true });
  workflows = await loadNamedWorkflows(AGENTS, { has: (id) => walk.catalog.get(id) !== null });
});
afterAll(() => walk.close());

describe('a named workflow', () => {
  it('has a question here, each of them', () => {
    expect(workflows.all.map(({ id }) => id)).toEqual(Object.keys(QUESTIONS));
  });

  it.each(Object.entries(QUESTIONS))('%s runs to its end with the offline model', async (id, question) => {
    const named = workflows.get(id);
    if (!named) throw new Error(`there is no workflow ${id}`);
    const { run } = await walk.together({ name: id, text: askedBy(named, question), workflow: named.input });
    const steps = await walk.database.runStep.findMany({ where: { runId: run.id, agentId: { not: null } } });
    expect(run).toMatchObject({ status: 'succeeded', errorCode: null });
    // The offline model puts nothing together, so no coordinator is asked.
    const parts = agentsOf(named.input).filter((agentId) => agentId !== 'coordinator');
    expect(new Set(steps.map(({ agentId }) => agentId))).toEqual(new Set(parts));
    // A step whose condition does not hold is skipped, and one that is not needed any more is stopped.
    expect(steps.filter(({ status }) => status === 'failed' || status === 'running')).toEqual([]);
  });
});
