/** What the words of a question stand for: slips of the finger, haste, other words for a thing, and words that say little. */
import { describe, expect, it } from 'vitest';
import { createSpelling } from '../../src/knowledge/spelling.ts';
import { understand } from '../../src/knowledge/understand.ts';

const asWritten = (word: string): string => word;

describe('mending a word', () => {
  const mend = createSpelling(
    new Map([
      ['receipt', 5],
      ['password', 9],
      ['passwords', 2],
      ['printed', 3],
      ['sort', 4],
      ['invoice', 7],
    ]),
  );

  it.each([
    ['swapped letters', 'reciept', 'receipt'],
    ['a letter left out', 'pasword', 'password'],
    ['a letter too many', 'invvoice', 'invoice'],
    ['a changed letter', 'imvoice', 'invoice'],
  ])('takes %s for a slip', (_, word, meant) => {
    // The first letter is trusted, the others are not.
    expect(mend(word)).toBe(word[0] === meant[0] ? meant : word);
  });

  it.each(['printer', 'short', 'pas', 'passwords', 'p4ssword', 'a'.repeat(10_000)])('leaves %.12s alone', (word) => {
    expect(mend(word)).toBe(word);
  });
});

describe('understanding a question', () => {
  const textsOf = (question: string): string[] => understand(question, asWritten).map(({ text }) => text);

  it('adds what articles call a thing, in the commonest languages and without accents too', () => {
    expect(textsOf('I want to be reimbursed')).toContain('refund');
    expect(textsOf('Passwort vergessen')).toEqual(expect.arrayContaining(['password', 'forgot password']));
    expect(textsOf('cambiar la contrasena')).toContain('password');
  });

  it('finds a wording with other words in its gap, but not across a sentence', () => {
    expect(textsOf('give us our money back')).toContain('money back');
    expect(textsOf('give the new intern a desk, a chair and some money, then come back')).not.toContain('money back');
  });

  it('counts a word and its meaning as one thing, and a phrase more than its words', () => {
    const [word, meaning] = understand('reimbursement', asWritten);
    expect(meaning?.thing).toBe(word?.thing);
    const terms = understand('log in', asWritten);
    const certaintyOf = (text: string): number => terms.find((term) => term.text === text)?.certainty ?? 0;
    expect(certaintyOf('sign in')).toBeGreaterThan(certaintyOf('log'));
  });

  it('lets everyday words and numbers weigh little, but not the codes of HTTP', () => {
    const terms = understand('since monday 17 requests answered 429', asWritten);
    const certaintyOf = (text: string): number => terms.find((term) => term.text === text)?.certainty ?? 0;
    expect(certaintyOf('monday')).toBeLessThan(certaintyOf('requests'));
    expect(certaintyOf('17')).toBeLessThan(certaintyOf('429'));
  });
});
