/**
 * A person's word on which agent a message should have gone to. One word per person and run, the latest counts; the router learns from
 * them when its utterances are next revised, not by itself.
 */
import type { Clock } from '../foundation/clock.ts';
import { badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Catalog } from '../catalog/agent.ts';
import type { Database } from '../store/database.ts';
import type { RouteCorrection, Run } from '../store/generated/prisma/client.ts';
import type { Viewer } from '../store/viewer.ts';
import { requireStaff } from './access.ts';
import { auditEntry } from './audit.ts';

export interface CorrectRoute {
  readonly runId: string;
  /** Who should have answered; `escalation_decider` stands for a person. */
  readonly agentId: string;
  readonly note?: string | null;
}

export interface RouteCorrectionDesk {
  /** Staff only. @throws AppError NOT_FOUND for a run or agent that is not there, BAD_INPUT for a run that answered no message. */
  correct(viewer: Viewer, input: CorrectRoute): Promise<{ correction: RouteCorrection; run: Run }>;
}

const NOTE_CHARS_MAX = 500;

export interface RouteCorrectionDeskDeps {
  readonly database: Database;
  readonly catalog: Pick<Catalog, 'get'>;
  readonly clock: Clock;
}

export function createRouteCorrectionDesk({ database, catalog, clock }: RouteCorrectionDeskDeps): RouteCorrectionDesk {
  return Object.freeze<RouteCorrectionDesk>({
    async correct(viewer, { runId, agentId, note }) {
      const { userId } = requireStaff(viewer, 'write:conversations');
      if (!catalog.get(agentId)) throw notFound('agent');
      if (note && note.length > NOTE_CHARS_MAX) throw badInput('input.note', `must have at most ${NOTE_CHARS_MAX} characters.`);
      const run = await database.run.findUnique({ where: { id: runId } });
      if (!run) throw notFound('run');
      const message = run.messageId === null ? null : await database.message.findUnique({ where: { id: run.messageId }, select: { text: true } });
      if (!message) throw badInput('input.runId', 'this run answered no message that could have gone to another agent.');
      const now = clock.now();
      const word = { text: message.text, chosenAgentId: run.agentId, correctAgentId: agentId, note: note ?? null, createdAt: now };
      const [correction] = await database.$transaction([
        database.routeCorrection.upsert({
          where: { runId_userId: { runId, userId } },
          create: { id: newId('corr'), runId, userId, ...word },
          update: word,
        }),
        database.auditEntry.create({ data: auditEntry(viewer, 'route.correct', 'run', runId, { correctAgentId: agentId }, now) }),
      ]);
      return { correction, run };
    },
  });
}
