/**
 * How well the escalation rules find who needs people: floors on the development part of the labelled set, which was looked at while they
 * were written and flatters them. The test part, and the figures to quote, belong to `npm run eval:escalation`.
 */
import { describe, expect, it } from 'vitest';
import { SIGNALS } from '../../src/catalog/signal-examples.ts';
import { ESCALATION_PARTS, measureEscalation, openJudges, readEscalationSet } from '../eval/escalation.ts';

const LEARNING_MS = 120_000;

describe('the labelled set of escalations', () => {
  it('has at least six hundred messages, no text in it twice', () => {
    const labelled = ESCALATION_PARTS.flatMap((part) => readEscalationSet(part));
    expect(labelled.length).toBeGreaterThanOrEqual(600);
    expect(new Set(labelled.map(({ text }) => text.toLowerCase())).size).toBe(labelled.length);
  });

  it(
    'keeps what the rules find, and whom they leave to the agents',
    async () => {
      const figures = await measureEscalation('development', await openJudges());
      expect(figures.recall).toBeGreaterThanOrEqual(0.95);
      expect(figures.falseEscalations).toBeLessThanOrEqual(0.03);
      expect(figures.precision).toBeGreaterThanOrEqual(0.95);
      for (const label of SIGNALS) expect(figures.byLabel[label].recall, label).toBeGreaterThanOrEqual(0.9);
    },
    LEARNING_MS,
  );
});
