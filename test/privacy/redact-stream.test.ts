/** Redaction of text that streams: the same result for every way to cut it, and little held back on the way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RedactionPolicy } from '../../src/privacy/kinds.ts';
import { createRedactor, HELD_CHARS_MAX } from '../../src/privacy/redact-stream.ts';
import { redact } from '../../src/privacy/redact.ts';
import { HARMLESS, PERSONAL } from './examples.ts';
import { anyText, cutting } from './texts.ts';

const ALL: RedactionPolicy = { email: true, phone: true, keptDomains: ['loomwork.example'] };
const KEEP: RedactionPolicy = { email: false, phone: false, keptDomains: [] };

describe('redacting a stream', () => {
  it('gives for every cutting what it gives for the whole', () => {
    const texts = anyText().chain((text) => cutting(text).map((chunks) => ({ text, chunks })));
    fc.assert(
      fc.property(texts, fc.constantFrom(ALL, KEEP), ({ text, chunks }, policy) => {
        expect(streamed(chunks, policy)).toEqual(redact(text, policy));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['everything', ALL],
    ['what always goes', KEEP],
  ])('gives it for every example, cut at every single place and at all of them, when it takes out %s', (_, policy) => {
    for (const text of [...PERSONAL.map(([personal]) => personal), ...HARMLESS]) {
      const whole = redact(text, policy);
      expect(streamed(text.split(''), policy)).toEqual(whole);
      for (let at = 0; at <= text.length; at += 1) expect(streamed([text.slice(0, at), text.slice(at)], policy)).toEqual(whole);
    }
  });

  it('holds back the current word of ordinary prose and nothing before it where addresses are taken out', () => {
    const prose =
      'Thanks for your patience, Anna! I have looked at the invoice of May: it was charged twice because the first payment was pending.\n\n' +
      'Your password is not affected; the API key that you use stays valid. (Open **Settings > Billing** to see both charges.) Would that help?';
    const redactor = createRedactor(ALL);
    let out = '';
    for (let at = 0; at < prose.length; at += 1) {
      out += redactor.push(prose.charAt(at));
      const held = prose.slice(out.length, at + 1);
      expect(held).toMatch(/^(?:[(-]?[\p{L}\p{N}.-]*|[\p{L}.,;:!?*>)-]* ?)$/u);
    }
    expect(out + redactor.end()).toBe(prose);
  });

  it('lets a plain word go before its end where addresses stay, so that a model whose words begin with a blank is not a word late', () => {
    const redactor = createRedactor(KEEP);
    const pieces = ['You', ' find', ' the', ' secrets', ' under', ' Sett', 'ings', ' and', ' your', ' password', ' hunter2', ' but', ' AKIA'];
    expect(pieces.map((piece) => redactor.push(piece))).toEqual([...pieces.slice(0, 10), ' ', '[password] but', ' ']);
    expect(redactor.push('IOSFODNN7EXAMPLE') + redactor.end()).toBe('[API key]');
  });

  it.each(['sk', 'ghp', 'key', 'DE', 'AB', 'de', 'we', 'I', 'eyJhbG', 'xoxb', 'whs'])(
    'keeps "%s", which an id or a key may begin with, until more is known',
    (start) => {
      expect(createRedactor(KEEP).push(start)).toBe('');
    },
  );

  it('never holds back more than its bound', () => {
    const units = ['1 ', '4242 (', 'a', 'password: "a b ', '-----BEGIN A ', '(0) ', '//a:', 'AB 12 ', '[card ending ', 'DE89 3', 'a@'];
    const long = fc.constantFrom(...units).map((unit) => unit.repeat(200));
    fc.assert(
      fc.property(anyText(), fc.oneof(anyText(), long), fc.nat(), (before, after, at) => {
        const redactor = createRedactor(ALL);
        redactor.push(before + after.slice(0, at % (after.length + 1)));
        // What the end gives had been held until then.
        expect(redactor.end().length).toBeLessThanOrEqual(HELD_CHARS_MAX);
      }),
      { numRuns: 2_000 },
    );
  });

  it('goes on with text as soon as a number turns out to be none', () => {
    const redactor = createRedactor(ALL);
    expect(redactor.push('You have 25')).toBe('You have ');
    expect(redactor.push(' seats')).toBe('25 ');
    expect(redactor.push(' and')).toBe('seats ');
    expect(redactor.end()).toBe('and');
  });

  it('says that a key stands there before it has come to its end', () => {
    const redactor = createRedactor(ALL);
    expect(redactor.push('-----BEGIN PRIVATE KEY-----\n')).toBe('[private key]');
    for (let line = 0; line < 1_000; line += 1) expect(redactor.push('MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n')).toBe('');
    expect(redactor.push('-----END PRIVATE KEY-----\nDone. ')).toBe('\nDone. ');
    expect(redactor.found()).toEqual([{ kind: 'private_key', count: 1 }]);
  });

  it('leaves a token of any length out to its end', () => {
    const token = `eyJhbGciOiJIUzI1NiJ9.${'a1B2'.repeat(2_000)}.${'c3D4'.repeat(20)}`;
    expect(redact(`token ${token} ends`, ALL).text).toBe('token [API key] ends');
    expect(redact(`I have ${token}, and more`, ALL).text).toBe('I have [API key], and more');
  });

  it('never sends half of a character out', () => {
    const redactor = createRedactor(ALL);
    expect(redactor.push('\ud83d')).toBe('');
    expect(redactor.push('\ude42 ')).toBe('\u{1F642} ');
  });

  it('begins anew after its end, and goes on counting', () => {
    const redactor = createRedactor(ALL);
    expect(redactor.push('my password is') + redactor.end()).toBe('my password is');
    expect(redactor.push(' hunter2 a@b.io') + redactor.end()).toBe(' hunter2 [e-mail]');
    expect(redactor.push('c@d.io') + redactor.end()).toBe('[e-mail]');
    expect(redactor.found()).toEqual([{ kind: 'email', count: 2 }]);
  });
});

function streamed(chunks: readonly string[], policy: RedactionPolicy): ReturnType<typeof redact> {
  const redactor = createRedactor(policy);
  let text = '';
  for (const chunk of chunks) text += redactor.push(chunk);
  return { text: text + redactor.end(), found: redactor.found() };
}
