/** What the tools around using the product hear in a customer's words, without a language model; null: the tool is not called. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openToolbox, type Toolbox } from './fixtures.ts';

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

describe('inference', () => {
  const heard = (name: string, text: string) => box.tools.get(name)?.infer({ text, earlier: [] }) ?? null;

  it.each([
    ['find_onboarding', 'We just signed up, where do we start?', {}],
    ['find_onboarding', 'hello', null],
    ['list_features', 'Teach me automations', { feature: 'automations' }],
    ['list_features', 'any advanced tips and tricks?', { level: 'advanced' }],
    ['list_features', 'the dashboard shows an error, explain', null],
    ['find_feature_use', 'I feel I only use ten percent of it, what am I missing', {}],
    ['find_feature_use', 'how often do we use automations?', { feature: 'automations' }],
    ['review_workflow', 'there is far too much manual work in our team', {}],
    ['review_workflow', 'where is the search', null],
    ['plan_export', 'get our hours of May into Excel', { kind: 'timesheet', format: 'excel' }],
    ['plan_export', 'Exporting 9,000 tasks stops at 1,000 rows', { kind: 'tasks', problem: 'missing_rows', entries: 9_000 }],
    ['plan_export', 'the exported csv has weird characters', { format: 'csv', problem: 'letters' }],
    ['plan_export', 'send me my invoice as pdf', null],
    ['plan_export', 'import from Trello', null],
    ['plan_import', 'we switch from Monday.com next month with about 40 boards', { source: 'monday', boards: 40 }],
    ['plan_import', 'importing 85,000 tickets from Jira Server', { source: 'jira' }],
    ['plan_import', 'could not parse line 18', { problem: 'stopped' }],
    ['plan_import', 'see you on Monday', null],
    ['find_sharing', 'my client should see one board without an account', { with: 'public' }],
    ['find_sharing', 'share a project with my team', { with: 'team' }],
    ['find_sharing', 'does the free plan include guests?', null],
  ] as const)('%s hears: %s', (name, text, expected) => {
    const input = heard(name, text);
    if (expected === null) expect(input).toBeNull();
    else expect(input).toMatchObject(expected);
  });

  it('is quick on hostile text', () => {
    for (const text of ['export '.repeat(1_000), 'import from '.repeat(800), `${'share with '.repeat(600)}!`, 'a'.repeat(10_000), '1 '.repeat(5_000)])
      for (const name of ['find_onboarding', 'list_features', 'find_feature_use', 'review_workflow', 'plan_export', 'plan_import', 'find_sharing'])
        expect(() => heard(name, text)).not.toThrow();
  });
});
