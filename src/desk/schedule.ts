/**
 * Schedules: what the clock is to start, for whom and when. Staff who may write workflows make, switch and delete them; what may be
 * started, and with what, is asked of whoever knows the workflow. Starts nothing itself: that is schedule-rounds.ts.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { Prisma, Schedule } from '../store/generated/prisma/client.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { requireStaff } from './access.ts';
import { auditEntry } from './audit.ts';
import { isTimeZone, nextTime, parseCron } from './cron.ts';
import { findFirstAnswer, isUniqueViolation, recordFirstAnswer, type IdempotentCall } from './idempotency.ts';

/** What a workflow is started with. */
export interface StartRequest {
  readonly workflow: string;
  readonly input: unknown;
  /** Null when it serves nobody in particular. */
  readonly customerId: string | null;
}

/** Answers the input as the run's row is to hold it. @throws AppError for a workflow, input or customer that cannot be. */
export type CheckStart = (viewer: Viewer, request: StartRequest) => Promise<Prisma.InputJsonObject>;

export interface CreateSchedule extends StartRequest {
  readonly name: string;
  /** Five fields. */
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly idempotencyKey?: string | null;
}

export interface ScheduleDesk {
  /**
   * Staff who may write workflows, as for all of these.
   * @throws AppError BAD_INPUT for fields that cannot be read or never come, QUOTA_REACHED, NOT_FOUND for a customer there is not, CONFLICT
   * for a key used before with other content, and whatever the workflow has against its input.
   */
  create(viewer: Viewer, input: CreateSchedule): Promise<{ schedule: Schedule }>;
  /** Switched on again it goes on from now: what it missed while it was off is not made up for. @throws AppError NOT_FOUND */
  setEnabled(viewer: Viewer, input: { readonly scheduleId: string; readonly enabled: boolean }): Promise<{ schedule: Schedule }>;
  /** Its runs stay, and one that is under way goes on. @throws AppError NOT_FOUND */
  remove(viewer: Viewer, input: { readonly scheduleId: string }): Promise<{ scheduleId: string }>;
}

export interface ScheduleDeskDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly checkStart: CheckStart;
}

/** Each is looked at when it is due; more than this is a mistake of whoever makes them. */
const SCHEDULES_MAX = 1_000;

export function createScheduleDesk({ database, clock, checkStart }: ScheduleDeskDeps): ScheduleDesk {
  return Object.freeze<ScheduleDesk>({
    async create(viewer, input) {
      const staff = requireStaff(viewer, 'write:workflows');
      const now = clock.now();
      const { name, timeZone, workflow, customerId, idempotencyKey: key, ...rest } = input;
      if (!isTimeZone(timeZone)) throw badInput('input.timeZone', 'this is not the name of a time zone, such as Europe/Berlin.');
      const cron = parseCron('input.cron', rest.cron, timeZone, now);
      if (customerId !== null && !(await database.customer.findUnique({ where: { id: customerId }, select: { id: true } }))) throw notFound('customer');
      const startInput = await checkStart(viewer, { workflow, input: rest.input, customerId });
      const body = { name, cron, timeZone, workflow, customerId, input: startInput };
      const call: IdempotentCall | null = key == null ? null : { scope: viewerKey(viewer), verb: 'createSchedule', key, body };
      const before = call && (await findFirstAnswer(database, call));
      if (before) return { schedule: await findSchedule(database, before) };
      if ((await database.schedule.count()) >= SCHEDULES_MAX)
        throw new AppError('QUOTA_REACHED', `There are ${SCHEDULES_MAX} schedules: delete one that is not needed any more.`);
      const id = newId('sched');
      try {
        const schedule = await database.$transaction(async (tx) => {
          if (call) await recordFirstAnswer(tx, call, id, now);
          await tx.auditEntry.create({ data: auditEntry(viewer, 'schedule.create', 'schedule', id, { workflow, cron, timeZone }, now) });
          return tx.schedule.create({ data: { id, ...body, nextRunAt: nextTime(cron, timeZone, now), createdById: staff.userId, createdAt: now } });
        });
        return { schedule };
      } catch (error) {
        // Two calls with one key at once: the one that lost answers what the winner made.
        const winner = call && isUniqueViolation(error) ? await findFirstAnswer(database, call) : null;
        if (winner) return { schedule: await findSchedule(database, winner) };
        throw error;
      }
    },

    async setEnabled(viewer, { scheduleId, enabled }) {
      requireStaff(viewer, 'write:workflows');
      const found = await findSchedule(database, scheduleId);
      const now = clock.now();
      const nextRunAt = enabled ? nextTime(found.cron, found.timeZone, now) : null;
      await database.$transaction(async (tx) => {
        // One that is on already keeps the time it is due at.
        const { count } = await tx.schedule.updateMany({ where: { id: scheduleId, enabled: !enabled }, data: { enabled, nextRunAt } });
        if (count > 0)
          await tx.auditEntry.create({ data: auditEntry(viewer, enabled ? 'schedule.enable' : 'schedule.disable', 'schedule', scheduleId, {}, now) });
      });
      return { schedule: await findSchedule(database, scheduleId) };
    },

    async remove(viewer, { scheduleId }) {
      requireStaff(viewer, 'write:workflows');
      await database.$transaction(async (tx) => {
        const { count } = await tx.schedule.deleteMany({ where: { id: scheduleId } });
        if (count === 0) throw notFound('schedule');
        await tx.auditEntry.create({ data: auditEntry(viewer, 'schedule.delete', 'schedule', scheduleId, {}, clock.now()) });
      });
      return { scheduleId };
    },
  });
}

async function findSchedule(database: Database, id: string): Promise<Schedule> {
  const found = await database.schedule.findUnique({ where: { id } });
  if (!found) throw notFound('schedule');
  return found;
}
