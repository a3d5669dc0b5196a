/**
 * The pattern `parallel`: the same question to many agents at once. As soon as enough have answered the rest is cancelled, up to the model's
 * connection. Votes and consensus are counted on verdicts, never on text.
 */
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { AppError } from '../foundation/errors.ts';
import { agreementOf, bestOf, enough, tally, weightedWinner } from './agreement.ts';
import { verdictForm } from './forms.ts';
import type { Outcome, Stage } from './participant.ts';
import { codeOf, playAll, runGraph, voteOf, type PatternDeps, type PatternResult } from './pattern.ts';
import { consensusOf } from './recommendations.ts';
import type { ParallelInput } from './workflow-input.ts';

const State = Annotation.Root({ outcomes: Annotation<readonly Outcome[]> });

export async function runParallel(deps: PatternDeps, stage: Stage, input: ParallelInput): Promise<PatternResult> {
  const graph = new StateGraph(State)
    .addNode('agents', async () => ({ outcomes: await askAll(deps, stage, input) }))
    .addEdge(START, 'agents')
    .addEdge('agents', END)
    .compile(deps.checkpointer ? { checkpointer: deps.checkpointer } : {});
  const { outcomes } = await runGraph(graph, {}, deps, stage);
  assertEnough(input, outcomes);
  return aggregate(input, outcomes);
}

async function askAll(deps: PatternDeps, stage: Stage, input: ParallelInput): Promise<readonly Outcome[]> {
  const { agents, aggregate: how, options, stepMs, concurrency } = input;
  const cancel = new AbortController();
  const ended: (Outcome | undefined)[] = [];
  const form = how === 'merge' || how === 'all' ? undefined : verdictForm(options);
  const parts = agents.map(({ agentId, task }, index) => ({
    path: `parallel/${index}`,
    agentId,
    role: 'participant',
    ask: task === undefined ? stage.turn.text : `${stage.turn.text}\n\n${task}`,
    form,
    stepMs,
    cancel: cancel.signal,
  }));
  return playAll(deps, stage, parts, concurrency, (outcome, index) => {
    ended[index] = outcome;
    if (standOf(input, ended) !== 'wait') cancel.abort(new Error('enough participants have ended'));
  });
}

/** Who may fail without harm counts for the join only when it answered. */
function standOf({ agents, join, quorum }: ParallelInput, ended: readonly (Outcome | undefined)[]): ReturnType<typeof enough> {
  const failures = agents.map(({ required }, index) => ({ required, failed: ended[index]?.outcome === 'failed' }));
  if (failures.some(({ required, failed }) => required && failed)) return 'impossible';
  const answered = ended.filter((outcome) => outcome?.outcome === 'succeeded').length;
  const failed = failures.filter((one) => one.failed).length;
  return join === 'all'
    ? enough('all', { answered, failed: 0, total: agents.length - failed })
    : enough(join, { answered, failed, total: agents.length, quorum });
}

function assertEnough(input: ParallelInput, outcomes: readonly Outcome[]): void {
  if (standOf(input, outcomes) === 'done' && outcomes.some(({ outcome }) => outcome === 'succeeded')) return;
  const failed = outcomes.filter(({ outcome }) => outcome === 'failed');
  const [first] = failed.toSorted((a, b) => Number(requires(input, outcomes, b)) - Number(requires(input, outcomes, a)));
  const why = first?.error ? ` ${first.agentId}: ${first.error.message}` : '';
  throw new AppError(codeOf(first?.error?.code ?? 'MODEL_OVERLOADED'), `Too few participants answered (${failed.length} of ${outcomes.length} failed).${why}`, {
    retryable: first?.error?.retryable ?? true,
  });
}

function requires({ agents }: ParallelInput, outcomes: readonly Outcome[], outcome: Outcome): boolean {
  return agents[outcomes.indexOf(outcome)]?.required ?? false;
}

function aggregate({ agents, aggregate: how, options }: ParallelInput, outcomes: readonly Outcome[]): PatternResult {
  const answers = outcomes.map(({ agentId, outcome, text, filled, error }) => ({ agentId, outcome, text, verdict: filled, error }));
  const answered = outcomes.filter(({ outcome }) => outcome === 'succeeded');
  const votes = outcomes.flatMap((outcome, index) => voteOf(outcome, agents[index]?.weight ?? 1) ?? []);
  const counted = tally(votes, options);
  const merged = answered.map(({ agentId, text }) => `**${agentId}**\n\n${text.trim()}`).join('\n\n');
  switch (how) {
    case 'merge':
    case 'all':
      return { outcome: 'answered', text: merged, details: { answers } };
    case 'vote': {
      const { position, tied, among } = weightedWinner(counted);
      const text = position ?? `A tie between ${among.join(' and ')}.`;
      return { outcome: tied ? 'tied' : 'decided', text, details: { answers, position, tied, tally: counted.ranked, agreement: agreementOf(counted) } };
    }
    case 'best': {
      const best = bestOf(counted);
      const chosen = answered.find(({ agentId }) => agentId === best.votes[0]?.agentId);
      return {
        outcome: best.tied ? 'tied' : 'decided',
        text: chosen?.text ?? merged,
        details: { answers, position: best.position, tied: best.tied, best: chosen?.agentId ?? null },
      };
    }
    case 'consensus': {
      const { shared, dissent, agreement } = consensusOf(votes);
      const { position, tied } = weightedWinner(counted);
      const text = shared.length > 0 ? shared.map((one) => `- ${one.text}`).join('\n') : 'There is nothing that all recommend.';
      return {
        outcome: shared.length > 0 ? 'agreed' : 'divided',
        text,
        details: { answers, position, tied, shared, dissent, agreement, positions: agreementOf(counted) },
      };
    }
  }
}
