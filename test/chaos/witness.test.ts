/** The witness of the storms is worth as much as what it notices. */
import { describe, expect, it } from 'vitest';
import { createTally, type Fault } from './tally.ts';
import { createChronicle, createWitness, type Item } from './witness.ts';

const READY: Item = { __typename: 'StreamReady', status: 'RECOVERED', epoch: 'e', position: 'e.0', sequence: 0 };
const FIRST = delta(1, 0, 'One ');
const SECOND = delta(2, 4, 'two ');
const THIRD = delta(3, 8, 'three.');
const END: Item = { ...at('MessageFinished', 4), message: row('One two three.') };

describe('a witness', () => {
  it('finds nothing wrong with what is right', () => {
    expect(faultsOf([READY, FIRST, SECOND, THIRD, END])).toEqual({});
  });

  it.each<[string, Fault, readonly Item[]]>([
    ['a piece that is missing', 'lost', [READY, FIRST, THIRD]],
    ['a last piece that is missing', 'lost', [READY, FIRST, SECOND, END]],
    ['a piece that comes again', 'doubled', [READY, FIRST, FIRST, SECOND]],
    ['a piece that comes again as a new one', 'doubled', [READY, FIRST, { ...FIRST, position: 'e.2', sequence: 2 }]],
    ['an end that comes again', 'doubled', [READY, FIRST, SECOND, THIRD, END, END]],
    ['another item at a place that was heard', 'disordered', [READY, at('RunStarted', 1), at('RunFinished', 1)]],
    ['an older attempt', 'unannounced', [READY, { ...at('MessageReset', 1), messageId: 'm', attempt: 2 }, FIRST, { ...SECOND, attempt: 1 }]],
    ['a stream that goes on elsewhere', 'unannounced', [READY, FIRST, { ...READY, epoch: 'f', position: 'f.1', sequence: 1 }]],
    ['a stream that starts at the present', 'lost', [{ ...READY, status: 'LIVE' }]],
    ['a reset that was announced and does not come', 'unannounced', [{ ...READY, status: 'RESET', epoch: 'f' }, FIRST]],
  ])('notices %s', (_what, fault, items) => {
    expect(faultsOf(items)).toHaveProperty(fault);
  });

  it('notices an item that others heard and it did not', () => {
    const tally = createTally();
    const chronicle = createChronicle('conv');
    const [one, other] = [createWitness(chronicle, 'e.0', tally), createWitness(chronicle, 'e.0', tally)];
    for (const witness of [one, other]) witness.begin();
    for (const item of [READY, at('RunStarted', 1), at('RunFinished', 2)]) one.take(item);
    for (const item of [READY, at('RunFinished', 2)]) other.take(item);
    one.judge([]);
    expect(tally.faults.get('lost')).toBe(0);
    other.judge([]);
    expect(tally.faults.get('lost')).toBe(1);
  });

  it('notices at the end what it does not hold as the row says', () => {
    const tally = createTally();
    const witness = createWitness(createChronicle('conv'), 'e.0', tally);
    witness.judge([row('One two three.')]);
    expect(tally.faults.get('lost')).toBe(1);
  });

  it('accepts a break that is announced, and the text from its beginning after it', () => {
    const reset: Item = { __typename: 'StreamReset', reason: 'EPOCH', epoch: 'f', position: 'f.0', sequence: 0 };
    expect(faultsOf([READY, FIRST, reset, delta(1, 4, 'two ', 'f'), delta(2, 0, 'One two three.', 'f'), { ...END, position: 'f.4' }])).toEqual({});
  });
});

function at(kind: string, sequence: number, epoch = 'e'): Item {
  return { __typename: kind, position: `${epoch}.${sequence}`, sequence };
}

function delta(sequence: number, offset: number, text: string, epoch = 'e'): Item {
  return { ...at('TextDelta', sequence, epoch), messageId: 'm', attempt: 1, offset, text };
}

function row(text: string) {
  return { id: 'm', role: 'AGENT', status: 'COMPLETE', text };
}

function faultsOf(items: readonly Item[]): Record<string, number> {
  const tally = createTally();
  const witness = createWitness(createChronicle('conv'), 'e.0', tally);
  witness.begin();
  for (const item of items) {
    if (item.__typename === 'StreamReady') witness.begin();
    witness.take(item);
  }
  return Object.fromEntries([...tally.faults].filter(([, count]) => count > 0));
}
