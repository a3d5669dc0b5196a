/**
 * What the participants of a workflow ended with in earlier attempts of its run, read from their step rows: they are not asked again. Who
 * failed is, since another attempt may be made because of that.
 */
import { z } from 'zod';
import type { Outcome, Past } from '../orchestration/participant.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';

const Ended = z.object({
  agentId: z.string(),
  outcome: z.enum(['succeeded', 'stopped', 'skipped']),
  text: z.string(),
  filled: z.unknown().transform((value) => value ?? null),
  error: z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }).nullable(),
  tries: z.int(),
  grounds: z.array(z.string()).default([]),
});

export async function readPast(database: Database, run: Run): Promise<Past> {
  if (run.attempt === 1) return () => null;
  const rows = await database.runStep.findMany({
    where: { runId: run.id, attempt: { lt: run.attempt }, agentId: { not: null }, finishedAt: { not: null } },
    orderBy: { startedAt: 'asc' },
    select: { path: true, output: true },
  });
  const known = new Map<string, Outcome>();
  for (const { path, output } of rows) {
    // One that was cut off has no output.
    const read = Ended.safeParse(output);
    if (read.success) known.set(path, read.data);
  }
  return (path) => known.get(path) ?? null;
}
