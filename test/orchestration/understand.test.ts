/** What kind of message it is, and what routing gets to read. */
import { describe, expect, it } from 'vitest';
import { understand as understandAny, type Said } from '../../src/orchestration/understand.ts';
import { NO_SIGNALS } from '../support/signals.ts';
import { factsOf } from './facts.ts';

const understand = (said: Said) => understandAny(said, NO_SIGNALS);

function turnOf(text: string, asked = false): Said {
  return { customer: factsOf(), text, earlier: asked ? ['Earlier'] : [], now: new Date() };
}

describe('understanding a message', () => {
  it.each([
    ['Hi there, where is my invoice?', 'where is my invoice?'],
    ['Good morning!   Please\nexport my data', 'Please export my data'],
    ['Hello - cannot sign in', 'cannot sign in'],
    ['hey team: refund?', 'refund?'],
  ])('takes the greeting off %j', (text, subject) => {
    expect(understand(turnOf(text))).toMatchObject({ kind: 'question', subject });
  });

  it.each([
    'History of my invoices',
    'Highlight colours are gone',
    'Hide a board',
    'His seat is taken',
    'Hi-res images are blurry',
    'Heyday template is missing',
    'Hiring a designer',
  ])('leaves %j as it is: it only begins like a greeting', (text) => {
    expect(understand(turnOf(text))).toMatchObject({ kind: 'question', subject: text });
  });

  it.each(['Hi', 'hello!', 'Good evening everyone', 'Dear support,'])('knows %j as a greeting and keeps its words', (text) => {
    expect(understand(turnOf(text))).toMatchObject({ kind: 'greeting', subject: text });
  });

  it.each(['Thanks', 'thank you so much!', 'ok, thanks a lot', 'Perfect.', 'Thanks for your help'])('knows %j as thanks', (text) => {
    expect(understand(turnOf(text)).kind).toBe('thanks');
  });

  it('does not take a question that begins with thanks for thanks', () => {
    expect(understand(turnOf('Thanks, and where do I download the invoice?')).kind).toBe('question');
  });

  it('reads a few words as a follow-up only after an earlier message', () => {
    expect(understand(turnOf('and for annual?', true))).toMatchObject({ kind: 'follow_up', words: 3 });
    expect(understand(turnOf('and for annual?'))).toMatchObject({ kind: 'question' });
    expect(understand(turnOf('and what would it cost with annual billing?', true))).toMatchObject({ kind: 'question' });
  });

  it('answers a long message without a pause', () => {
    const { subject } = understand(turnOf(`hi ${'thanks '.repeat(20_000)}x`));
    expect(subject.startsWith('thanks')).toBe(true);
  });
});
