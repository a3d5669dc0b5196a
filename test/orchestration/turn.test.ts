/** What a model gets to see of a conversation. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recall, type Turn, type TurnMessage } from '../../src/orchestration/turn.ts';

function turnOf(text: string, history: readonly TurnMessage[]): Pick<Turn, 'text' | 'history'> {
  return { text, history };
}

const said = (role: TurnMessage['role'], text: string): TurnMessage => ({ role, text });

describe('recalling a conversation', () => {
  it('keeps the latest messages that fit, oldest first, and the question whole at the end', () => {
    const history = [said('customer', 'a'.repeat(40)), said('agent', 'b'.repeat(40)), said('customer', 'c'.repeat(40)), said('agent', 'd'.repeat(40))];
    // 30 tokens are about 120 characters: the question and the two before it.
    expect(recall(turnOf('q'.repeat(40), history), 30)).toEqual([
      { role: 'user', text: 'c'.repeat(40) },
      { role: 'assistant', text: 'd'.repeat(40) },
      { role: 'user', text: 'q'.repeat(40) },
    ]);
  });

  it('gives a question longer than the budget whole and alone', () => {
    expect(recall(turnOf('q'.repeat(1_000), [said('customer', 'before')]), 10)).toEqual([{ role: 'user', text: 'q'.repeat(1_000) }]);
  });

  it('never begins with an answer whose question did not fit', () => {
    expect(recall(turnOf('why?', [said('customer', 'x'.repeat(400)), said('agent', 'short')]), 20)).toEqual([{ role: 'user', text: 'why?' }]);
  });

  it('joins what one side said in a row, and says when a person of the desk wrote', () => {
    const history = [said('customer', 'one'), said('customer', 'two'), said('agent', 'three'), said('person', 'four')];
    expect(recall(turnOf('five', history), 100)).toEqual([
      { role: 'user', text: 'one\n\ntwo' },
      { role: 'assistant', text: 'three\n\n(A colleague of the support desk wrote:) four' },
      { role: 'user', text: 'five' },
    ]);
  });

  it('always alternates, begins and ends with the customer, and stays within the budget', () => {
    const message = fc.record({
      role: fc.constantFrom('customer' as const, 'agent' as const, 'person' as const),
      text: fc.string({ minLength: 1, maxLength: 60 }),
    });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 30 }),
        fc.string({ minLength: 1, maxLength: 60 }),
        fc.integer({ min: 20, max: 200 }),
        (history, text, tokensMax) => {
          const recalled = recall(turnOf(text, history), tokensMax);
          expect(recalled.map(({ role }) => role)).toEqual(recalled.map((_, at) => (at % 2 === 0 ? 'user' : 'assistant')));
          expect(recalled.length % 2).toBe(1);
          const last = recalled.at(-1);
          expect(last?.role === 'user' && last.text.endsWith(text)).toBe(true);
          const kept = history.filter(({ text: words }) => recalled.some((one) => 'text' in one && one.text.includes(words)));
          expect(kept.length).toBeLessThanOrEqual(history.length);
        },
      ),
    );
  });
});
