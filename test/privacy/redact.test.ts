/** What is taken out of a text and what stays, over everything customers write; and that doing it twice, or to a hostile text, is safe. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RedactionPolicy } from '../../src/privacy/kinds.ts';
import { redact } from '../../src/privacy/redact.ts';
import { HARMLESS, PERSONAL } from './examples.ts';
import { anyText } from './texts.ts';

const ALL: RedactionPolicy = { email: true, phone: true, keptDomains: ['loomwork.example'] };
const KEEP: RedactionPolicy = { email: false, phone: false, keptDomains: [] };

describe('redacting a text', () => {
  it('has examples enough to say something', () => {
    expect(PERSONAL.length).toBeGreaterThanOrEqual(150);
    expect(HARMLESS.length).toBeGreaterThanOrEqual(150);
    expect(new Set(PERSONAL.map(([text]) => text)).size).toBe(PERSONAL.length);
    expect(new Set(HARMLESS).size).toBe(HARMLESS.length);
  });

  it.each(PERSONAL)('takes what is personal out of %j', (text, redacted) => {
    const result = redact(text, ALL);
    expect(result.text).toBe(redacted);
    expect(result.found.length).toBeGreaterThan(0);
  });

  it.each(HARMLESS)('leaves %j as it is', (text) => {
    expect(redact(text, ALL)).toEqual({ text, found: [] });
  });

  it('finds the same inside a longer message', () => {
    for (const [text, redacted] of PERSONAL) {
      const around = (inner: string): string => `Hello there,\n\n${inner}\n\nKind regards, Anna`;
      expect(redact(around(text), ALL).text).toBe(around(redacted));
    }
    const all = HARMLESS.join('\n\n');
    expect(redact(all, ALL)).toEqual({ text: all, found: [] });
  });

  it('leaves addresses and phone numbers where the policy wants them, and takes the rest all the same', () => {
    const text = 'bob@example.com or +49 151 23456789, card 4242 4242 4242 4242, password: hunter2';
    expect(redact(text, KEEP).text).toBe('bob@example.com or +49 151 23456789, card [card ending 4242], password: [password]');
    expect(redact(text, { ...KEEP, email: true }).text).toMatch(/^\[e-mail\] or \+49 151 23456789,/);
    expect(redact(text, { ...KEEP, phone: true }).text).toMatch(/^bob@example\.com or \[phone\],/);
  });

  it('counts what it found by kind, and tells nothing else about it', () => {
    expect(redact('a@b.io, c@d.io and 4242424242424242', ALL).found).toEqual([
      { kind: 'email', count: 2 },
      { kind: 'card', count: 1 },
    ]);
  });

  it('finds nothing more in what it has redacted', () => {
    fc.assert(
      fc.property(anyText(), fc.constantFrom(ALL, KEEP), (text, policy) => {
        const once = redact(text, policy).text;
        expect(redact(once, policy)).toEqual({ text: once, found: [] });
      }),
      { numRuns: 3_000 },
    );
  });

  it('never lets a card number through, whatever stands around it', () => {
    fc.assert(
      fc.property(anyText(), fc.constantFrom('4242424242424242', '5555 5555 5555 4444', '3782-822463-10005'), anyText(), (before, card, after) => {
        expect(redact(`${before}\n${card}\n${after}`, ALL).text).not.toContain(`\n${card}\n`);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a hostile text of 300 KB', () => {
  const SIZE = 300_000;
  const units = [
    'a',
    '1',
    '1 ',
    '4242 ',
    '0 (',
    '(',
    '@',
    'a@',
    'a@a.',
    '-',
    '-----BEGIN ',
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN PRIVATE KEY----- a ',
    '[',
    '[card ending ',
    'password ',
    'password:',
    'password: "',
    'password is ',
    'key key_key-',
    'eyJa.',
    '//a:',
    'DE89 ',
    'AB 12 ',
    '.',
    '\n',
    '+49',
    'password: a!!!!!!!!',
    '\u{1F642}',
  ];

  it.each(units)('is read to its end, made of %j', (unit) => {
    // In linear time this takes moments; in quadratic time it does not end before the test is given up.
    const text = unit.repeat(Math.ceil(SIZE / unit.length));
    expect(redact(redact(text, ALL).text, ALL).found).toEqual([]);
  });
});
