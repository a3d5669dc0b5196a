/** Promised time, compared with a clock on the wall that is looked at every quarter of an hour: over weekends, zones and summer time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { termsFrom, termsNow, warnAt } from '../../src/desk/escalation-terms.ts';
import { addCounted, countedBetween, nextOpening, type OpenHours } from '../../src/desk/sla-clock.ts';
import { policyFrom } from '../../src/store/policy.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const QUARTER = 15 * MINUTE;
const policy = policyFrom(new Map());
const BERLIN: OpenHours = { ...policy.businessHours, timeZone: 'Europe/Berlin' };
const at = (text: string): Date => new Date(text);

/** What a person would read off a clock in that zone. */
function isOpen(ms: number, { days, startHour, endHour, timeZone }: OpenHours): boolean {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', hourCycle: 'h23' }).formatToParts(ms);
  const read = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  const hour = Number(read('hour'));
  return days.includes(['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(read('weekday'))) && hour >= startHour && hour < endHour;
}

/** Every zone here moves its clocks by whole quarters, at whole quarters. */
const zones = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kathmandu',
  'Pacific/Chatham',
);
const quarters = (from: string, to: string) =>
  fc.integer({ min: Math.ceil(Date.parse(from) / QUARTER), max: Math.floor(Date.parse(to) / QUARTER) }).map((n) => n * QUARTER);
/** Any moment of two years, and more often one in a week in which clocks are moved. */
const moments = fc.oneof(
  quarters('2026-01-01', '2027-12-31'),
  quarters('2026-03-24', '2026-04-06'),
  quarters('2026-10-20', '2026-11-04'),
  quarters('2027-03-09', '2027-03-30'),
);
const hours = fc
  .record({
    timeZone: zones,
    days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 7 }),
    // Clocks are moved before four at night: no desk opens or closes in an hour that comes twice, but it may be open through it.
    open: fc.tuple(fc.oneof(fc.constant(0), fc.integer({ min: 4, max: 23 })), fc.integer({ min: 5, max: 24 })).filter(([start, end]) => start < end),
  })
  .map(({ timeZone, days, open: [startHour, endHour] }): OpenHours => ({ timeZone, days, startHour, endHour }));

describe('time as the desk promises it', () => {
  it('passes only while the clocks on the wall show an hour in which somebody is there', () => {
    fc.assert(
      fc.property(moments, hours, fc.integer({ min: 0, max: 12 * 4 }), (from, calendar, span) => {
        const due = addCounted(new Date(from), span * QUARTER, calendar).getTime();
        let left = span;
        let moment = from;
        for (; left > 0; moment += QUARTER) if (isOpen(moment, calendar)) left -= 1;
        expect(due).toBe(moment);
      }),
      { numRuns: 150 },
    );
  });

  it('is counted the same way back, and never runs backwards', () => {
    fc.assert(
      fc.property(moments, hours, fc.integer({ min: 0, max: 200 * HOUR }), fc.integer({ min: 0, max: 200 * HOUR }), (from, calendar, one, other) => {
        const start = new Date(from);
        const [less, more] = one < other ? [one, other] : [other, one];
        const due = addCounted(start, more, calendar);
        expect(countedBetween(start, due, calendar)).toBe(more);
        expect(addCounted(start, less, calendar).getTime()).toBeLessThanOrEqual(due.getTime());
        expect(addCounted(addCounted(start, less, calendar), more - less, calendar)).toEqual(due);
      }),
      { numRuns: 300 },
    );
  });

  it('begins again when somebody is back', () => {
    fc.assert(
      fc.property(moments, hours, (from, calendar) => {
        const back = nextOpening(new Date(from), calendar);
        expect(back === null).toBe(isOpen(from, calendar));
        if (back) expect([isOpen(back.getTime(), calendar), countedBetween(new Date(from), back, calendar)]).toEqual([true, 0]);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['a weekend', '2026-11-20T16:30:00Z', 4 * HOUR, '2026-11-23T10:30:00Z'],
    ['the night', '2026-11-24T16:00:00Z', 2 * HOUR, '2026-11-25T08:00:00Z'],
    ['a weekend in which the clocks go forward', '2026-03-27T16:00:00Z', 2 * HOUR, '2026-03-30T07:00:00Z'],
    ['a weekend in which the clocks go back', '2026-10-23T15:00:00Z', 2 * HOUR, '2026-10-26T08:00:00Z'],
    ['a whole week', '2026-11-23T07:00:00Z', 50 * HOUR, '2026-11-27T17:00:00Z'],
  ])('stands still over %s in Berlin', (_what, from, ms, due) => {
    expect(addCounted(at(from), ms, BERLIN)).toEqual(at(due));
  });

  it('passes by the clock for a desk that never opens: a promise must not hang', () => {
    for (const never of [
      { ...BERLIN, days: [] },
      { ...BERLIN, startHour: 18, endHour: 8 },
    ]) {
      expect(addCounted(at('2026-11-20T16:30:00Z'), 4 * HOUR, never)).toEqual(at('2026-11-20T20:30:00Z'));
      expect(nextOpening(at('2026-11-20T16:30:00Z'), never)).toBeNull();
    }
  });
});

describe('what is promised', () => {
  const friday = at('2026-11-20T16:30:00Z');

  it('is the earlier of what the plan and the priority promise', () => {
    expect(termsFrom(friday, { plan: 'free', priority: 'low' }, policy, 'UTC')).toEqual({ firstReplyDueAt: at('2026-12-02T08:30:00Z'), resolutionDueAt: null });
    expect(termsFrom(friday, { plan: 'premium', priority: 'low' }, policy, 'UTC').firstReplyDueAt).toEqual(at('2026-11-23T08:30:00Z'));
    expect(termsFrom(friday, { plan: 'free', priority: 'high' }, policy, 'UTC').firstReplyDueAt).toEqual(at('2026-11-23T10:30:00Z'));
  });

  it('is kept at any hour for a critical case and an enterprise customer', () => {
    expect(termsFrom(friday, { plan: 'free', priority: 'critical' }, policy, 'UTC').firstReplyDueAt).toEqual(at('2026-11-20T17:30:00Z'));
    expect(termsFrom(friday, { plan: 'enterprise', priority: 'low' }, policy, 'UTC')).toEqual({
      firstReplyDueAt: at('2026-11-20T17:00:00Z'),
      resolutionDueAt: at('2026-11-20T20:30:00Z'),
    });
  });

  const plans = fc.constantFrom('free', 'basic', 'premium', 'enterprise');
  const priorities = fc.constantFrom('low', 'medium', 'high', 'critical');

  it('never comes later when the plan changes, and does not move while it stays', () => {
    fc.assert(
      fc.property(
        moments,
        zones,
        plans,
        plans,
        priorities,
        fc.array(fc.integer({ min: 0, max: 3 * DAY }), { minLength: 1, maxLength: 5 }),
        (from, zone, before, after, priority, waits) => {
          const made = termsFrom(new Date(from), { plan: before, priority }, policy, zone);
          const looks = waits.toSorted((a, b) => a - b).map((wait) => new Date(from + wait));
          for (const now of looks) expect(termsNow(made, now, { plan: before, priority }, policy, zone)).toEqual(made);
          let terms = made;
          for (const now of looks) {
            const next = termsNow(terms, now, { plan: after, priority }, policy, zone);
            expect(next.firstReplyDueAt.getTime()).toBeLessThanOrEqual(terms.firstReplyDueAt.getTime());
            if (terms.resolutionDueAt) expect(next.resolutionDueAt?.getTime()).toBeLessThanOrEqual(terms.resolutionDueAt.getTime());
            // Nobody is late in the moment in which more is promised.
            if (next.firstReplyDueAt < terms.firstReplyDueAt) expect(next.firstReplyDueAt.getTime()).toBeGreaterThan(now.getTime());
            terms = next;
          }
          const [first] = looks;
          if (first) expect(terms).toEqual(termsNow(made, first, { plan: after, priority }, policy, zone));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is warned of when four fifths of the time that counts are over, and never after it is due', () => {
    fc.assert(
      fc.property(moments, hours, fc.integer({ min: 1, max: 72 * 60 }), (from, calendar, minutes) => {
        const start = new Date(from);
        const due = addCounted(start, minutes * MINUTE, calendar);
        const warned = warnAt(start, due, 80, calendar);
        expect(countedBetween(start, warned, calendar)).toBe(Math.floor(minutes * MINUTE * 0.8));
        expect(warned.getTime()).toBeLessThanOrEqual(due.getTime());
      }),
      { numRuns: 200 },
    );
  });
});
