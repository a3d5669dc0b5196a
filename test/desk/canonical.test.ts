/** What a decision is bound to: the order of keys does not matter, anything else does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash } from '../../src/desk/canonical.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** As JSON has it: what cannot be written cannot be stored either. */
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json);

/** The same value with its keys in another order, on every level. */
function shuffled(value: Json, order: (keys: string[]) => string[]): Json {
  if (Array.isArray(value)) return value.map((one) => shuffled(one, order));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(order(Object.keys(value)).map((key) => [key, shuffled(value[key] ?? null, order)]));
}

describe('the hash of arguments', () => {
  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(json, fc.integer({ min: 0, max: 7 }), (value, turn) => {
        const rotate = (keys: string[]): string[] => [...keys.slice(turn % (keys.length || 1)), ...keys.slice(0, turn % (keys.length || 1))].toReversed();
        expect(canonicalHash(shuffled(value, rotate))).toBe(canonicalHash(value));
      }),
    );
  });

  it('is another one for any other value', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        const same = JSON.stringify(shuffled(one, (keys) => keys.toSorted())) === JSON.stringify(shuffled(other, (keys) => keys.toSorted()));
        expect(canonicalHash(one) === canonicalHash(other)).toBe(same);
      }),
    );
  });

  it('is another one after any single change', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json, { minKeys: 1 }), fc.nat(), json, (fields, at, changed) => {
        const keys = Object.keys(fields);
        const key = keys[at % keys.length] ?? '';
        const before = canonicalHash(fields);
        expect(canonicalHash(Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key)))).not.toBe(before);
        expect(canonicalHash({ ...fields, [`${key}'`.padEnd(99)]: null })).not.toBe(before);
        const differs = canonicalHash(changed) !== canonicalHash(fields[key]);
        expect(canonicalHash(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, name === key ? changed : value]))) !== before).toBe(
          differs,
        );
      }),
    );
  });

  it.each<[Json, Json]>([
    [{ amount: '500.00' }, { amount: 500 }],
    [
      { a: 1, b: 2 },
      { a: 2, b: 1 },
    ],
    [
      ['a', 'b'],
      ['b', 'a'],
    ],
    [{ a: null }, {}],
    [{ a: { b: 1 } }, { 'a.b': 1 }],
    ['1', 1],
    [[], {}],
    [{ a: '1,"b":2' }, { a: '1', b: 2 }],
  ])('tells %j from %j', (one, other) => {
    expect(canonicalHash(one)).not.toBe(canonicalHash(other));
  });

  it('is that of the sorted JSON', () => {
    // printf '{"a":[1,{"c":null,"d":"x"}],"b":true}' | sha256sum
    expect(canonicalHash({ b: true, a: [1, { d: 'x', c: null }] })).toBe('f6658db83e97a2fdd06cd6f6f955685cab902bd0bb29f1fba8ecd342f46352e3');
  });
});
