/** Texts for properties: pieces of everything that the redactor knows, joined without sense, so that they run into each other. */
import fc from 'fast-check';
import { HARMLESS, PERSONAL } from './examples.ts';

const PIECES: readonly string[] = [
  '4242424242424242|4242 4242 4242 4242|4242|12|7|0|2341 2341 2346|86095742719|123-45-6789|0151 23456789|+49|(0)|(555)|12345678Z|AB123456C|AB|12 34 56 C',
  'DE89|3704 0044 0532 0130 00|DE89370400440532013000|52998224725|01.02.2026|10.4.0|password|Passwort|clave|mot de passe|key|token|Bearer|cvc|pin|is|ist|es|not',
  'now|for|order|phone|ssn|card|hunter2|sunshine|Zx81Kp02Lq93Mw74|pk_live_abcdefghijklmnop1234567890|eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc',
  'bob@example.com|bob|@|example.com|support@loomwork.example|https://|//|user:|git@|-----BEGIN PRIVATE KEY-----|-----BEGIN |PRIVATE KEY|-----|and|/',
  '-----END PRIVATE KEY-----|MIIEvQIBADANBgkqhkiG9w0BAQEFAASC|Proc-Type:|ab==|[password]|[card ending 4242]|[card ending |[e-mail|[|]|[phone]|[private key]',
  '[national id]|[API key]|[IBAN]|[card code]| | | | |  |\n|\n\n|\t|\u00a0|.|,|:|: |=|"|\'|`|“|”|-| - |/|(|)|&|?|!|#|$|*|<|>|+|_|%|…|–|ñ|Ü|密码|\u{1F642}|\ud83d|\ude42',
]
  .flatMap((row) => row.split('|'))
  .concat('|', 'a1'.repeat(120), 'x'.repeat(100), '1 '.repeat(40), '9'.repeat(70));

export function anyText(): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...PIECES) },
    { weight: 2, arbitrary: fc.constantFrom(...PERSONAL.map(([text]) => text), ...HARMLESS) },
    { weight: 2, arbitrary: fc.string({ maxLength: 6 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
    { weight: 2, arbitrary: fc.stringMatching(/^[\d .()/+-]{1,24}$/) },
  );
  return fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''));
}

/** The text in pieces, cut where it happens: empty ones and single characters included. */
export function cutting(text: string): fc.Arbitrary<readonly string[]> {
  const everywhere = fc.constant(Array.from({ length: text.length }, (_, at) => at));
  const somewhere = fc.array(fc.nat({ max: text.length }), { maxLength: 30 }).map((cuts) => cuts.toSorted((a, b) => a - b));
  return fc
    .oneof({ weight: 1, arbitrary: everywhere }, { weight: 3, arbitrary: somewhere })
    .map((cuts) => [...cuts.map((to, index) => text.slice(index === 0 ? 0 : cuts[index - 1], to)), text.slice(cuts.at(-1) ?? 0)]);
}
