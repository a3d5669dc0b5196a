/**
 * Exact sums of money: whole cents in and out, rounded half to even once per step. Floating point never holds an amount between
 * two operations. Knows no prices and converts no currencies.
 */

export interface Money {
  readonly amountCents: number;
  /** ISO 4217 code. */
  readonly currency: string;
}

/** Anything that prints itself as a plain decimal: Prisma's Decimal does, without an exponent. */
export interface DecimalLike {
  toFixed(): string;
}

/** What a customer reads: `$1,250.00`, `-$20.00`, `€9.50`. */
export function formatMoney({ amountCents, currency }: Money): string {
  assertCents(amountCents);
  // Only printed, never computed with: a double holds two places exactly enough up to 70 trillion.
  return formatterOf(currency).format(amountCents / 100);
}

/** Cents as a decimal string with two places, which Prisma accepts wherever it stores a Decimal. */
export function decimalText(cents: number): string {
  assertCents(cents);
  const digits = Math.abs(cents).toString().padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/**
 * The cents of a stored sum.
 * @throws RangeError for more than two decimal places: a sum of money never has them, so it is not one.
 */
export function centsOf(sum: DecimalLike | string): number {
  const text = typeof sum === 'string' ? sum : sum.toFixed();
  const match = /^(-?)(\d+)(?:\.(\d{1,2})0*)?$/.exec(text);
  if (!match) throw new RangeError('not a sum in whole cents');
  const [, sign = '', whole = '0', fraction = ''] = match;
  const cents = Number(`${whole}${fraction.padEnd(2, '0')}`);
  assertCents(cents);
  return sign === '-' && cents !== 0 ? -cents : cents;
}

/**
 * `cents * numerator / denominator`, rounded half to even.
 * @param denominator A positive whole number.
 */
export function portion(cents: number, numerator: number, denominator: number): number {
  assertCents(cents);
  if (!Number.isSafeInteger(numerator) || !Number.isSafeInteger(denominator) || denominator <= 0) {
    throw new RangeError('a portion needs whole numbers and a positive denominator');
  }
  return divideHalfEven(BigInt(cents) * BigInt(numerator), BigInt(denominator));
}

/** @param percent With at most two decimal places, as the rows store it. */
export function percentOf(cents: number, percent: number): number {
  return portion(cents, Math.round(percent * 100), 10_000);
}

export function sumCents(amounts: Iterable<number>): number {
  let sum = 0;
  for (const cents of amounts) sum += cents;
  assertCents(sum);
  return sum;
}

const formatters = new Map<string, Intl.NumberFormat>();

function formatterOf(currency: string): Intl.NumberFormat {
  const known = formatters.get(currency);
  if (known) return known;
  const made = new Intl.NumberFormat('en-US', { style: 'currency', currency });
  // Currencies come from rows; the bound only keeps a mistake from growing without end.
  if (formatters.size < 64) formatters.set(currency, made);
  return made;
}

function divideHalfEven(numerator: bigint, denominator: bigint): number {
  const negative = numerator < 0n;
  const size = negative ? -numerator : numerator;
  const floor = size / denominator;
  const twice = (size % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && floor % 2n === 1n);
  const cents = Number(up ? floor + 1n : floor);
  assertCents(cents);
  return negative && cents !== 0 ? -cents : cents;
}

function assertCents(cents: number): void {
  if (!Number.isSafeInteger(cents)) throw new RangeError('an amount must be whole cents');
}
