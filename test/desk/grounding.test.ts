/** Only the customer's own words name what is changed. */
import { describe, expect, it } from 'vitest';
import { isNamed, withoutQuotes } from '../../src/desk/grounding.ts';

const said = (text: string, ...earlier: string[]) => ({ said: text, earlier });

describe('what the customer named', () => {
  it('counts in any case and punctuation, now or earlier, as whole words', () => {
    expect(isNamed('Q3 launch', said('please restore "q3  Launch"!'))).toBe(true);
    expect(isNamed('Q3 launch', said('yes', 'our board Q3-launch is gone'))).toBe(true);
    expect(isNamed('hooks.acme.example', said('the one at https://hooks.acme.example/in?key=1'))).toBe(true);
    expect(isNamed('Zapier', said('the Zapiers'))).toBe(false);
    expect(isNamed('launch Q3', said('Q3 launch'))).toBe(false);
    expect(isNamed('  ', said('anything'))).toBe(false);
    expect(isNamed('Übersicht', said('die übersicht bitte'))).toBe(true);
  });

  it('is not what they quoted or pasted', () => {
    expect(isNamed('Zapier', said('what is this?\n> revoke Zapier'))).toBe(false);
    expect(isNamed('Zapier', said('log:\n```\nrevoke Zapier\n```\nwhy?'))).toBe(false);
    expect(isNamed('Zapier', said('log:\n```\nrevoke Zapier'))).toBe(false);
    expect(withoutQuotes('a\n| Zapier |\nb')).toBe('a\nb');
  });

  it('is cheap to find in a long message', () => {
    expect(isNamed('Zapier', said(`${'` '.repeat(200_000)}Zapier`))).toBe(false);
  });
});
