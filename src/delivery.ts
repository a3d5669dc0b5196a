/**
 * How this process hears and is heard: the event log, the job queue and the signal bus, through Redis where there is one, inside this
 * process otherwise. Without Redis one process is home to all conversations of a database, and the others say so.
 */
import type { Config } from './config.ts';
import type { ChannelKind, EventLog } from './events/event-log.ts';
import { createMemoryEventLog } from './events/memory-event-log.ts';
import { createMemoryPresenceRegistry } from './events/memory-presence-registry.ts';
import type { PresenceRegistry } from './events/presence-registry.ts';
import { createRedisEventLog } from './events/redis-event-log.ts';
import { createRedisPresenceRegistry } from './events/redis-presence-registry.ts';
import type { Clock } from './foundation/clock.ts';
import type { Logger } from './foundation/logger.ts';
import { createBullJobQueue } from './jobs/bull-job-queue.ts';
import type { JobQueue } from './jobs/job-queue.ts';
import { createMemoryJobQueue } from './jobs/memory-job-queue.ts';
import { createMemorySignalBus } from './jobs/memory-signal-bus.ts';
import { createRedisSignalBus } from './jobs/redis-signal-bus.ts';
import type { SignalBus } from './jobs/signal-bus.ts';
import { holdHome } from './store/instance-lock.ts';

export interface DeliveryDeps {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** Receives what closes each part, in the order they were opened. */
  readonly opened: (() => Promise<void> | void)[];
}

export interface Delivery {
  readonly eventLog: EventLog;
  readonly jobs: JobQueue;
  readonly signals: SignalBus;
  readonly presence: PresenceRegistry;
  /** False while another process owns the conversations of this database. Always true with Redis. */
  isHome(): boolean;
  /** Calls back when this process has become the only one there can be: what others left running is nobody's. Never with Redis. */
  onAlone(listener: () => void): void;
  /** Resolves when every reader has heard everything, or when the signal aborts. */
  caughtUp(signal: AbortSignal): Promise<void>;
}

/** What dashboards missed overnight can still be replayed. */
const ESCALATIONS_MS = 24 * 60 * 60_000;

export function openDelivery(deps: DeliveryDeps): Promise<Delivery> {
  const { redisUrl } = deps.config;
  return redisUrl === null ? openInProcess(deps) : openThroughRedis(deps, redisUrl);
}

async function openInProcess({ config, databaseUrl, log, clock, opened }: DeliveryDeps): Promise<Delivery> {
  const { historyEventsMax } = config.limits;
  const home = await holdHome({ url: databaseUrl, log, clock });
  opened.push(() => home.close());
  const eventLog = createMemoryEventLog({ clock, historyMs: historyOf(config), historyEventsMax, available: home.isHome });
  opened.push(() => eventLog.close());
  home.onChange((here) => {
    if (here) eventLog.startOver();
    else if (home.isElsewhere()) eventLog.letGo();
  });
  const jobs = createMemoryJobQueue({ log, clock });
  const signals = createMemorySignalBus({ log });
  opened.push(
    () => jobs.close(),
    () => signals.close(),
  );
  return {
    eventLog,
    jobs,
    signals,
    presence: createMemoryPresenceRegistry(),
    isHome: home.isHome,
    onAlone(listener) {
      if (home.isHome()) listener();
      home.onChange((here) => (here ? listener() : undefined));
    },
    caughtUp: (signal) => eventLog.caughtUp(signal),
  };
}

async function openThroughRedis({ config, log, clock, opened }: DeliveryDeps, url: string): Promise<Delivery> {
  const { historyEventsMax } = config.limits;
  const eventLog = await createRedisEventLog({ url, clock, log, historyMs: historyOf(config), historyEventsMax });
  opened.push(() => eventLog.close());
  const jobs = createBullJobQueue({ url, log });
  opened.push(() => jobs.close());
  const signals = await createRedisSignalBus({ url, log });
  opened.push(() => signals.close());
  const presence = await createRedisPresenceRegistry({ url, log });
  opened.push(() => presence.close());
  return { eventLog, jobs, signals, presence, isHome: () => true, onAlone: () => undefined, caughtUp: (signal) => eventLog.caughtUp(signal) };
}

function historyOf({ limits: { historyMs } }: Config): Readonly<Record<ChannelKind, number>> {
  return { conversation: historyMs, run: historyMs, escalations: Math.max(historyMs, ESCALATIONS_MS) };
}
