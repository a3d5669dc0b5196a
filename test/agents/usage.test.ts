/** The six agents around using the product, on the demo rows: what they read reaches the customer, what they change is in the database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAgentWalk, type AgentWalk, type Walked } from '../support/agent-walk.ts';

let walk: AgentWalk;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true, articles: true });
});
afterAll(() => walk.close());

const ask = (agentId: string, text: string): Promise<Walked> => walk.say({ agentId, customerId: walk.demo, text });

/** One call chosen by the script, then the words; the summary of the call is what counts. */
async function call(agentId: string, text: string, name: string, input: unknown): Promise<Walked & { readonly summary: string; readonly failed: boolean }> {
  const walked = await walk.say({ agentId, customerId: walk.demo, text, script: [{ toolCalls: [{ name, input }] }, { text: 'There you are.' }] });
  const [result] = walked.tools;
  expect(walked.run).toMatchObject({ status: 'succeeded', agentId });
  expect(walked.tools.map(({ tool }) => tool)).toEqual([name]);
  return { ...walked, summary: result?.summary ?? '', failed: result?.failed ?? true };
}

function openSteps() {
  return walk.database.onboardingStep.findMany({ where: { customerId: walk.demo, doneAt: null }, select: { step: true }, orderBy: { step: 'asc' } });
}

describe('usage_agent', () => {
  it('reads the first steps of the workspace without a language model', async () => {
    const { text, tools } = await ask('usage_agent', 'We just signed up, what should we do first?');
    expect(tools.map(({ tool }) => tool)).toContain('find_onboarding');
    expect(text).toContain('done 8 of 10 steps of getting started');
  });

  it('ticks off the step that the customer says they did, and no other', async () => {
    expect(await openSteps()).toEqual([{ step: 'first_dashboard' }, { step: 'notifications' }]);
    const { summary, failed } = await call('usage_agent', 'Our first dashboard is ready!', 'complete_onboarding_step', { step: 'first_dashboard' });
    expect(failed).toBe(false);
    expect(summary).toContain('I have ticked off "make a dashboard". 9 of 10 steps are done');
    expect(await openSteps()).toEqual([{ step: 'notifications' }]);
  });

  it("ticks nothing off on words that are not the customer's", async () => {
    const { id } = await walk.database.customer.findFirstOrThrow({
      where: { AND: ['first_dashboard', 'notifications'].map((step) => ({ onboarding: { some: { step, doneAt: null } } })), id: { not: walk.demo } },
    });
    const script = [{ toolCalls: [{ name: 'complete_onboarding_step', input: { step: 'first_dashboard' } }] }, { text: 'I could not.' }];
    const { tools } = await walk.say({ agentId: 'usage_agent', customerId: id, text: 'Look at this:\n> The dashboard is ready.', script });
    expect(tools).toMatchObject([{ tool: 'complete_onboarding_step', failed: true }]);
    expect(await walk.database.onboardingStep.findFirst({ where: { customerId: id, step: 'first_dashboard' } })).toMatchObject({ doneAt: null });
  });
});

describe('feature_teacher', () => {
  it('opens the lesson with the feature and its article without a language model', async () => {
    const { text } = await ask('feature_teacher', 'Teach me dashboards please');
    expect(text).toContain('**Dashboards** (intermediate level) are there to show numbers and charts about a project');
    expect(text).toContain('Your Premium plan contains them.');
    expect(text).toMatch(/\*\*Create a dashboard\*\* \[\d\]/);
  });

  it('sees what the workspace leaves unused', async () => {
    const { summary } = await call('feature_teacher', 'What are we missing?', 'find_feature_use', {});
    const used = await walk.database.featureUse.findMany({ where: { customerId: walk.demo }, distinct: ['feature'], select: { feature: true } });
    expect(used.map(({ feature }) => feature)).not.toContain('forms');
    expect(summary).toMatch(/Nobody uses .*forms.*, which your plan contains\./);
  });
});

describe('workflow_optimizer', () => {
  it('reviews the last whole month without a language model', async () => {
    const { text } = await ask('workflow_optimizer', 'There is too much manual work in our team');
    expect(text).toMatch(/I looked at your workspace's figures of \w+ \d{4}: \d of \d checks are fine/);
    expect(text).toContain('nobody looks at a dashboard');
    expect(text).toMatch(/may save the whole team up to [\d.]+ hours a week/);
  });

  it('gives the model findings of the rows, with hours it need not work out', async () => {
    const { summary } = await call('workflow_optimizer', 'Please review our setup', 'review_workflow', {});
    expect(summary).toMatch(/None of [\d,]+ tasks comes back by itself\./);
  });
});

describe('export_specialist', () => {
  it('gives the steps to the file without a language model', async () => {
    const { text } = await ask('export_specialist', 'How do I get our timesheets into Excel?');
    expect(text).toContain('1. Open **Time > Team** in the side bar');
    expect(text).toContain('choose UTF-8; there is no own Excel file.');
  });

  it('orders a file for the address on file, on its way and not done', async () => {
    const { summary, failed } = await call('export_specialist', 'Please export all our tasks as CSV for me', 'request_export', {
      kind: 'tasks',
      format: 'csv',
    });
    expect({ summary, failed }).toMatchObject({ failed: false });
    expect(summary).toContain('is ordered');
    expect(await walk.database.exportRequest.findMany({ where: { customerId: walk.demo, kind: 'tasks' } })).toMatchObject([
      { format: 'csv', status: 'requested' },
    ]);
    expect(await walk.database.outboxMessage.findMany({ where: { customerId: walk.demo, kind: 'product' } })).toHaveLength(1);
    const personal = await call('export_specialist', 'Now my personal data as JSON', 'request_export', { kind: 'personal', format: 'json' });
    expect(personal.failed).toBe(true);
    expect(await walk.database.exportRequest.count({ where: { customerId: walk.demo, kind: 'personal', status: 'requested' } })).toBe(0);
  });

  it('opens a ticket for an export that keeps failing, once, and none beyond its grant', async () => {
    const bug = {
      kind: 'bug',
      title: 'Export of a project stops',
      description: 'The CSV export of one project stops twice with the same message.',
      severity: 'medium',
    };
    const opened = await call('export_specialist', 'It stopped again, please report it', 'open_ticket', bug);
    expect(opened.failed).toBe(false);
    expect(await walk.database.ticket.findMany({ where: { customerId: walk.demo, title: bug.title } })).toMatchObject([{ kind: 'bug', severity: 'medium' }]);
    const refused = await call('export_specialist', 'This is critical!', 'open_ticket', {
      ...bug,
      title: 'Export of all projects stops',
      severity: 'critical',
    });
    expect(refused.failed).toBe(true);
    expect(await walk.database.ticket.count({ where: { customerId: walk.demo, title: 'Export of all projects stops' } })).toBe(0);
  });
});

describe('import_specialist', () => {
  it('plans the move with mapping and time without a language model', async () => {
    const { text } = await ask('import_specialist', 'We want to bring 5,000 issues over from Jira');
    expect(text).toContain('an epic becomes a task with subtasks');
    expect(text).toContain('For 5,000 entries expect about 35 minutes');
  });

  it('knows the room that a small plan leaves', async () => {
    const customer = await walk.database.customer.findFirstOrThrow({ where: { plan: 'free', usage: { some: { metric: 'projects' } } } });
    const script = [{ toolCalls: [{ name: 'plan_import', input: { source: 'trello', boards: 9 } }] }, { text: 'There is not enough room.' }];
    const { tools } = await walk.say({ agentId: 'import_specialist', customerId: customer.id, text: 'We have 9 Trello boards', script });
    expect(tools[0]?.summary).toContain('Mind the limit of the Free plan: 3 projects');
    expect(tools[0]?.summary).toContain('Your 9 boards would not fit.');
  });
});

describe('collaboration_expert', () => {
  it('tells seats and the way in for a client without a language model', async () => {
    const { text } = await ask('collaboration_expert', 'My client should see one board and comment');
    expect(text).toContain('choose **Guest** and then');
    expect(text).toContain('28 of 30 seats in use');
  });

  it('counts only people of this workspace, addresses masked', async () => {
    const { summary } = await call('collaboration_expert', 'Who can see our things?', 'find_sharing', {});
    const guests = await walk.database.member.findMany({ where: { customerId: walk.demo, role: 'guest', status: { not: 'removed' } } });
    expect(summary).toContain(guests.length === 0 ? 'no guests' : `${guests.length} guest`);
    for (const { email } of guests) expect(summary).not.toContain(email);
  });
});
