/** The scalars of the schema, Money, and how closed lists become enums. Formats only: sums are computed where they are written. */
import { GraphQLError } from 'graphql';
import type { DecimalLike } from '../store/money.ts';
import { builder } from './builder.ts';
import { PART } from './rule.ts';

builder.scalarType('DateTime', {
  description: 'A moment in UTC as ISO 8601 with milliseconds: "2026-03-01T09:30:00.000Z".',
  serialize: (value) => (value instanceof Date ? value : new Date(value)).toISOString(),
  parseValue: (value) => {
    const at = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? new Date(value) : null;
    if (!at || Number.isNaN(at.getTime())) throw new GraphQLError('This is not a moment in ISO 8601.');
    return at;
  },
});

builder.scalarType('JSON', {
  description: 'Any JSON value: an object, a list, text, a number, true, false or null.',
  serialize: (value) => value,
  parseValue: (value) => value,
});

builder.scalarType('Position', {
  description: 'Where a reader stands in a subscription. Opaque text: pass back one that an item carried, unchanged. It is a place, not a permission.',
  serialize: (value) => value,
  // Only its form as text is checked here: the subscription itself refuses garbage, naming the argument.
  parseValue: (value) => {
    if (typeof value !== 'string') throw new GraphQLError('A position is text.');
    return value;
  },
});

interface Sum {
  readonly amount: string;
  readonly currency: string;
}

export const Money = builder.objectRef<Sum>('Money').implement({
  ...PART,
  description: 'A sum of money. Never a floating-point number.',
  fields: (t) => ({
    amount: t.exposeString('amount', { description: 'Plain decimal text: "12.50". Two places for what customers pay, up to six for the cost of models.' }),
    currency: t.exposeString('currency', { description: 'ISO 4217 code: "USD".' }),
  }),
});

/** A stored sum with two places, as customers read it. */
export function moneyOf(amount: { toFixed(places: number): string }, currency: string): Sum {
  return { amount: amount.toFixed(2), currency };
}

/** What models cost: US dollars with up to six places and no needless zeros. */
export function costOf(amount: DecimalLike | string): Sum {
  return { amount: typeof amount === 'string' ? amount : amount.toFixed(), currency: 'USD' };
}

type UpperCased<Value extends string> = { [V in Value as Uppercase<V>]: { readonly value: V; readonly description: string } };

/** Enum values in upper case for the values of a row, each with its description. */
export function upperCased<Value extends string>(descriptions: Readonly<Record<Value, string>>): UpperCased<Value> {
  const entries = Object.entries(descriptions).map(([value, description]) => [value.toUpperCase(), { value, description }]);
  return Object.fromEntries(entries) as UpperCased<Value>;
}
