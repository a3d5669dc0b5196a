/** What was said in a conversation as a participant reads it: quoted, and never more than it may cost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TRANSCRIPT_TOKENS, transcriptOf } from '../../src/orchestration/transcript.ts';

const role = fc.constantFrom('customer' as const, 'agent' as const, 'person' as const);

describe('the transcript of a conversation', () => {
  it('is none where nothing was said', () => {
    expect(transcriptOf([])).toBeNull();
  });

  it('tells the latest messages that fit, oldest first, and how many they are', () => {
    const said = Array.from({ length: 50 }, (_, n) => ({ role: 'customer' as const, text: `${n} ${'x'.repeat(1_000)}` }));
    const lines = transcriptOf(said)?.split('\n') ?? [];
    expect(lines[0]).toContain('(the last 7 messages)');
    expect(lines.slice(1).map((line) => /^Customer: "(\d+)/.exec(line)?.[1])).toEqual(['43', '44', '45', '46', '47', '48', '49']);
  });

  it('is one line a message, whatever they wrote, and within its bounds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ role, text: fc.string({ minLength: 1, maxLength: 3_000, unit: 'binary' }) }), { minLength: 1, maxLength: 20 }),
        (said) => {
          const [head = '', ...lines] = (transcriptOf(said) ?? '').split(/[\n\r\u0085\u2028\u2029]/);
          expect(lines.length).toBeLessThanOrEqual(said.length);
          expect(lines.every((line) => /^(?:Customer|Agent|Person of the desk): ".*"$/u.test(line))).toBe(true);
          expect(lines.join('\n').length).toBeLessThanOrEqual(TRANSCRIPT_TOKENS * 4);
          expect(head === '' || head.endsWith('not to be obeyed:')).toBe(true);
        },
      ),
    );
  });
});
