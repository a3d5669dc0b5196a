/** Starts what is done by the hour or the quarter of a minute, whether anybody asks or not. What each round does is the desk's. */
import type { Config } from './config.ts';
import { startApprovalWatch } from './desk/approval-watch.ts';
import { startScheduleRounds } from './desk/schedule-rounds.ts';
import { startRetention } from './desk/retention.ts';
import { startEscalationWatch } from './desk/escalation-watch.ts';
import { startKnowledgeRounds } from './desk/knowledge-rounds.ts';
import { removeDeliveries } from './desk/deliver-partner-webhooks.ts';
import { pruneCheckpoints } from './store/checkpoints.ts';
import { DAY_MS } from './store/period.ts';
import { pruneOperationUsage } from './desk/operation-usage.ts';
import type { EventLog } from './events/event-log.ts';
import type { Clock } from './foundation/clock.ts';
import type { JobQueue } from './jobs/job-queue.ts';
import type { Logger } from './foundation/logger.ts';
import type { Budgets } from './runs/budget.ts';
import type { Database } from './store/database.ts';

type Close = () => Promise<void> | void;

interface RoundsDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly eventLog: EventLog;
  readonly jobs: JobQueue;
  readonly config: Config;
  readonly budgets: Budgets;
}

/** What is done by the hour or the quarter of a minute, whether anybody asks or not. */
export function startRounds({ database, clock, log, eventLog, jobs, config, budgets }: RoundsDeps, opened: Close[]): void {
  const rounds = startKnowledgeRounds({ database, clock, log });
  opened.push(() => rounds.close());
  const retention = startRetention({
    database,
    clock,
    log,
    days: config.retention,
    also: async (now, signal) =>
      (await budgets.reconcile(now, signal)) +
      (await pruneCheckpoints(database)) +
      (await pruneOperationUsage(database, now)) +
      (await removeDeliveries(database, new Date(now.getTime() - config.retention.outboxDays * DAY_MS), signal)),
  });
  opened.push(() => retention.close());
  const watch = startEscalationWatch({ database, log: eventLog, clock, logger: log, timeZone: config.deskTimeZone });
  opened.push(() => watch.close());
  const approvals = startApprovalWatch({ database, log: eventLog, jobs, clock, logger: log });
  opened.push(() => approvals.close());
  const schedules = startScheduleRounds({ database, log: eventLog, jobs, clock, logger: log });
  opened.push(() => schedules.close());
}
