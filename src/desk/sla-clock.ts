/**
 * Time as the desk promises it: hours in which people are there, in the desk's time zone, whatever summer time does to them. Pure
 * arithmetic on moments; knows no escalation and reads no clock.
 */

export interface OpenHours {
  /** Days of the week, 0 is Sunday. */
  readonly days: readonly number[];
  readonly startHour: number;
  readonly endHour: number;
  /** IANA name. */
  readonly timeZone: string;
}

/** When time counts: always, or in these hours. */
export type Calendar = 'always' | OpenHours;

const DAY_MS = 24 * 60 * 60_000;
/** More days than any promise spans: a calendar that is never open must not be searched for ever. */
const DAYS_MAX = 2_000;

/** The moment at which `ms` of counted time have passed since `from`. Never before `from`. */
export function addCounted(from: Date, ms: number, calendar: Calendar): Date {
  if (calendar === 'always' || ms <= 0) return new Date(from.getTime() + Math.max(0, ms));
  let left = ms;
  for (const { start, end } of openings(from.getTime(), calendar)) {
    const begin = Math.max(start, from.getTime());
    if (end - begin >= left) return new Date(begin + left);
    left -= end - begin;
  }
  // A desk that never opens keeps its promises by the clock on the wall.
  return new Date(from.getTime() + ms);
}

/** How much counted time lies between two moments; 0 when `to` is not after `from`. */
export function countedBetween(from: Date, to: Date, calendar: Calendar): number {
  if (to <= from) return 0;
  if (calendar === 'always') return to.getTime() - from.getTime();
  let counted = 0;
  for (const { start, end } of openings(from.getTime(), calendar)) {
    if (start >= to.getTime()) break;
    counted += Math.min(end, to.getTime()) - Math.max(start, from.getTime());
  }
  return counted;
}

/** When people are back: null while they are there, and for a desk that never opens. */
export function nextOpening(now: Date, calendar: Calendar): Date | null {
  if (calendar === 'always') return null;
  for (const { start } of openings(now.getTime(), calendar)) return start <= now.getTime() ? null : new Date(start);
  return null;
}

interface Opening {
  readonly start: number;
  readonly end: number;
}

/** The openings that end after this moment, earliest first. */
function* openings(fromMs: number, { days, startHour, endHour, timeZone }: OpenHours): Generator<Opening> {
  if (days.length === 0 || endHour <= startHour) return;
  const today = Math.floor((fromMs + offsetMs(fromMs, timeZone)) / DAY_MS) * DAY_MS;
  for (let count = 0; count < DAYS_MAX; count += 1) {
    // A day of the calendar, written as if it were in UTC: days of 23 and 25 hours follow each other like any others there.
    const day = today + count * DAY_MS;
    if (!days.includes(new Date(day).getUTCDay())) continue;
    const start = momentOf(day + startHour * 60 * 60_000, timeZone);
    const end = momentOf(day + endHour * 60 * 60_000, timeZone);
    if (end > fromMs && end > start) yield { start, end };
  }
}

/** The moment at which the clocks of this zone show that time; of two, the earlier; for a time that is left out, as if the clocks had not moved yet. */
function momentOf(shownMs: number, timeZone: string): number {
  const before = shownMs - offsetMs(shownMs - DAY_MS, timeZone);
  const after = shownMs - offsetMs(shownMs + DAY_MS, timeZone);
  const fits = [before, after].filter((moment) => moment + offsetMs(moment, timeZone) === shownMs);
  return fits.length === 0 ? before : Math.min(...fits);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clocks of this zone show at a moment, less what they show in UTC. */
function offsetMs(atMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  let format = formats.get(timeZone);
  if (!format) {
    const numeric = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
    format = new Intl.DateTimeFormat('en-US', { timeZone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23', ...numeric });
    formats.set(timeZone, format);
  }
  const shown = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => shown.get(type) ?? 0;
  const whole = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return whole - Math.floor(atMs / 1_000) * 1_000;
}
