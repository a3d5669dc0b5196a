/** When a schedule is due: fields that are read, fields that are refused, and clocks that change. */
import { describe, expect, it } from 'vitest';
import { nextTime, parseCron } from '../../src/desk/cron.ts';

function times(cron: string, timeZone: string, after: string, count: number): string[] {
  const found: string[] = [];
  for (let at: Date | null = new Date(after); found.length < count;) {
    at = nextTime(cron, timeZone, at);
    if (!at) return found;
    found.push(at.toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
}

describe('the fields of a schedule', () => {
  it('are meant in their time zone, summer and winter', () => {
    expect(times('0 9 * * MON-FRI', 'America/New_York', '2026-03-06T00:00:00Z', 3)).toEqual(['2026-03-06T14:00Z', '2026-03-09T13:00Z', '2026-03-10T13:00Z']);
    expect(times('0 9 * * *', 'Asia/Kolkata', '2026-03-06T00:00:00Z', 1)).toEqual(['2026-03-06T03:30Z']);
  });

  it('that name a time the clock leaves out come right after the gap, once, also in a list', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-03-28T02:00:00Z', 2)).toEqual(['2026-03-29T01:00Z', '2026-03-30T00:30Z']);
    expect(times('30 2,14 * * *', 'Europe/Berlin', '2026-03-28T14:00:00Z', 3)).toEqual(['2026-03-29T01:00Z', '2026-03-29T12:30Z', '2026-03-30T00:30Z']);
  });

  it('that name a time that comes twice count once', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T00:30Z', '2026-10-26T01:30Z']);
  });

  it('that go by the minute go on through both', () => {
    expect(times('*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:00:00Z', 4)).toEqual([
      '2026-03-29T00:30Z',
      '2026-03-29T01:00Z',
      '2026-03-29T01:30Z',
      '2026-03-29T02:00Z',
    ]);
    expect(times('*/30 * * * *', 'Europe/Berlin', '2026-10-25T00:00:00Z', 4)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:00Z',
    ]);
  });

  it('are kept without needless blanks', () => {
    expect(parseCron('cron', '  0  9 1 JAN,JUL  * ', 'UTC', new Date())).toBe('0 9 1 JAN,JUL *');
  });

  it.each([
    ['', 'five fields'],
    ['@daily', 'five fields'],
    ['* * * *', 'five fields'],
    ['0 * * * * *', 'five fields'],
    ['? * * * *', 'five fields'],
    [`${'1,'.repeat(31)}1 * * * *`, 'five fields'],
    ['60 * * * *', 'cannot be read'],
    ['0 24 * * *', 'cannot be read'],
    ['H 9 * * *', 'cannot be read'],
    ['0 0 30 2 *', 'never come'],
  ])('"%s" are refused: %s', (given, why) => {
    expect(() => parseCron('input.cron', given, 'UTC', new Date('2026-03-01T00:00:00Z'))).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT', field: 'input.cron', message: expect.stringContaining(why) }),
    );
  });
});
