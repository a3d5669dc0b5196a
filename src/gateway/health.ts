/**
 * Is it alive, is it ready, and how is each thing it stands on. Answers are shared for a moment, so that whoever asks often costs
 * nothing. A model that is down makes us degraded, not unready: sending people elsewhere would not help them.
 */
import type { Clock } from '../foundation/clock.ts';

/** Throws when the thing does not work. */
export type Probe = (signal: AbortSignal) => Promise<unknown>;

export interface HealthDeps {
  readonly probes: { readonly database: Probe; readonly eventLog: Probe; readonly model: Probe };
  readonly version: string;
  readonly clock: Clock;
}

export interface Check {
  readonly status: 'up' | 'down';
  readonly latencyMs: number;
}

export interface HealthReport {
  readonly status: 'ok' | 'degraded' | 'unavailable' | 'draining';
  readonly version: string;
  readonly checks: { readonly database: Check; readonly eventLog: Check; readonly model: Check };
}

export interface Health {
  report(draining: boolean): Promise<HealthReport>;
}

const PROBE_MS = 1_000;
const SHARED_MS = 1_000;
/** A probe of a model may cost money. */
const MODEL_SHARED_MS = 15_000;

export function createHealth({ probes, version, clock }: HealthDeps): Health {
  const database = shared(probes.database, SHARED_MS, clock);
  const eventLog = shared(probes.eventLog, SHARED_MS, clock);
  const model = shared(probes.model, MODEL_SHARED_MS, clock);
  return Object.freeze({
    async report(draining: boolean): Promise<HealthReport> {
      const [onDatabase, onEventLog, onModel] = await Promise.all([database(), eventLog(), model()]);
      const ready = onDatabase.status === 'up' && onEventLog.status === 'up';
      const status = draining ? 'draining' : !ready ? 'unavailable' : onModel.status === 'up' ? 'ok' : 'degraded';
      return { status, version, checks: { database: onDatabase, eventLog: onEventLog, model: onModel } };
    },
  });
}

/** True when requests should come here. */
export function mayServe(report: HealthReport): boolean {
  return report.status === 'ok' || report.status === 'degraded';
}

function shared(probe: Probe, shareMs: number, clock: Clock): () => Promise<Check> {
  let last: { readonly atMs: number; readonly check: Promise<Check> } | null = null;
  return () => {
    const atMs = clock.now().getTime();
    if (!last || atMs - last.atMs >= shareMs) last = { atMs, check: once(probe) };
    return last.check;
  };
}

async function once(probe: Probe): Promise<Check> {
  const startedMs = performance.now();
  const limit = AbortSignal.timeout(PROBE_MS);
  // A probe that ignores its signal is given up on all the same.
  const late = new Promise<false>((resolve) => limit.addEventListener('abort', () => resolve(false), { once: true }));
  const worked = (async () => probe(limit))().then(
    () => true,
    () => false,
  );
  const up = await Promise.race([worked, late]);
  return { status: up ? 'up' : 'down', latencyMs: Math.round(performance.now() - startedMs) };
}
