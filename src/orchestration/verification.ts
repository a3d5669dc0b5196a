/**
 * The pattern `verification`: one agent writes a draft, others check it by name, and it is written again until it passes or the iterations
 * are spent. Findings belong to the draft they were made on. What becomes of a draft is arithmetic on the findings, no opinion.
 */
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { AppError } from '../foundation/errors.ts';
import { verificationAction, type VerificationAction } from './agreement.ts';
import { findingsForm } from './forms.ts';
import { play, type Outcome, type Stage } from './participant.ts';
import { codeOf, playAll, runGraph, type PatternDeps, type PatternResult } from './pattern.ts';
import { Findings, type Finding } from './verdict.ts';
import type { VerificationInput } from './workflow-input.ts';

interface Iteration {
  /** Counted from 1. */
  readonly iteration: number;
  readonly draft: string;
  readonly findings: readonly (Finding & { readonly by: string })[];
  /** Verifiers that could not check it. */
  readonly failed: readonly string[];
  readonly action: VerificationAction;
  /** 0 to 1. */
  readonly score: number;
}

const State = Annotation.Root({
  draft: Annotation<Outcome | null>,
  iterations: Annotation<readonly Iteration[]>({ reducer: (before, more) => [...before, ...more], default: () => [] }),
});

const PARALLEL_MAX = 10;

export interface VerificationResult extends PatternResult {
  readonly outcome: VerificationAction;
  readonly details: Pick<Iteration, 'action' | 'score' | 'draft' | 'findings'> & { readonly iterations: readonly Iteration[] };
}

/** Writes one draft. @param note What was found on the one before; null for the first. */
export interface Producer {
  (path: string, note: string | null): Promise<Outcome>;
}

/** @param producer Left out: the agent that the input names. */
export async function runVerification(
  deps: PatternDeps,
  stage: Stage,
  input: VerificationInput,
  producer: Producer = asAgent(deps, stage, input),
): Promise<VerificationResult> {
  const graph = new StateGraph(State)
    .addNode('produce', async ({ iterations }) => ({ draft: await produce(producer, iterations) }))
    .addNode('verify', async ({ draft, iterations }) => ({ iterations: [await verify(deps, stage, input, draft, iterations.length + 1)] }))
    .addEdge(START, 'produce')
    .addEdge('produce', 'verify')
    .addConditionalEdges('verify', ({ iterations }) => (iterations.at(-1)?.action === 'revise' ? 'produce' : END), ['produce', END])
    .compile(deps.checkpointer ? { checkpointer: deps.checkpointer } : {});
  const { iterations } = await runGraph(graph, { draft: null, iterations: [] }, deps, stage);
  const last = iterations.at(-1);
  if (!last) throw new Error('a verification ended without a draft');
  const { action, score, findings, draft } = last;
  const approved = action === 'approve' || action === 'approve_with_notes';
  return {
    outcome: action,
    text: approved ? draft : `The draft was not approved (${action}): ${findings.map(({ finding }) => finding).join(' ')}`,
    details: { action, score, draft, findings, iterations },
  };
}

function asAgent(deps: PatternDeps, stage: Stage, { producer, stepMs }: VerificationInput): Producer {
  return (path, note) =>
    play(deps, stage, {
      path,
      agentId: producer.agentId,
      role: 'producer',
      ask: stage.turn.text,
      notes: note === null ? [] : [note],
      stepMs,
      retries: 1,
    });
}

/** @throws AppError what the producer failed with: without a draft there is nothing to check. */
async function produce(producer: Producer, iterations: readonly Iteration[]): Promise<Outcome> {
  const before = iterations.at(-1);
  const outcome = await producer(`verification/${iterations.length + 1}/draft`, before ? revisionNote(before) : null);
  if (outcome.error) throw new AppError(codeOf(outcome.error.code), `The draft failed: ${outcome.error.message}`, { retryable: outcome.error.retryable });
  return outcome;
}

function revisionNote({ draft, findings }: Iteration): string {
  const list = findings.map(({ check, severity, finding, recommendation, location }) =>
    [`- ${check} (${severity}): ${finding}`, location === '' ? '' : `It is about: "${location}".`, recommendation].filter((part) => part !== '').join(' '),
  );
  return `You wrote this draft before:\n${draft}\n\nIt was checked. Write the whole answer again and mend what was found:\n${list.join('\n')}`;
}

async function verify(deps: PatternDeps, stage: Stage, input: VerificationInput, written: Outcome | null, iteration: number): Promise<Iteration> {
  const draft = written?.text ?? '';
  const { verifiers, checks, iterations, stepMs } = input;
  const question = stage.turn.text;
  const wanted = checks.map(({ name, description, severity }) => `- ${name} (${severity} at the most): ${description}`);
  const parts = verifiers.map(({ agentId }, index) => ({
    path: `verification/${iteration}/verifiers/${index}`,
    agentId,
    role: 'verifier',
    ask: `Check this draft of an answer.\n\nThe question was: ${question}\n\nThe draft:\n${draft}`,
    notes: wanted.length > 0 ? [`Look for these, and name each finding by its check:\n${wanted.join('\n')}`] : [],
    form: findingsForm(checks.map(({ name }) => name)),
    reviewed: { question, answer: draft, grounds: written?.grounds ?? [] },
    stepMs,
    retries: 1,
  }));
  const outcomes = await playAll(deps, stage, parts, PARALLEL_MAX);
  const failed = outcomes.filter(({ outcome }) => outcome !== 'succeeded').map(({ agentId }) => agentId);
  const findings = outcomes.flatMap(({ agentId, filled }) =>
    (Findings.safeParse(filled).data?.findings ?? []).map((finding) => ({ ...capped(finding, input), by: agentId })),
  );
  const looked = Math.max(1, checks.length, verifiers.length - failed.length);
  const judged = verificationAction(
    findings.map((finding) => ({ ...finding, iteration })),
    { iteration, iterations, checks: looked },
  );
  // Nobody looked: that is no approval.
  return { iteration, draft, findings, failed, ...(failed.length === verifiers.length ? { action: 'escalate', score: 0 } : judged) };
}

const ORDER = ['info', 'low', 'medium', 'high', 'critical'] as const;

/** A finding of a named check is as bad as that may be, at the most. */
function capped(finding: Finding, { checks }: VerificationInput): Finding {
  const check = checks.find(({ name }) => name === finding.check);
  if (!check || ORDER.indexOf(finding.severity) <= ORDER.indexOf(check.severity)) return finding;
  return { ...finding, severity: check.severity };
}
