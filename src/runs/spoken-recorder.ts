/**
 * Tells the words of a workflow's participants to the people of the desk: each under an id of its own, made of run and path, so that a try or
 * an attempt that begins anew takes back what it said. Writes no rows: what came of it stands in the step's output.
 */
import type { Clock } from '../foundation/clock.ts';
import type { ParleyEvent } from '../events/event.ts';
import type { Position } from '../events/position.ts';
import type { WorkflowEvent } from '../orchestration/workflow-event.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import { readPast } from './past-steps.ts';
import { createWordTeller, type WordTeller } from './word-teller.ts';

export interface SpokenRecorderDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly tell: (...events: ParleyEvent[]) => Promise<Position>;
}

type Said<Type> = Extract<WorkflowEvent, { type: Type }>;

export interface SpokenRecorder {
  /** What participants that an earlier attempt left unfinished had said is void. */
  adopt(): Promise<ParleyEvent[]>;
  /** Undefined when there is nothing to wait for. */
  say(event: Said<'spoken'>): Promise<void> | undefined;
  again(event: Said<'spoken_anew'>): Promise<void>;
  /** Resolves when all that was said on this path is told. */
  end(path: string): Promise<void>;
}

export function createSpokenRecorder({ database, clock, tell }: SpokenRecorderDeps, run: Run): SpokenRecorder {
  const tellers = new Map<string, WordTeller>();

  function tellerFor(path: string): WordTeller {
    return createWordTeller({
      tell,
      delta: (offset, text) => ({
        type: 'TextDelta',
        at: clock.now().toISOString(),
        visibility: 'STAFF',
        runId: run.id,
        messageId: spokenIdOf(run.id, path),
        step: path,
        attempt: run.attempt,
        offset,
        text,
      }),
    });
  }

  function reset(path: string, reason: string): ParleyEvent {
    return {
      type: 'MessageReset',
      at: clock.now().toISOString(),
      visibility: 'STAFF',
      messageId: spokenIdOf(run.id, path),
      runId: run.id,
      attempt: run.attempt,
      reason,
    };
  }

  async function end(path: string): Promise<void> {
    const teller = tellers.get(path);
    tellers.delete(path);
    await teller?.flush();
  }

  return {
    end,
    async adopt() {
      if (run.attempt === 1 || run.workflow === 'reply' || run.workflow === 'agent') return [];
      const past = await readPast(database, run);
      const begun = await database.runStep.findMany({ where: { runId: run.id, attempt: { lt: run.attempt }, agentId: { not: null } }, select: { path: true } });
      const cut = new Set(begun.map(({ path }) => path).filter((path) => past(path) === null));
      return [...cut].map((path) => reset(path, 'The step was taken up again after an interruption.'));
    },
    say({ path, text }) {
      const known = tellers.get(path);
      if (known) {
        known.say(text);
        return known.go();
      }
      const teller = tellerFor(path);
      tellers.set(path, teller);
      teller.say(text);
      return teller.begin([]);
    },
    async again({ path, reason }) {
      await end(path);
      await tell(reset(path, reason));
    },
  };
}

/** Of what a participant says: no message has it. */
export function spokenIdOf(runId: string, path: string): string {
  return `${runId}:${path}`;
}
