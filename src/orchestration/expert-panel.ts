/**
 * The pattern `expert_panel`: experts with areas and weights give their opinions side by side, without hearing each other; then these are put
 * together. Dissent is kept. How far they agree is measured on what they recommend.
 */
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { AppError } from '../foundation/errors.ts';
import { agreementOf, bestOf, tally, weightedWinner, type Vote } from './agreement.ts';
import { verdictForm } from './forms.ts';
import { play, type Outcome, type Stage } from './participant.ts';
import { codeOf, playAll, quoteOthers, runGraph, verdictOf, voteOf, type PatternDeps, type PatternResult } from './pattern.ts';
import { consensusOf, mergeRecommendations } from './recommendations.ts';
import type { ExpertPanelInput } from './workflow-input.ts';

const State = Annotation.Root({
  opinions: Annotation<readonly Outcome[]>,
  /** The coordinator's; null where nobody was asked. */
  synthesis: Annotation<Outcome | null>,
});

const AT_ONCE_MAX = 8;
/** Fewer opinions are none of a panel. */
const OPINIONS_MIN = 2;

export async function runExpertPanel(deps: PatternDeps, stage: Stage, input: ExpertPanelInput): Promise<PatternResult> {
  const graph = new StateGraph(State)
    .addNode('experts', async () => ({ opinions: await askExperts(deps, stage, input) }))
    .addNode('synthesize', async ({ opinions }) => ({ synthesis: await coordinate(deps, stage, input, opinions) }))
    .addEdge(START, 'experts')
    .addEdge('experts', 'synthesize')
    .addEdge('synthesize', END)
    .compile(deps.checkpointer ? { checkpointer: deps.checkpointer } : {});
  const { opinions, synthesis } = await runGraph(graph, { synthesis: null }, deps, stage);
  return conclude(input, opinions, synthesis);
}

async function askExperts(deps: PatternDeps, stage: Stage, { experts, options, stepMs }: ExpertPanelInput): Promise<readonly Outcome[]> {
  const parts = experts.map(({ agentId, area }, index) => ({
    path: `expert_panel/experts/${index}`,
    agentId,
    role: area ?? 'expert',
    ask: stage.turn.text,
    notes: [
      `You are asked as an expert${area === undefined ? '' : ` for ${area}`}, one of ${experts.length} who do not hear each other. Say what you recommend, and how sure you are.`,
    ],
    form: verdictForm(options),
    stepMs,
    retries: 1,
  }));
  const opinions = await playAll(deps, stage, parts, AT_ONCE_MAX);
  const given = opinions.filter((opinion) => verdictOf(opinion) !== null);
  if (given.length < Math.min(OPINIONS_MIN, experts.length)) {
    const failure = opinions.find(({ error }) => error)?.error;
    throw new AppError(
      codeOf(failure?.code ?? 'MODEL_OVERLOADED'),
      `Only ${given.length} of ${experts.length} experts gave an opinion.${failure ? ` ${failure.message}` : ''}`,
      {
        retryable: failure?.retryable ?? true,
      },
    );
  }
  return opinions;
}

async function coordinate(
  deps: PatternDeps,
  stage: Stage,
  { synthesis, coordinator, experts, options, stepMs }: ExpertPanelInput,
  opinions: readonly Outcome[],
): Promise<Outcome | null> {
  // The offline model writes nothing of its own: the weights decide then.
  if (synthesis !== 'coordinator' || deps.llm.name === 'offline') return null;
  const others = opinions.map((outcome, index) => ({
    who: `${outcome.agentId} (${experts[index]?.area ?? 'expert'}, weight ${experts[index]?.weight ?? 1})`,
    outcome,
  }));
  return play(deps, stage, {
    path: 'expert_panel/synthesis',
    agentId: coordinator,
    role: 'coordinator',
    ask: stage.turn.text,
    notes: [
      'Experts were asked, each by itself. Put their opinions together to one answer: what they agree on, where they differ and why, and what follows.',
      ...quoteOthers(others),
    ],
    form: verdictForm(options),
    stepMs,
    retries: 1,
  });
}

function conclude({ experts, synthesis: asked, options }: ExpertPanelInput, opinions: readonly Outcome[], synthesis: Outcome | null): PatternResult {
  const votes = opinions.flatMap((opinion, index): readonly Vote[] => {
    const vote = voteOf(opinion, experts[index]?.weight ?? 1);
    return vote ? [vote] : [];
  });
  const counted = tally(votes, options);
  const { shared, dissent, agreement } = consensusOf(votes);
  const recommendations = mergeRecommendations(votes);
  // A coordinator that failed, or was not asked, leaves the weights to decide, and the result says so.
  const by = asked === 'coordinator' && synthesis?.outcome !== 'succeeded' ? 'weighted' : asked;
  const verdict = synthesis && verdictOf(synthesis);
  const best = bestOf(counted);
  const led = by === 'best' ? best : weightedWinner(counted);
  const position = by === 'coordinator' ? (verdict?.position ?? null) : led.position;
  const tied = by !== 'coordinator' && led.tied;
  const list = (by === 'consensus' ? shared.map(({ text }) => text) : recommendations).map((text) => `- ${text}`).join('\n');
  const bestText = opinions.find(({ agentId }) => agentId === best.votes[0]?.agentId)?.text;
  const head = position ?? `A tie between ${led.among.join(' and ')}.`;
  const text = by === 'coordinator' ? (synthesis?.text ?? '') : by === 'best' ? (bestText ?? head) : [head, list].filter((part) => part !== '').join('\n\n');
  return {
    outcome: tied ? 'tied' : 'decided',
    text,
    details: {
      synthesis: by,
      ...(by === asked ? {} : { instead: asked }),
      position,
      tied,
      positions: agreementOf(counted),
      agreement,
      recommendations,
      shared,
      dissent,
      opinions: opinions.map(({ agentId, outcome, text: said, filled, error }, index) => ({
        agentId,
        area: experts[index]?.area ?? null,
        weight: experts[index]?.weight ?? 1,
        outcome,
        text: said,
        verdict: filled,
        error,
      })),
    },
  };
}
