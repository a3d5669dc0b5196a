/** The five patterns by name: runs the one that was asked for, within its deadline, and says how it ended. Knows no rows and no log. */
import { AppError } from '../foundation/errors.ts';
import { createAtWork } from './at-work.ts';
import { runDebate } from './debate.ts';
import { runExpertPanel } from './expert-panel.ts';
import { runParallel } from './parallel.ts';
import type { Stage } from './participant.ts';
import type { PatternDeps, PatternResult } from './pattern.ts';
import { runSequential } from './sequential.ts';
import type { Turn } from './turn.ts';
import { runVerification } from './verification.ts';
import { createWaiting } from './waiting.ts';
import type { WorkflowEvent } from './workflow-event.ts';
import type { WorkflowInput } from './workflow-input.ts';
import { RESULTS } from './workflow-result.ts';
import { streamWorkflow } from './workflow-stream.ts';

/** What is known of earlier attempts of the run. */
export type Before = Pick<Stage, 'past' | 'decisions'>;

/** Workflow events in order; ends after `finished`. Rejects with AppError, or with the signal's reason when that aborts. */
export interface PatternWorkflow {
  (turn: Turn, input: WorkflowInput, before: Before, signal: AbortSignal): AsyncIterable<WorkflowEvent>;
}

export function createPatterns(deps: PatternDeps): PatternWorkflow {
  const waiting = deps.checkpointer && createWaiting(deps.checkpointer);
  return (turn, input, before, signal) =>
    streamWorkflow(async (emit, both) => {
      const deadline = AbortSignal.timeout(input.deadlineMs);
      const stage: Stage = { turn, emit, ...before, atWork: createAtWork(), waiting, signal: AbortSignal.any([both, deadline]) };
      try {
        const { outcome, text, details } = await runPattern(deps, stage, input);
        const result = RESULTS[input.pattern].parse({ pattern: input.pattern, outcome, text, ...details });
        await emit({ type: 'finished', outcome, finishReason: null, result });
      } catch (error) {
        if (!deadline.aborted || both.aborted) throw error;
        throw new AppError('MODEL_OVERLOADED', `The workflow took longer than its deadline of ${Math.round(input.deadlineMs / 1_000)} seconds.`, {
          cause: error,
        });
      }
    }, signal);
}

/** One of the five by its input, without a deadline of its own: the stage's signals are its limit. */
export function runPattern(deps: PatternDeps, stage: Stage, input: WorkflowInput): Promise<PatternResult> {
  switch (input.pattern) {
    case 'sequential':
      return runSequential(deps, stage, input);
    case 'parallel':
      return runParallel(deps, stage, input);
    case 'debate':
      return runDebate(deps, stage, input);
    case 'verification':
      return runVerification(deps, stage, input);
    case 'expert_panel':
      return runExpertPanel(deps, stage, input);
  }
}
