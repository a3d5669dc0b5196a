/**
 * What the five fields of a schedule mean: when it is due next, in its own time zone. A time that a clock change leaves out comes right
 * after the gap, and one that comes twice counts once; what goes by the minute or the hour goes on through both. Keeps no time itself.
 */
import { Cron } from 'croner';
import { badInput } from '../foundation/errors.ts';

/** Digits, names of months and days, lists, ranges, steps, `L`ast and `#`th; `?` would mean the moment it is read. */
const FIELD = /^[0-9A-Za-z*,/#-]{1,60}$/;

/** The fields, each once blank-separated. @throws AppError BAD_INPUT naming `field`, also for what never comes. */
export function parseCron(field: string, given: string, timeZone: string, now: Date): string {
  const fields = given.trim().split(/\s+/);
  if (fields.length !== 5 || !fields.every((one) => FIELD.test(one)))
    throw badInput(field, 'must have five fields: minute, hour, day of the month, month, day of the week, like "0 9 * * MON-FRI".');
  const cron = fields.join(' ');
  let next: Date | null;
  try {
    next = nextTime(cron, timeZone, now);
  } catch (error) {
    throw badInput(field, 'the fields cannot be read: minute 0-59, hour 0-23, day 1-31, month 1-12, day of the week 0-7.', error);
  }
  if (!next) throw badInput(field, 'there is no such day, so it would never come.');
  return cron;
}

/** The first time after this one; null when there is none. */
export function nextTime(cron: string, timeZone: string, after: Date): Date | null {
  return new Cron(cron, { mode: '5-part', timezone: timeZone, fixedTimeRule: 'no-wildcard', paused: true }).nextRun(after);
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
