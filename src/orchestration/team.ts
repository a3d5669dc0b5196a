/**
 * Colleagues for a question that is too much for one agent: the agent `coordinator` says who should look at it and in which of the five
 * patterns, and what they find goes to the agent that answers. They only read: what is to be done is done by who speaks to the customer.
 * Whether a question is one for a team is the turn's to judge.
 */
import { z } from 'zod';
import { AppError } from '../foundation/errors.ts';
import { PERSON_AGENT_ID } from '../catalog/agent.ts';
import type { Route } from '../catalog/router.ts';
import type { Policy } from '../store/policy-schema.ts';
import { within } from './allowance.ts';
import { answerForm, type AnswerForm } from './answer-form.ts';
import { isOurs, onlyReading, play, type Outcome, type Stage } from './participant.ts';
import type { PatternDeps, PatternResult } from './pattern.ts';
import { runPattern } from './patterns.ts';
import { inputFor, PATTERNS, WorkflowInput, type Pattern } from './workflow-input.ts';

export interface Finding {
  readonly agentId: string;
  readonly text: string;
}

export interface Team {
  readonly pattern: Pattern;
  readonly agentIds: readonly string[];
  /** Why these, in the coordinator's words. */
  readonly reason: string;
  readonly outcome: string;
  /** What it comes to. */
  readonly text: string;
  /** What each of them said; the answering agent's own part is not among them. */
  readonly findings: readonly Finding[];
}

/** Why the question is answered by one agent all the same. */
export interface Alone {
  readonly alone: 'one_is_enough' | 'nobody_else' | 'allowance_spent' | 'failed';
  readonly reason: string;
}

export const COORDINATOR_ID = 'coordinator';
export const COORDINATOR_PATH = 'team';
/** One agent is no team. */
const TEAM_MIN = 2;
/** Below this the router names nobody it means. */
const OFFLINE_CONFIDENCE_MIN = 0.05;
const REASON_CHARS_MAX = 300;
/** Of the allowance, for one of them. */
const STEP_SHARE = 0.6;

export interface AskTeam {
  readonly route: Route;
  readonly disabled: ReadonlySet<string>;
  readonly policy: Policy['teams'];
}

/** @throws AppError BUDGET_EXCEEDED or UNAVAILABLE of the run itself; whatever else happens to a team leaves the answer to one agent. */
export async function askTeam(deps: PatternDeps, stage: Stage, { route, disabled, policy }: AskTeam): Promise<Team | Alone> {
  const { agentsMax } = policy;
  const candidates = [route, ...route.candidates]
    .map(({ agentId }) => agentId)
    .filter((id) => id !== PERSON_AGENT_ID && !disabled.has(id) && deps.catalog.get(id));
  const known = [...new Set(candidates)];
  if (known.length < TEAM_MIN || disabled.has(COORDINATOR_ID) || !deps.catalog.get(COORDINATOR_ID))
    return { alone: 'nobody_else', reason: 'There is nobody else to ask.' };
  const stepMs = Math.round(policy.seconds * 1_000 * STEP_SHARE);
  const reading: PatternDeps = { ...deps, tools: onlyReading(deps.tools), hurried: true, checkpointer: null };
  try {
    const done = await within(deps, stage, policy, async (inner) => {
      const wanted = await choose(reading, inner, route, known, agentsMax, stepMs);
      if (wanted.pattern === 'one_agent') return { alone: 'one_is_enough', reason: wanted.reason } as const;
      const input = WorkflowInput.parse({ ...(inputFor(wanted.pattern, wanted.agents) as object), stepMs, deadlineMs: Math.round(policy.seconds * 1_000) });
      const heard: Finding[] = [];
      const result = await runPattern(reading, listening(inner, heard), input);
      return teamOf(wanted.pattern, wanted, result, heard, route.agentId);
    });
    return done ?? { alone: 'allowance_spent', reason: 'What a team may take was spent before it was done.' };
  } catch (error) {
    if (stage.signal.aborted || !(error instanceof AppError) || isOurs(error.code)) throw error;
    return { alone: 'failed', reason: error.message };
  }
}

type Wanted = z.output<ReturnType<typeof wantedOf>>;

async function choose(deps: PatternDeps, stage: Stage, route: Route, candidates: readonly string[], agentsMax: number, stepMs: number): Promise<Wanted> {
  const outcome = await play(deps, stage, {
    path: COORDINATOR_PATH,
    agentId: COORDINATOR_ID,
    role: 'coordinator',
    ask: stage.turn.text,
    notes: [
      `The message is complex. Say who should look at it together, and how. The agent ${route.agentId} answers the customer; the others only tell it what they find.`,
      `You may choose among: ${candidates.map((id) => `${id} (${deps.catalog.get(id)?.description ?? ''})`).join('; ')}.`,
    ],
    form: teamForm(route, candidates, agentsMax),
    stepMs,
    retries: 1,
  });
  const read = wantedOf(candidates, agentsMax).safeParse(outcome.filled);
  if (read.success) return read.data;
  throw new AppError('MODEL_OVERLOADED', outcome.error?.message ?? 'Nobody said who should work on it.', { retryable: true });
}

function wantedOf(candidates: readonly string[], agentsMax: number) {
  return z
    .strictObject({
      pattern: z.enum(['one_agent', ...PATTERNS]).describe('How they work together; one_agent when one is enough.'),
      agents: z
        .array(z.enum(candidates as [string, ...string[]]))
        .max(agentsMax)
        .describe('Who takes part; of a verification the first writes and the rest check. Empty for one_agent.'),
      reason: z.string().trim().min(1).max(REASON_CHARS_MAX).describe('Why these and why so, in one sentence.'),
    })
    .superRefine(({ pattern, agents }, context) => {
      if (pattern === 'one_agent') return;
      if (new Set(agents).size < TEAM_MIN || new Set(agents).size < agents.length)
        context.addIssue({ code: 'custom', path: ['agents'], message: `must be ${TEAM_MIN} to ${agentsMax} different agents` });
    });
}

function teamForm(route: Route, candidates: readonly string[], agentsMax: number): AnswerForm {
  return answerForm({
    name: 'choose_team',
    description: 'Ends your part: which agents look at the message together, in which pattern, and why. Call it once.',
    schema: wantedOf(candidates, agentsMax),
    fromAnswer: () => offlineTeam(route, candidates, agentsMax),
  });
}

/** Whoever the router thought of, side by side: the offline model tells no pattern from another. */
function offlineTeam({ agentId: lead, candidates }: Route, known: readonly string[], agentsMax: number): Wanted {
  const meant = candidates.filter(({ confidence }) => confidence >= OFFLINE_CONFIDENCE_MIN).map(({ agentId }) => agentId);
  const agents = [...new Set([lead, ...meant])].filter((id) => known.includes(id)).slice(0, agentsMax);
  if (agents.length < TEAM_MIN) return { pattern: 'one_agent', agents: [], reason: 'The message is for nobody else.' };
  return { pattern: 'parallel', agents, reason: 'The message touches what each of them knows.' };
}

/** Keeps what each participant said last, also in an earlier attempt, for the agent that answers. */
function listening(stage: Stage, heard: Finding[]): Stage {
  const hear = ({ agentId, outcome, text }: Pick<Outcome, 'agentId' | 'outcome' | 'text'>): void => {
    if (outcome === 'succeeded' && text.trim() !== '') heard.push({ agentId, text: text.trim() });
  };
  const agents = new Map<string, string>();
  return {
    ...stage,
    past(path) {
      const before = stage.past(path);
      if (before) hear(before);
      return before;
    },
    async emit(event) {
      await stage.emit(event);
      if (event.type === 'step_started' && event.agentId !== null) agents.set(event.step, event.agentId);
      if (event.type !== 'step_finished') return;
      const { text } = (event.output ?? {}) as Partial<Outcome>;
      const agentId = agents.get(event.step);
      if (agentId !== undefined && text !== undefined) hear({ agentId, outcome: event.outcome, text });
    },
  };
}

function teamOf(pattern: Pattern, { agents, reason }: Wanted, { outcome, text }: PatternResult, heard: readonly Finding[], lead: string): Team {
  const last = new Map(heard.map((finding) => [finding.agentId, finding]));
  return { pattern, agentIds: agents, reason, outcome, text, findings: [...last.values()].filter(({ agentId }) => agentId !== lead) };
}

/** What the answering agent has to know of it. */
export function teamNote({ pattern, text, outcome }: Team): string {
  return `Colleagues have looked at this message together (${pattern.replaceAll('_', ' ')}, ${outcome}). They told this to you alone, the customer has read nothing of it. Answer from it in your own words where it holds, do yourself whatever is to be done, and pass nobody's name on:\n${text.slice(0, TOLD_CHARS_MAX)}`;
}

const TOLD_CHARS_MAX = 8_000;
