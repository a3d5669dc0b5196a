/** How well the rules read messages: floors on the labelled set, whose figures `node test/eval/understanding.ts` prints. */
import { describe, expect, it } from 'vitest';
import { measure, readLabelled } from '../eval/understanding.ts';
import { learnedSignals } from '../support/signals.ts';

describe('the labelled set', () => {
  it('has at least two hundred messages, none of them in two parts', () => {
    const labelled = readLabelled();
    expect(labelled.length).toBeGreaterThanOrEqual(200);
    expect(new Set(labelled.map(({ text }) => text.toLowerCase())).size).toBe(labelled.length);
  });

  it('is read rightly where its author wrote the rules too', async () => {
    const { language, sign, emotion, urgency, complexity, entitiesF1 } = measure('test', await learnedSignals());
    for (const share of [language, sign, emotion, urgency, complexity, entitiesF1]) expect(share).toBeGreaterThan(0.9);
  });

  it('is read rightly most of the time in the words of others, which no rule has seen', async () => {
    const figures = measure('fresh', await learnedSignals());
    expect(figures.language).toBeGreaterThan(0.9);
    expect(figures.sign).toBeGreaterThan(0.75);
    expect(figures.emotion).toBeGreaterThan(0.7);
    expect(figures.urgency).toBeGreaterThan(0.75);
    expect(figures.complexity).toBeGreaterThan(0.9);
    expect(figures.entitiesF1).toBeGreaterThan(0.55);
  });
});
