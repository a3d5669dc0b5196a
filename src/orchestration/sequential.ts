/**
 * The pattern `sequential`: one agent after the other, each with what the ones before have found. A step may depend on how an earlier one
 * ended, may be tried again, and may be left out when it fails. Skipped, stopped and failed are different outcomes.
 */
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { AppError } from '../foundation/errors.ts';
import { verdictForm } from './forms.ts';
import { play, skip, type Outcome, type Stage } from './participant.ts';
import { codeOf, quoteOthers, runGraph, verdictOf, type PatternDeps, type PatternResult } from './pattern.ts';
import { askPeople, type Decision } from './waiting.ts';
import type { Asked } from './workflow-event.ts';
import type { Condition, SequentialInput } from './workflow-input.ts';

const State = Annotation.Root({
  /** In the order of the steps. */
  outcomes: Annotation<readonly Outcome[]>({ reducer: (before, more) => [...before, ...more], default: () => [] }),
  /** Of the last step, where people had to decide. */
  decision: Annotation<Decision | null>,
});

export async function runSequential(deps: PatternDeps, stage: Stage, input: SequentialInput): Promise<PatternResult> {
  const { steps } = input;
  const graph = new StateGraph(State)
    .addNode('step', async ({ outcomes }) => ({ outcomes: [await takeStep(deps, stage, input, outcomes)] }))
    .addNode('approve', ({ outcomes }) => ({ decision: askPeople(approvalOf(steps, outcomes)) }))
    .addEdge(START, 'step')
    .addConditionalEdges('step', ({ outcomes }) => (needsPeople(steps, outcomes) ? 'approve' : goesOn(steps, outcomes) ? 'step' : END), [
      'approve',
      'step',
      END,
    ])
    .addConditionalEdges('approve', ({ outcomes, decision }) => (mayGoOn(steps, outcomes, decision) && goesOn(steps, outcomes) ? 'step' : END), ['step', END])
    .compile(deps.checkpointer ? { checkpointer: deps.checkpointer } : {});
  const { outcomes, decision } = await runGraph(graph, { outcomes: [], decision: null }, deps, stage);
  if (!mayGoOn(steps, outcomes, decision)) throw refused(outcomes, decision);
  const broken = outcomes.findIndex((outcome, index) => outcome.outcome === 'failed' && steps[index]?.required);
  const failure = outcomes[broken]?.error;
  if (failure)
    throw new AppError(codeOf(failure.code), `Step ${broken + 1} (${outcomes[broken]?.agentId ?? ''}) failed: ${failure.message}`, {
      retryable: failure.retryable,
    });
  const last = outcomes.findLast(({ outcome }) => outcome === 'succeeded');
  if (!last) throw new AppError('MODEL_OVERLOADED', 'No step had anything to say.', { retryable: true });
  const told = outcomes.map(({ agentId, outcome, tries, text, error }) => ({ agentId, outcome, tries, text, error }));
  return { outcome: outcomes.every(({ outcome }) => outcome === 'succeeded') ? 'done' : 'done_in_part', text: last.text, details: { steps: told } };
}

function needsPeople(steps: SequentialInput['steps'], outcomes: readonly Outcome[]): boolean {
  const last = outcomes.length - 1;
  return steps[last]?.approval !== undefined && outcomes[last]?.outcome === 'succeeded';
}

function approvalOf(steps: SequentialInput['steps'], outcomes: readonly Outcome[]): Asked {
  const last = outcomes.length - 1;
  const approval = steps[last]?.approval;
  const outcome = outcomes[last];
  if (!approval || !outcome) throw new Error(`step ${last} asks nobody`);
  const { level, people, risk, what } = approval;
  const exact = { step: last, agentId: outcome.agentId, text: outcome.text };
  return { path: `sequential/${last}/approval`, agentId: outcome.agentId, tool: 'go_on', arguments: exact, summary: what, needed: { level, people, risk } };
}

/** True as well where nobody had to decide on the last step. */
function mayGoOn(steps: SequentialInput['steps'], outcomes: readonly Outcome[], decision: Decision | null): boolean {
  if (!needsPeople(steps, outcomes)) return true;
  return decision?.outcome === 'approved' || steps[outcomes.length - 1]?.approval?.ifRefused === 'go_on';
}

function refused(outcomes: readonly Outcome[], decision: Decision | null): AppError {
  const step = `Step ${outcomes.length} (${outcomes.at(-1)?.agentId ?? ''})`;
  if (decision?.outcome === 'expired') return new AppError('APPROVAL_EXPIRED', `${step} was not approved in time.`, { retryable: false });
  return new AppError('FORBIDDEN', `${step} was not approved by the people of the desk.`, { retryable: false });
}

function goesOn(steps: SequentialInput['steps'], outcomes: readonly Outcome[]): boolean {
  const last = outcomes.length - 1;
  if (outcomes[last]?.outcome === 'failed' && steps[last]?.required) return false;
  return outcomes.length < steps.length;
}

async function takeStep(deps: PatternDeps, stage: Stage, { steps, stepMs }: SequentialInput, before: readonly Outcome[]): Promise<Outcome> {
  const index = before.length;
  const step = steps[index];
  if (!step) throw new Error(`there is no step ${index}`);
  const path = `sequential/${index}`;
  const { agentId, task, retries, when } = step;
  if (when && !holds(when, before)) return skip(stage, { path, agentId, role: 'step' });
  // Only where a later step looks at it: a form costs a request where the model forgets it.
  const asked = steps.some((later) => later.when?.step === index && (later.when.position !== undefined || later.when.confidenceFrom !== undefined));
  return play(deps, stage, {
    path,
    agentId,
    role: 'step',
    ask: task === undefined ? stage.turn.text : `${stage.turn.text}\n\n${task}`,
    notes: quoteOthers(before.map((outcome, at) => ({ who: `Step ${at + 1}, ${outcome.agentId},`, outcome }))),
    form: asked ? verdictForm(undefined) : undefined,
    stepMs: step.stepMs ?? stepMs,
    retries,
  });
}

function holds({ step, outcome, position, confidenceFrom }: Condition, before: readonly Outcome[]): boolean {
  const looked = before[step];
  if (!looked) return false;
  const verdict = verdictOf(looked);
  if (outcome !== undefined && looked.outcome !== outcome) return false;
  if (position !== undefined && verdict?.position.toLowerCase() !== position.toLowerCase()) return false;
  return confidenceFrom === undefined || (verdict !== null && verdict.confidence >= confidenceFrom);
}
