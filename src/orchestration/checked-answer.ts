/**
 * An answer on which much depends (money given back, security, law) is checked before the customer reads a word of it: the agents' words are
 * held back as a draft, other agents check it by the pattern `verification`, and it is said when it has passed. What has not passed is not
 * said: a person is asked for. Which answers these are stands in the agents' files, by whom they are checked in the policy.
 */
import { AppError } from '../foundation/errors.ts';
import type { Agent } from '../catalog/agent.ts';
import type { Passage } from '../llm/llm.ts';
import type { Policy } from '../store/policy-schema.ts';
import type { VerificationAction } from './agreement.ts';
import { within } from './allowance.ts';
import { isOurs, onlyReading, type Outcome, type Stage } from './participant.ts';
import type { PatternDeps } from './pattern.ts';
import { runVerification } from './verification.ts';
import { VerificationInput } from './workflow-input.ts';
import type { Emit } from './workflow-event.ts';

/** What was written and not yet said. */
export interface Draft {
  readonly text: string;
  readonly citations: readonly Passage[];
  /** What tools told whoever wrote it. */
  readonly grounds: readonly string[];
}

export const NO_DRAFT: Draft = { text: '', citations: [], grounds: [] };

export interface Held {
  readonly emit: Emit;
  readonly citations: readonly Passage[];
  readonly grounds: readonly string[];
}

/** Tells an agent's words to the desk alone, and gathers what it cites and is told. */
export function holdBack(emit: Emit, path: string, agentId: string): Held {
  const citations: Passage[] = [];
  const grounds: string[] = [];
  return {
    citations,
    grounds,
    async emit(event) {
      if (event.type === 'text') await emit({ type: 'spoken', step: path, path, agentId, text: event.text });
      else if (event.type === 'cited') citations.push(event.passage);
      else {
        if (event.type === 'tool_returned' && !event.failed) grounds.push(event.summary);
        await emit(event);
      }
    },
  };
}

/** What goes on from a draft is part of it. */
export function addTo(draft: Draft, text: string, { citations, grounds }: Held): Draft {
  return { text: draft.text + text, citations: [...draft.citations, ...citations], grounds: [...draft.grounds, ...grounds] };
}

/** True when this agent's answers are checked. */
export function isChecked(agent: Agent, { riskAreas, verifiers }: Policy['answerCheck']): boolean {
  return agent.riskArea !== null && riskAreas.includes(agent.riskArea) && verifiers.length > 0;
}

export interface CheckAnswer {
  readonly agent: Agent;
  readonly draft: Draft;
  readonly disabled: ReadonlySet<string>;
  readonly policy: Policy['answerCheck'];
  /** Writes it again, with what was found. It must do nothing a second time. */
  readonly revise: (stage: Stage, path: string, note: string) => Promise<Draft>;
}

export interface Checked {
  /** `unchecked`: what the check may take was spent before it was done, or nobody could look. */
  readonly action: VerificationAction | 'unchecked';
  /** The last one written; to be said when it was approved. */
  readonly draft: Draft;
  readonly approved: boolean;
  /** Of the last draft, for people. */
  readonly findings: readonly string[];
  readonly drafts: number;
}

const STEP_SHARE = 0.6;

/** @throws AppError BUDGET_EXCEEDED or UNAVAILABLE of the run itself; whatever else fails leaves the answer unchecked. */
export async function checkAnswer(deps: PatternDeps, stage: Stage, { agent, draft, disabled, policy, revise }: CheckAnswer): Promise<Checked> {
  const verifiers = policy.verifiers.filter((id) => id !== agent.id && !disabled.has(id) && deps.catalog.get(id)).map((agentId) => ({ agentId }));
  let latest = draft;
  let drafts = 1;
  const unchecked: Checked = { action: 'unchecked', draft, approved: false, findings: [], drafts };
  if (verifiers.length === 0) return unchecked;
  const stepMs = Math.round(policy.seconds * 1_000 * STEP_SHARE);
  const input = VerificationInput.parse({
    pattern: 'verification',
    producer: { agentId: agent.id },
    verifiers,
    iterations: policy.drafts,
    stepMs,
    deadlineMs: Math.round(policy.seconds * 1_000),
  });
  const reading: PatternDeps = { ...deps, tools: onlyReading(deps.tools), hurried: true, checkpointer: null };
  const result = await within(deps, stage, policy, (inner) =>
    runVerification(reading, inner, input, async (path, note) => {
      if (note !== null) {
        latest = await revise(inner, path, note);
        drafts += 1;
      }
      return written(agent, latest);
    }),
  ).catch((error: unknown) => {
    if (stage.signal.aborted || !(error instanceof AppError) || isOurs(error.code)) throw error;
    return null;
  });
  if (!result) return { ...unchecked, drafts };
  const { outcome: action, details } = result;
  const approved = action === 'approve' || action === 'approve_with_notes';
  return { action, draft: latest, approved, findings: details.findings.map(({ finding }) => finding), drafts };
}

function written({ id }: Agent, { text, grounds }: Draft): Outcome {
  return { agentId: id, outcome: 'succeeded', text, filled: null, error: null, tries: 1, grounds };
}
