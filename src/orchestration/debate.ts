/**
 * The pattern `debate`: participants with roles take positions in rounds, each knowing what was said before, until enough of the weight holds
 * one position or the rounds are over. Agreement is measured on the positions, never on text. The moderator has no vote.
 */
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { AppError } from '../foundation/errors.ts';
import { agreementOf, bestOf, majorityOf, tally, unanimous, weightedWinner, type Decision, type Tally } from './agreement.ts';
import { verdictForm } from './forms.ts';
import { play, type Outcome, type Part, type Stage } from './participant.ts';
import { playAll, quoteOthers, runGraph, verdictOf, voteOf, type PatternDeps, type PatternResult } from './pattern.ts';
import type { DebateInput } from './workflow-input.ts';

interface Statement {
  /** Counted from 1. */
  readonly round: number;
  /** Place among the participants. */
  readonly index: number;
  readonly outcome: Outcome;
}

const State = Annotation.Root({
  statements: Annotation<readonly Statement[]>({ reducer: (before, more) => [...before, ...more], default: () => [] }),
  /** Rounds that are over. */
  rounds: Annotation<number>,
  moderated: Annotation<Outcome | null>,
});

const ROLES = {
  advocate: 'You speak for the proposal: make the best honest case for it.',
  critic: 'You look for what is wrong with it: name risks and gaps, and say what would mend them.',
  moderator: 'You moderate: you weigh what the others have said and take no side before.',
  neutral: 'You judge by the facts alone.',
} as const;

export async function runDebate(deps: PatternDeps, stage: Stage, input: DebateInput): Promise<PatternResult> {
  const graph = new StateGraph(State)
    .addNode('round', async ({ statements, rounds }) => ({ statements: await takeRound(deps, stage, input, statements, rounds + 1), rounds: rounds + 1 }))
    .addNode('moderate', async ({ statements }) => ({ moderated: await moderate(deps, stage, input, statements) }))
    .addEdge(START, 'round')
    .addConditionalEdges('round', ({ statements, rounds }) => (isOver(input, statements, rounds) ? 'moderate' : 'round'), ['round', 'moderate'])
    .addEdge('moderate', END)
    .compile(deps.checkpointer ? { checkpointer: deps.checkpointer } : {});
  const { statements, rounds, moderated } = await runGraph(graph, { statements: [], rounds: 0, moderated: null }, deps, stage);
  return conclude(input, statements, rounds, moderated);
}

/** The places of those who debate. */
function debaters({ participants }: DebateInput): readonly number[] {
  return participants.flatMap(({ role }, index) => (role === 'moderator' ? [] : [index]));
}

/** By what each said last. */
function standing(input: DebateInput, statements: readonly Statement[]): Tally {
  const votes = debaters(input).flatMap((index) => {
    const last = statements.findLast(
      (statement) => statement.index === index && statement.outcome.outcome === 'succeeded' && statement.outcome.filled !== null,
    );
    const vote = last && voteOf(last.outcome, input.participants[index]?.weight ?? 1);
    return vote ? [vote] : [];
  });
  return tally(votes, input.options);
}

function isOver(input: DebateInput, statements: readonly Statement[], rounds: number): boolean {
  if (rounds >= input.rounds) return true;
  return agreementOf(standing(input, statements)) >= input.agreementFrom;
}

async function takeRound(deps: PatternDeps, stage: Stage, input: DebateInput, before: readonly Statement[], round: number): Promise<readonly Statement[]> {
  const speakers = debaters(input);
  const said: Statement[] = [];
  const partOf = (index: number, known: readonly Statement[]): Part => partFor(stage, input, { round, index, known: [...before, ...known] });
  if (input.format === 'socratic') {
    const asker = askerOf(input, round);
    const question = await play(deps, stage, {
      ...partOf(asker, []),
      role: 'asks',
      form: undefined,
      ask: `${stage.turn.text}\n\nAsk the others the one question that matters most now.`,
    });
    said.push({ round, index: asker, outcome: question });
    for (const index of speakers) if (index !== asker) said.push({ round, index, outcome: await play(deps, stage, partOf(index, said)) });
    return said;
  }
  // Openings and closings are made without hearing the others of the round.
  const apart = input.format === 'structured' && (round === 1 || round === input.rounds);
  if (apart) {
    const outcomes = await playAll(
      deps,
      stage,
      speakers.map((index) => partOf(index, [])),
      speakers.length,
    );
    return outcomes.map((outcome, at) => ({ round, index: speakers[at] ?? 0, outcome }));
  }
  for (const index of speakers) said.push({ round, index, outcome: await play(deps, stage, partOf(index, said)) });
  return said;
}

/** The moderator asks, else each in turn. */
function askerOf(input: DebateInput, round: number): number {
  const moderator = input.participants.findIndex(({ role }) => role === 'moderator');
  const speakers = debaters(input);
  return moderator >= 0 ? moderator : (speakers[(round - 1) % speakers.length] ?? 0);
}

function partFor(
  { turn }: Stage,
  input: DebateInput,
  { round, index, known }: { readonly round: number; readonly index: number; readonly known: readonly Statement[] },
): Part {
  const { participants, options, stepMs, rounds } = input;
  const own = participants[index];
  const role = own?.role ?? 'neutral';
  const others = known.map((statement) => ({
    who: `${participants[statement.index]?.agentId ?? ''} (${participants[statement.index]?.role ?? ''}, round ${statement.round})`,
    outcome: statement.outcome,
  }));
  return {
    path: `debate/${round}/${index}`,
    agentId: own?.agentId ?? '',
    role,
    ask: turn.text,
    notes: [
      `This is round ${round} of at most ${rounds} of a debate. ${ROLES[role]} Change your position where the others have convinced you, and then use their words for it.`,
      ...quoteOthers(others),
    ],
    form: verdictForm(options),
    stepMs,
  };
}

/** Where there is a moderator it sums up; its word decides only where the input says so. */
async function moderate(deps: PatternDeps, stage: Stage, input: DebateInput, statements: readonly Statement[]): Promise<Outcome | null> {
  const index = input.participants.findIndex(({ role }) => role === 'moderator');
  if (index < 0) return null;
  return play(deps, stage, { ...partFor(stage, input, { round: input.rounds, index, known: statements }), path: 'debate/moderator' });
}

function conclude(input: DebateInput, statements: readonly Statement[], rounds: number, moderated: Outcome | null): PatternResult {
  const counted = standing(input, statements);
  if (counted.counted.length === 0) {
    const why = statements.find(({ outcome }) => outcome.error)?.outcome.error;
    throw new AppError('MODEL_OVERLOADED', `Nobody took a position.${why ? ` ${why.message}` : ''}`, { retryable: true });
  }
  const { position, tied, among } = decide(input, counted, moderated);
  const agreement = agreementOf(counted);
  const told = statements.map(({ round, index, outcome: { agentId, outcome, text, filled, error } }) => ({
    round,
    agentId,
    role: input.participants[index]?.role ?? 'neutral',
    outcome,
    text,
    verdict: filled,
    error,
  }));
  const summary = moderated?.outcome === 'succeeded' ? moderated.text : '';
  const open = tied ? `A tie between ${among.join(' and ')}.` : `No decision: ${Math.round(agreement * 100)}% agree.`;
  return {
    outcome: position !== null ? 'decided' : tied ? 'tied' : 'undecided',
    text: [position ?? open, summary].filter((part) => part !== '').join('\n\n'),
    details: {
      position,
      tied,
      decide: input.decide,
      agreement,
      tally: counted.ranked,
      rounds,
      statements: told,
      ...(moderated ? { moderator: moderated } : {}),
    },
  };
}

function decide({ decide: how, options }: DebateInput, counted: Tally, moderated: Outcome | null): Decision {
  switch (how) {
    case 'unanimous':
      return unanimous(counted);
    case 'majority':
      return majorityOf(counted);
    case 'weighted':
      return weightedWinner(counted);
    case 'confidence':
      return bestOf(counted);
    case 'moderator': {
      const verdict = moderated && verdictOf(moderated);
      if (!verdict) return { position: null, tied: false, among: [] };
      return weightedWinner(tally([{ agentId: moderated.agentId, weight: 1, verdict }], options));
    }
  }
}
