/**
 * One participant of a workflow at work: an agent step under a path of its own, with its own time limit, told to the desk and never to the
 * customer, that ends with a form filled in where one is asked for. What went wrong comes back as an outcome: the pattern decides what it
 * means. A participant that finished in an earlier attempt is not asked again.
 */
import { AppError, type ErrorCode } from '../foundation/errors.ts';
import type { Agent, Catalog } from '../catalog/agent.ts';
import { runAgentStep, type AgentStepDeps } from './agent-step.ts';
import type { AnswerForm } from './answer-form.ts';
import type { AtWork } from './at-work.ts';
import { readContinuation, writeContinuation, type Continuation } from './continuation.ts';
import type { Reviewed } from './tool.ts';
import { transcriptOf } from './transcript.ts';
import type { Turn } from './turn.ts';
import { NOTHING_ASKED, type Decisions, type Scene, type Waiting } from './waiting.ts';
import type { Emit, StepOutcome, WorkflowEvent } from './workflow-event.ts';

export interface Outcome {
  readonly agentId: string;
  readonly outcome: StepOutcome;
  readonly text: string;
  /** The form, filled in; null without one. */
  readonly filled: unknown;
  /** Why not, unless it succeeded. */
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
  /** Tries it took. */
  readonly tries: number;
  /** What its tools told it. */
  readonly grounds?: readonly string[];
}

/** What a step of an earlier attempt of this run ended with, by path; null when it has not ended. */
export type Past = (path: string) => Outcome | null;

/** Nothing was done and nobody was asked before. */
export const NOTHING_BEFORE: { readonly past: Past; readonly decisions: Decisions } = { past: () => null, decisions: NOTHING_ASKED };

export interface PartDeps extends AgentStepDeps {
  readonly catalog: Pick<Catalog, 'get'>;
}

interface PlayDeps extends PartDeps {
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** One run of a workflow, for its participants. */
export interface Stage {
  readonly turn: Turn;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly past: Past;
  readonly decisions: Decisions;
  /** Both left out where nothing is kept: what people would have to decide is refused. */
  readonly atWork?: AtWork;
  readonly waiting?: Waiting | null;
  /** Stops whoever is at work, while the run itself goes on. */
  readonly cancel?: AbortSignal;
}

export interface Part {
  readonly path: string;
  readonly agentId: string;
  /** The part it plays: "critic", "expert". */
  readonly role: string;
  /** What it is asked. */
  readonly ask: string;
  /** What else it has to know, for its prompt. */
  readonly notes?: readonly string[] | undefined;
  readonly form?: AnswerForm | undefined;
  readonly reviewed?: Reviewed | undefined;
  readonly stepMs: number;
  /** Aborts this one alone: its outcome is `stopped`. */
  readonly cancel?: AbortSignal | undefined;
  /** Tries after the first when it failed with something that may pass. */
  readonly retries?: number | undefined;
}

/** More than one try makes. */
const REQUESTS_MAX = 100;
/** Between tries: 1, 2, 4, 8, at most 10 s. */
const BACK_OFF_MS = 1_000;
const BACK_OFF_MS_MAX = 10_000;

/**
 * Never rejects for what happens to the participant; rejects with the run's own reason when that is aborted, and when what it says cannot
 * be written down.
 */
export async function play(deps: PlayDeps, stage: Stage, part: Part): Promise<Outcome> {
  const before = stage.past(part.path);
  if (before) return before;
  const { emit, signal } = stage;
  const { path, agentId, role, cancel } = part;
  signal.throwIfAborted();
  await emit({ type: 'step_started', step: path, path, agentId, role });
  const agent = deps.catalog.get(agentId);
  const both = AbortSignal.any([signal, cancel, stage.cancel].filter((one) => one !== undefined));
  for (let tries = 1; ; tries += 1) {
    const outcome = agent ? await working(stage, () => attempt(deps, stage, part, agent, tries, both)) : gone(agentId, tries);
    const again = outcome.outcome === 'failed' && outcome.error?.retryable === true && tries <= (part.retries ?? 0) && !both.aborted;
    if (!again) {
      await end(emit, part, outcome);
      return outcome;
    }
    await emit({ type: 'spoken_anew', step: path, path, reason: `It is tried again: ${outcome.error?.message ?? ''}` });
    // Cancelled meanwhile: the next try ends at once, and says so.
    await deps.sleep(Math.min(BACK_OFF_MS * 2 ** (tries - 1), BACK_OFF_MS_MAX), both).catch(() => undefined);
  }
}

async function working<T>({ atWork }: Stage, work: () => Promise<T>): Promise<T> {
  atWork?.begin();
  try {
    return await work();
  } finally {
    atWork?.end();
  }
}

async function attempt(deps: AgentStepDeps, stage: Stage, part: Part, agent: Agent, tries: number, both: AbortSignal): Promise<Outcome> {
  const { turn, emit, signal, waiting } = stage;
  const { path, ask, notes = [], form, reviewed, stepMs } = part;
  const own: Turn = { ...turn, text: ask, history: [], ...(reviewed ? { reviewed } : {}) };
  const grounds: string[] = [];
  const told = (event: WorkflowEvent): Promise<void> => {
    if (event.type === 'tool_returned' && !event.failed) grounds.push(event.summary);
    if (event.type === 'text') return emit({ type: 'spoken', step: path, path, agentId: agent.id, text: event.text });
    // Each try has requests of its own: what was spent on the ones before is spent.
    return emit(event.type === 'used' ? { ...event, request: event.request + (tries - 1) * REQUESTS_MAX } : event);
  };
  const ended = { agentId: agent.id, tries };
  try {
    both.throwIfAborted();
    const scene = sceneOf(stage, part, both);
    const taken = (await waiting?.takeUp(path, scene)) ?? null;
    const before = taken && readContinuation(taken.kept);
    const resumed = before ? { before, decision: taken.decision } : undefined;
    // Who takes part in an answer is told what it needs by whoever asks; who works from outside has heard nothing of it.
    const said = turn.beside == null ? null : transcriptOf(turn.history);
    const input = { step: path, agent, turn: own, notes: said === null ? notes : [said, ...notes], forColleagues: true, ...(form ? { form } : {}) };
    const result = await runAgentStep({ ...deps, stepMs }, input, told, both, resumed);
    if (result.waits) return await waitFor(stage, part, result.waits, scene);
    if (result.finishReason === 'refusal') throw new AppError('MODEL_REFUSED', 'The model refused to take part.', { retryable: false });
    if (form && result.filled === undefined) throw new AppError('MODEL_OVERLOADED', `The participant did not call ${form.tool.name}.`);
    return { ...ended, outcome: 'succeeded', text: result.text, filled: result.filled ?? null, error: null, grounds };
  } catch (error) {
    // The whole run is halted: no outcome of this participant is known.
    if (signal.aborted) throw signal.reason;
    if (both.aborted) return { ...ended, outcome: 'stopped', text: '', filled: null, error: null };
    if (!(error instanceof AppError) || isOurs(error.code)) throw error;
    return { ...ended, outcome: 'failed', text: '', filled: null, error: { code: error.code, message: error.message, retryable: error.retryable } };
  }
}

function sceneOf({ turn: { runId }, decisions, emit, atWork }: Stage, { path }: Part, signal: AbortSignal): Scene {
  return {
    runId,
    decisions,
    emit,
    signal,
    async beforeAsking({ tool, summary }) {
      // The attempt ends with the question: nobody else is cut off by that.
      await atWork?.rest(signal);
      await emit({ type: 'step_finished', step: path, outcome: 'stopped', output: { waitsFor: { tool, summary } } });
    },
  };
}

/** Keeps what it has done and asks; ends with the attempt. */
async function waitFor({ waiting }: Stage, { path }: Part, before: Continuation, scene: Scene): Promise<never> {
  const asked = before.wanted[0]?.asked;
  if (!asked || !waiting) throw new AppError('FORBIDDEN', asked?.summary ?? 'People would have to decide on this.');
  return waiting.wait(path, writeContinuation(before), asked, scene);
}

/** Faults of the run and not of a participant: the driver deals with them. */
export function isOurs(code: ErrorCode): boolean {
  return code === 'BUDGET_EXCEEDED' || code === 'UNAVAILABLE';
}

/** The tools that change nothing. */
export function onlyReading(tools: AgentStepDeps['tools']): AgentStepDeps['tools'] {
  return new Map([...tools].filter(([, tool]) => tool.effect === 'read'));
}

function gone(agentId: string, tries: number): Outcome {
  const error = { code: 'NOT_FOUND', message: `There is no agent ${agentId} any more.`, retryable: false };
  return { agentId, outcome: 'failed', text: '', filled: null, error, tries };
}

async function end(emit: Emit, { path }: Part, { outcome, text, filled, error, tries, agentId, grounds = [] }: Outcome): Promise<void> {
  const output = { agentId, outcome, text, filled, error, tries, ...(grounds.length > 0 ? { grounds } : {}) };
  await emit({
    type: 'step_finished',
    step: path,
    outcome,
    output,
    ...(error ? { error: { code: error.code, message: error.message } } : {}),
  });
}

/** For a step whose condition does not hold. */
export async function skip({ emit, past }: Stage, { path, agentId, role }: Pick<Part, 'path' | 'agentId' | 'role'>): Promise<Outcome> {
  const before = past(path);
  if (before) return before;
  const outcome: Outcome = { agentId, outcome: 'skipped', text: '', filled: null, error: null, tries: 0 };
  await emit({ type: 'step_started', step: path, path, agentId, role });
  await emit({ type: 'step_finished', step: path, outcome: 'skipped', output: { ...outcome } });
  return outcome;
}
