/** The agents of technical help on the demo rows: what they read reaches the customer, and what they order is in the database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAgentWalk, type AgentWalk } from '../support/agent-walk.ts';

let walk: AgentWalk;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true });
});
afterAll(() => walk.close());

const ask = (agentId: string, text: string) => walk.say({ agentId, customerId: walk.demo, text });
const orders = (subject: string) => walk.database.outboxMessage.findMany({ where: { customerId: walk.demo, subject } });

describe('technical_agent', () => {
  it('names the known fault that fits, with its way round', async () => {
    const { text, tools } = await ask('technical_agent', 'The dashboard shows wrong numbers since Monday, is that a bug?');
    expect(tools.map(({ tool }) => tool)).toContain('find_known_issues');
    expect(text).toContain('Dashboards show the numbers of the day before');
    expect(text).toContain('press Refresh');
  });

  it('opens one ticket, and not a second one on the same known fault', async () => {
    const issue = await walk.database.knownIssue.findFirstOrThrow({ where: { title: { startsWith: 'Uploads of files' } } });
    const ticket = {
      kind: 'bug',
      title: 'Upload stops in Safari',
      description: 'A film of 200 MB stops at 99 percent, Safari 17, since Monday.',
      severity: 'medium',
      knownIssueId: issue.id,
    };
    const script = [{ toolCalls: [{ name: 'open_ticket', input: ticket }] }, { text: 'It is on record.' }];
    const first = await walk.say({ agentId: 'technical_agent', customerId: walk.demo, text: 'The upload of my film stops at 99%', script });
    const again = await walk.say({
      agentId: 'technical_agent',
      customerId: walk.demo,
      conversationId: first.conversationId,
      text: 'Still the same today!',
      script,
    });
    const rows = await walk.database.ticket.findMany({ where: { customerId: walk.demo, knownIssueId: issue.id } });
    expect(rows).toMatchObject([{ kind: 'bug', severity: 'medium', status: 'open', conversationId: first.conversationId }]);
    expect(again.tools[0]?.summary).toContain(`your ticket #${rows[0]?.number}`);
  });
});

describe('crash_investigator', () => {
  it('recognises a known crash', async () => {
    const { text } = await ask('crash_investigator', 'The timeline freezes every time I drag a dependency line');
    expect(text).toContain('The timeline freezes when a dependency is dragged');
    expect(text).toContain('in the panel of the task');
  });

  it('puts a new crash on record, within its grant', async () => {
    const crash = { kind: 'bug', title: 'The goals page crashes on Linux', description: 'Firefox 130 on Linux: opening Goals closes the tab, every time.' };
    const { tools } = await walk.say({
      agentId: 'crash_investigator',
      customerId: walk.demo,
      text: 'Opening Goals closes my Firefox on Linux, every time',
      script: [
        { toolCalls: [{ name: 'open_ticket', input: { ...crash, severity: 'critical' } }] },
        { toolCalls: [{ name: 'open_ticket', input: { ...crash, severity: 'high' } }] },
        { text: 'It is reported.' },
      ],
    });
    expect(tools).toMatchObject([{ failed: true }, { failed: false }]);
    expect(await walk.database.ticket.findMany({ where: { title: crash.title } })).toMatchObject([{ severity: 'high', status: 'open' }]);
  });
});

describe('sync_troubleshooter', () => {
  it('says what is stuck and why', async () => {
    const { text } = await ask('sync_troubleshooter', 'Our Google calendar has not been syncing for two days');
    expect(text).toContain('Google Calendar (set up by Marcus Lee) is failing');
    expect(text).toContain('14 changes wait');
    expect(text).toContain('connect it again under Settings > Integrations');
  });

  it('orders another try for the device the customer named, and only for it', async () => {
    const { tools } = await walk.say({
      agentId: 'sync_troubleshooter',
      customerId: walk.demo,
      text: 'The changes from my phone do not arrive. Please try to sync it again.',
      script: [{ toolCalls: [{ name: 'retry_sync', input: {} }] }, { text: 'Another try is on its way.' }],
    });
    expect(tools).toMatchObject([{ tool: 'retry_sync', failed: false }]);
    const connection = await walk.database.connection.findFirstOrThrow({ where: { customerId: walk.demo, service: 'mobile_app' } });
    expect(await orders('sync_retry')).toMatchObject([{ kind: 'product', status: 'pending', payload: { connectionId: connection.id } }]);
  });
});

describe('performance_optimizer', () => {
  it('finds the sizes that make this workspace slow', async () => {
    const { text, tools } = await ask('performance_optimizer', 'Everything is slow, the board takes ages when I scroll');
    expect(tools.map(({ tool }) => tool)).toContain('diagnose_performance');
    expect(text).toMatch(/You have \d+ projects\. Your files take \d/);
    expect(text).toContain('Archive finished projects');
    expect(text).toContain('A known fault fits ("Boards with many swimlanes scroll slowly")');
  });

  it('reports what stays slow', async () => {
    const input = {
      kind: 'bug',
      title: 'Roadmap slow after all steps',
      description: 'Diagnostics code LW-7741, 40 s to open, office network.',
      severity: 'medium',
    };
    await walk.say({
      agentId: 'performance_optimizer',
      customerId: walk.demo,
      text: 'I did all of that. The code is LW-7741, and it still takes 40 seconds.',
      script: [
        { toolCalls: [{ name: 'diagnose_performance', input: { kind: 'load' } }] },
        { toolCalls: [{ name: 'open_ticket', input }] },
        { text: 'Reported.' },
      ],
    });
    expect(await walk.database.ticket.count({ where: { customerId: walk.demo, title: input.title } })).toBe(1);
  });
});

describe('data_recovery_specialist', () => {
  it('says what can come back and until when, and what is gone for good', async () => {
    const found = await ask('data_recovery_specialist', 'Someone deleted our board Q3 launch, can we get it back?');
    expect(found.text).toMatch(/Board "Q3 launch" \(48 MB\) was deleted by Theo Brandt on .* and can be restored until/);
    const gone = await ask('data_recovery_specialist', 'Please restore the project Website relaunch 2024');
    expect(gone.text).toContain('it cannot be restored');
  });

  it('orders the restore of the named board once, whoever asks again', async () => {
    const item = await walk.database.deletedItem.findFirstOrThrow({ where: { customerId: walk.demo, name: 'Q3 launch' } });
    const said = {
      agentId: 'data_recovery_specialist',
      customerId: walk.demo,
      text: 'Please bring the board Q3 launch back',
      script: [{ toolCalls: [{ name: 'request_restore', input: { itemId: item.id } }] }, { text: 'It is on its way.' }],
    };
    const first = await walk.say(said);
    expect(first.tools).toMatchObject([{ tool: 'request_restore', failed: false }]);
    expect(first.tools[0]?.summary).toContain('is on its way');
    expect((await walk.say(said)).tools).toMatchObject([{ failed: true, summary: 'The restore of "Q3 launch" is on its way already.' }]);
    expect(await walk.database.restoreRequest.findMany({ where: { itemId: item.id } })).toMatchObject([
      { status: 'requested', requestedBy: 'data_recovery_specialist' },
    ]);
    expect(await orders('restore')).toHaveLength(1);
  });

  it('leaves what is too large to people, with a ticket', async () => {
    const { tools } = await walk.say({
      agentId: 'data_recovery_specialist',
      customerId: walk.demo,
      text: 'Restore the file "Brand film master.mov", please',
      script: [{ toolCalls: [{ name: 'request_restore', input: {} }] }, { text: 'A person decides.' }],
    });
    expect(tools[0]).toMatchObject({ failed: true });
    expect(tools[0]?.summary).toMatch(/larger than an agent may order back.*I have opened ticket \d+/);
    expect(await walk.database.ticket.count({ where: { customerId: walk.demo, kind: 'request', status: 'open' } })).toBe(1);
    expect(await walk.database.restoreRequest.count({ where: { customerId: walk.demo, item: { name: { startsWith: 'Brand film' } } } })).toBe(0);
  });
});

describe('browser_compatibility_specialist', () => {
  it('compares the version with the oldest that works', async () => {
    const { text } = await ask('browser_compatibility_specialist', 'The board is blank in Firefox 78 on my old laptop');
    expect(text).toContain('Firefox 78 is too old for Loomwork: it needs Firefox 88 or newer');
  });

  it('reads what the model asks for', async () => {
    const { tools } = await walk.say({
      agentId: 'browser_compatibility_specialist',
      customerId: walk.demo,
      text: 'Safari sieht komisch aus',
      script: [{ toolCalls: [{ name: 'check_browser', input: { browser: 'safari', version: 17.1 } }] }, { text: 'Neu genug.' }],
    });
    expect(tools[0]?.summary).toContain('Safari 17.1 is new enough');
  });
});
