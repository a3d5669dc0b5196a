/** What the offline model puts into the forms of a workflow, from what it has said. */
import { describe, expect, test } from 'vitest';
import { verdictForm } from '../../src/orchestration/forms.ts';
import { Verdict } from '../../src/orchestration/verdict.ts';

const PLANS = ['Free', 'Basic', 'Premium'];

function offline(text: string, options?: readonly string[]): Verdict {
  const form = verdictForm(options);
  const read = form.read(form.tool.fromAnswer?.({ text, results: [] }));
  if (typeof read === 'string') throw new Error(read);
  return Verdict.parse(read.value);
}

describe('what the offline model puts into a verdict', () => {
  test('is the option its answer names most', () => {
    expect(offline('Free is small. Premium has the API, and Premium has dashboards; Basic has neither.', PLANS)).toMatchObject({
      position: 'Premium',
      confidence: 0.7,
    });
  });

  test('is an option named whole before one named in part', () => {
    expect(offline('Refund, refund, refund: the charge stands.', ['refund now', 'the charge stands']).position).toBe('the charge stands');
  });

  test('is the first option, unsure, when the answer names none', () => {
    expect(offline('I do not know.', PLANS)).toMatchObject({ position: 'Free', confidence: 0.2 });
  });

  test('without options is the first entry of a list, not the whole of it', () => {
    expect(offline('- Two-factor: not required; 2 use it\n- Sessions end after 30 days', undefined)).toMatchObject({
      position: 'Two-factor: not required; 2 use it',
      recommendations: ['Two-factor: not required; 2 use it', 'Sessions end after 30 days'],
    });
  });

  test('ends at a whole word where it has to be cut', () => {
    const { position } = offline(`${'reasonable '.repeat(30)}end.`);
    expect(position).toMatch(/^(reasonable )+reasonable\.\.\.$/);
    expect(position.length).toBeLessThanOrEqual(120);
  });
});
