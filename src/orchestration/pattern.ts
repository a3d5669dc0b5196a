/**
 * What the five patterns share: what they are given, how their graphs are run so that they can be taken up again, and how several
 * participants are at work at once. Knows none of the patterns.
 */
import { Command, INTERRUPT, isInterrupted, type BaseCheckpointSaver } from '@langchain/langgraph';
import { ERROR_CODES, type ErrorCode } from '../foundation/errors.ts';
import type { Vote } from './agreement.ts';
import { play, type Outcome, type Part, type PartDeps, type Stage } from './participant.ts';
import { Verdict } from './verdict.ts';
import { ask } from './waiting.ts';
import type { Asked } from './workflow-event.ts';

export interface PatternDeps extends PartDeps {
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Keeps the state of a graph between its nodes, under the run's id; without it a run begins anew. */
  readonly checkpointer: BaseCheckpointSaver | null;
}

export interface PatternResult {
  /** How it ended, in a word. */
  readonly outcome: string;
  /** What it comes to, for people. */
  readonly text: string;
  /** The rest of it, by pattern. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A compiled graph, as far as it matters here. */
interface Graph<State> {
  invoke(input: unknown, config: object): Promise<State>;
  getState(config: object): Promise<{ readonly values: unknown }>;
}

/** Nodes one graph may visit: rounds and iterations are bounded by their input, and this stands behind them. */
const NODES_MAX = 100;

/** Runs a graph to its end, through what people have to decide on the way. */
export async function runGraph<State>(graph: Graph<State>, initial: Partial<State>, deps: PatternDeps, stage: Stage): Promise<State> {
  let state = await runOn(graph, initial, deps, stage);
  for (;;) {
    if (!isInterrupted<Asked>(state)) return state;
    const asked = state[INTERRUPT][0]?.value;
    if (!asked) throw new Error('a graph was interrupted and asks for nothing');
    const decision = stage.decisions.of(asked.path) ?? (await ask(asked, stage));
    state = await graph.invoke(new Command({ resume: decision }), configOf(stage));
  }
}

// The step rows know of every participant that ended; what the graph keeps may be written a moment later.
const configOf = ({ turn }: Stage) => ({ configurable: { thread_id: turn.runId }, recursionLimit: NODES_MAX, durability: 'async' }) as const;

/**
 * Goes on from the last node that ended when the run was taken up again, else begins. Nothing is concluded from there being no next node:
 * a process that died between what a node came to and the state after it leaves none, although others are to come.
 */
async function runOn<State>(graph: Graph<State>, initial: Partial<State>, { checkpointer }: PatternDeps, stage: Stage): Promise<State> {
  const config = configOf(stage);
  if (!checkpointer || stage.turn.attempt === 1) return graph.invoke(initial, config);
  const { values } = await graph.getState(config);
  const begun = typeof values === 'object' && values !== null && Object.keys(values).length > 0;
  return graph.invoke(begun ? null : initial, config);
}

/**
 * Plays several parts, so many at once, and resolves when all have ended, in the order given. `onEnd` may cancel the rest.
 * @throws what the run was halted with, once none is at work any more.
 */
export async function playAll(
  deps: PatternDeps,
  stage: Stage,
  parts: readonly Part[],
  atOnce: number,
  onEnd: (outcome: Outcome, index: number) => void = () => undefined,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const halted = new AbortController();
  const inner: Stage = { ...stage, signal: AbortSignal.any([stage.signal, halted.signal]) };
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < parts.length; index = next++) {
      const part = parts[index];
      if (!part) return;
      const outcome = await play(deps, inner, part);
      outcomes[index] = outcome;
      onEnd(outcome, index);
    }
  };
  const workers = Array.from({ length: Math.min(atOnce, parts.length) }, () =>
    worker().catch((error: unknown) => {
      halted.abort(error);
      throw error;
    }),
  );
  const ended = await Promise.allSettled(workers);
  stage.signal.throwIfAborted();
  // What went wrong first halted the others: they only say that they were.
  if (halted.signal.aborted) throw halted.signal.reason;
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return outcomes;
}

/** The verdict of whoever gave one. */
export function verdictOf({ filled }: Outcome): Verdict | null {
  const read = Verdict.safeParse(filled);
  return read.success ? read.data : null;
}

export function voteOf(outcome: Outcome, weight: number): Vote | null {
  const verdict = verdictOf(outcome);
  return verdict ? { agentId: outcome.agentId, weight, verdict } : null;
}

/** A code as it was kept in a row. */
export function codeOf(code: string): ErrorCode {
  return ERROR_CODES.find((known) => known === code) ?? 'INTERNAL';
}

/** What the others have said, for who goes on from it. */
export function quoteOthers(others: readonly { readonly who: string; readonly outcome: Outcome }[]): readonly string[] {
  return others
    .filter(({ outcome }) => outcome.outcome === 'succeeded')
    .map(({ who, outcome }) => {
      const verdict = verdictOf(outcome);
      const position = verdict ? ` Position: ${verdict.position} (confidence ${verdict.confidence}).` : '';
      return `${who} said:${position}\n${outcome.text.slice(0, QUOTED_CHARS_MAX)}`;
    });
}

/** Of one statement: enough to answer it, and twenty of them fit a prompt. */
const QUOTED_CHARS_MAX = 2_000;
