/** The codec: what goes in comes out, and nothing else does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEvent, encodeEvent } from '../../src/events/codec.ts';
import { ParleyEvent } from '../../src/events/event.ts';

const at = '2026-01-01T00:00:00.000Z';
const DELTA = { type: 'TextDelta', at, visibility: 'CUSTOMER', runId: 'run_1', messageId: 'msg_1', step: 'agent', attempt: 1, offset: 0, text: 'Hi' } as const;

describe('the event codec', () => {
  it('gives back what it was given', () => {
    const event: ParleyEvent = { type: 'MessagePosted', at, visibility: 'STAFF', messageId: 'msg_1', runId: null };
    expect(decodeEvent(encodeEvent(event))).toEqual(event);
    expect(decodeEvent(encodeEvent(DELTA))).toEqual(DELTA);
  });

  it.each(['', '{}', '1', '1{', '1null', '1[]', '1{"type":"Nonsense"}', '2{"type":"TextDelta"}', `1${JSON.stringify({ ...DELTA, attempt: 1.5 })}`])(
    'reads %j as nothing',
    (text) => {
      expect(decodeEvent(text)).toBeNull();
    },
  );

  it('checks text deltas by hand exactly as their schema does', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.constant(null), fc.constant(at), fc.constant('CUSTOMER'), fc.boolean());
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(DELTA)), value, (field, replaced) => {
        const changed = { ...DELTA, [field]: replaced };
        const expected = ParleyEvent.safeParse(changed);
        expect(decodeEvent(`1${JSON.stringify(changed)}`)).toEqual(expected.success ? JSON.parse(JSON.stringify(expected.data)) : null);
      }),
      { numRuns: 2_000 },
    );
  });
});
