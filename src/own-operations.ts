/**
 * The operations of the front-ends that come with Parley, written down in committed manifests with those of earlier releases, so that
 * a page of yesterday goes on; and what a start does about registered operations: registers these, and says which no longer fit.
 */
import { readFile } from 'node:fs/promises';
import { readManifest } from './desk/operation-manifest.ts';
import type { GivenOperation, Inspect, OperationDesk, Problem } from './desk/registered-operation.ts';
import type { Logger } from './foundation/logger.ts';
import type { Database } from './store/database.ts';

/** Each of a front-end of its own: names are used once within one. */
export const OWN_MANIFESTS = ['console/operations.json', 'client/operations.json'] as const;

/** What no longer fits is left out: a check of the sources has failed on it before, and a start does not fail for an old page. */
export async function registerOwn(desk: Pick<OperationDesk, 'registerOwn'>, inspect: Inspect): Promise<void> {
  for (const path of OWN_MANIFESTS) {
    const operations = readManifest(await readFile(new URL(path, import.meta.url), 'utf8'));
    // Two versions of one name stand in a manifest one after the other, and are registered so.
    for (const batch of byVersion(operations.filter(({ body }) => inspect(body).ok))) await desk.registerOwn(batch);
  }
}

function byVersion(operations: readonly GivenOperation[]): readonly (readonly GivenOperation[])[] {
  const batches: GivenOperation[][] = [];
  const seen = new Map<string, number>();
  for (const operation of operations) {
    const index = seen.get(operation.name ?? '') ?? 0;
    seen.set(operation.name ?? '', index + 1);
    (batches[index] ??= []).push(operation);
  }
  return batches;
}

export interface Outdated {
  readonly id: string;
  readonly partnerId: string | null;
  readonly name: string;
  readonly version: number;
  readonly problem: Problem;
}

const BATCH = 100;

/** Those that would be run and do not fit the schema or the limits any more. */
export async function* findOutdated(database: Database, inspect: Inspect, signal?: AbortSignal): AsyncGenerator<Outdated> {
  for (let after = ''; ;) {
    signal?.throwIfAborted();
    const rows = await database.registeredOperation.findMany({ where: { retiredAt: null, id: { gt: after } }, orderBy: { id: 'asc' }, take: BATCH });
    for (const { id, partnerId, name, version, text } of rows) {
      const inspected = inspect(text);
      if (!inspected.ok) yield { id, partnerId, name, version, problem: inspected.problems[0] };
    }
    const last = rows.at(-1);
    if (!last || rows.length < BATCH) return;
    after = last.id;
  }
}

/** Begins at once, in the background. @returns The way to end it and to wait for its end. */
export function reportOutdated(database: Database, inspect: Inspect, log: Logger): () => Promise<void> {
  const closing = new AbortController();
  async function report(): Promise<void> {
    for await (const { id, partnerId, name, version, problem } of findOutdated(database, inspect, closing.signal))
      log.warn({ operationId: id, partnerId, name, version, problem: problem.message }, 'a registered operation no longer fits the schema');
  }
  const done = report().catch((error: unknown) => {
    if (!closing.signal.aborted) log.warn({ err: error }, 'registered operations could not be held against the schema');
  });
  return async () => {
    closing.abort();
    await done;
  };
}
