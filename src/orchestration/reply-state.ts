/** What one answer knows of itself on its way from node to node, and how a node is told as a step of the run. Does nothing of it: reply.ts does. */
import { Annotation, type BaseCheckpointSaver } from '@langchain/langgraph';
import { AppError } from '../foundation/errors.ts';
import type { Agent, Catalog } from '../catalog/agent.ts';
import type { Route, Router } from '../catalog/router.ts';
import type { AgentStepDeps, AgentStepResult } from './agent-step.ts';
import type { Draft } from './checked-answer.ts';
import type { Resumed } from './continuation.ts';
import type { JudgeDeps } from './judge.ts';
import type { Before } from './patterns.ts';
import type { PeopleNote } from './people.ts';
import type { Intent } from './snapshot.ts';
import type { Team } from './team.ts';
import type { Turn } from './turn.ts';
import type { SignalReader } from './understand/signal-model.ts';
import type { Understanding } from './understand.ts';
import type { Emit, StepOutcome } from './workflow-event.ts';

export interface ReplyDeps extends AgentStepDeps, JudgeDeps {
  readonly catalog: Catalog;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly router: Router;
  readonly readSignals: SignalReader;
  /** Ids of the agents the staff switched off. */
  readonly disabledAgents: () => Promise<ReadonlySet<string>>;
  /** Keeps answers that wait for people; no other writes to it. */
  readonly checkpointer: BaseCheckpointSaver;
}

/** The agents of one answer, first to last. */
export interface Chain {
  readonly agents: readonly Agent[];
  /** Why the last of them was called; null for the first. */
  readonly reason: string | null;
  /** What the customer has read so far. */
  readonly said: string;
  readonly citations: AgentStepResult['citations'];
  /** What was written after that and is to be checked before it is said; null while everything is said at once. */
  readonly draft: Draft | null;
}

export interface Answered extends AgentStepResult {
  /** True when it did not pass its check and a sentence stands in its place. */
  readonly withheld?: boolean;
}

/** What was decided before anybody answers. */
export interface Routed {
  readonly confidence: number;
  readonly intent: Intent;
  readonly people: PeopleNote | null;
  /** True when this turn has asked for a person. */
  readonly personWanted: boolean;
  /** True for what is too much for one agent. */
  readonly forTeam: boolean;
}

export const State = Annotation.Root({
  turn: Annotation<Turn>,
  emit: Annotation<Emit>,
  signal: Annotation<AbortSignal>,
  before: Annotation<Before>,
  /** The step that waited for people, when this answer goes on from there. */
  resumed: Annotation<Resumed | null>,
  understanding: Annotation<Understanding | null>,
  routed: Annotation<Routed | null>,
  route: Annotation<Route | null>,
  /** What colleagues found; null where none were asked. */
  team: Annotation<Team | null>,
  chain: Annotation<Chain | null>,
  /** The last agent's; null while somebody is still to speak. */
  answered: Annotation<Answered | null>,
});

export type ReplyState = typeof State.State;

export interface StepDone<Update = Partial<ReplyState>> {
  readonly update: Update;
  readonly output: Readonly<Record<string, unknown>>;
}

/** Runs one node as a step of the run: told when it starts, told how it ended whichever way that is. */
export async function step<Update>(
  { emit, signal }: Pick<ReplyState, 'emit' | 'signal'>,
  path: string,
  agentId: string | null,
  role: string | null,
  work: (signal: AbortSignal) => Promise<StepDone<Update>>,
): Promise<Update> {
  signal.throwIfAborted();
  await emit({ type: 'step_started', step: path, path, agentId, role });
  try {
    const { update, output } = await work(signal);
    await emit({ type: 'step_finished', step: path, outcome: 'succeeded', output });
    return update;
  } catch (error) {
    const outcome: StepOutcome = signal.aborted ? 'stopped' : 'failed';
    const told = error instanceof AppError ? { code: error.code, message: error.message } : { code: 'INTERNAL', message: 'Something unexpected happened.' };
    await emit({ type: 'step_finished', step: path, outcome, output: null, ...(outcome === 'failed' ? { error: told } : {}) });
    throw error;
  }
}

export function idsOf({ agents }: Chain): readonly string[] {
  return agents.map(({ id }) => id);
}
