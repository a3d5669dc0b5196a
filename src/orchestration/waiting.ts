/**
 * How a workflow waits for people: what is under way is kept by LangGraph's interrupt in a graph of one node, and another attempt goes
 * on from there with what they decided. Only what waits writes a checkpoint. Decides nothing, and writes no rows: whoever reads the
 * wish does, and ends the attempt with it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Annotation, Command, END, interrupt, START, StateGraph, type BaseCheckpointSaver } from '@langchain/langgraph';
import type { Asked, Emit } from './workflow-event.ts';

export interface Decision {
  readonly outcome: 'approved' | 'refused' | 'expired';
  /** What the person who decided said about it. */
  readonly note: string | null;
}

/** What people were asked by earlier attempts of a run. */
export interface Decisions {
  readonly asked: boolean;
  /** What they decided of what is asked for under this path; null when nobody was asked, or has decided. */
  of(path: string): Decision | null;
}

export const NOTHING_ASKED: Decisions = Object.freeze({ asked: false, of: () => null });

/** What a wait takes place in. */
export interface Scene {
  readonly runId: string;
  readonly decisions: Decisions;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** What has to happen first: asking people ends the attempt. */
  readonly beforeAsking?: (asked: Asked) => Promise<void>;
}

export interface TakenUp {
  readonly kept: string;
  readonly decision: Decision;
}

export interface Waiting {
  /**
   * What an earlier attempt kept under this name, once people have decided; null when there is nothing. While they have not, it asks
   * again and never resolves.
   */
  takeUp(name: string, scene: Scene): Promise<TakenUp | null>;
  /** Keeps it in place of what was kept under this name before, and asks. Rejects when the attempt ends, and never resolves. */
  wait(name: string, kept: string, asked: Asked, scene: Scene): Promise<never>;
}

const State = Annotation.Root({ kept: Annotation<string>, asked: Annotation<Asked>, decision: Annotation<Decision | null> });

export function createWaiting(checkpointer: BaseCheckpointSaver): Waiting {
  const graph = new StateGraph(State)
    .addNode('people', ({ asked }) => ({ decision: askPeople(asked) }))
    .addEdge(START, 'people')
    .addEdge('people', END)
    .compile({ checkpointer });
  // Whoever waits is a node of a graph, which would take this one for a part of it, and its interrupt for its own.
  const outside = AsyncLocalStorage.snapshot();
  // Written before anybody is asked: what was decided must find what it is about.
  const configOf = ({ runId }: Scene, name: string) => ({ configurable: { thread_id: `${runId}/${name}` }, durability: 'sync' }) as const;

  return Object.freeze<Waiting>({
    async takeUp(name, scene) {
      // An attempt of a run that never asked has nothing to look for.
      if (!scene.decisions.asked) return null;
      const config = configOf(scene, name);
      const { values, next } = await outside(() => graph.getState(config));
      const { kept, asked, decision: before } = values as Partial<typeof State.State>;
      if (kept === undefined || asked === undefined) return null;
      // Decided before, and cut off since.
      if (next.length === 0 && before) return { kept, decision: before };
      const decision = scene.decisions.of(asked.path);
      if (!decision) return ask(asked, scene);
      await outside(() => graph.invoke(new Command({ resume: decision }), config));
      return { kept, decision };
    },
    async wait(name, kept, asked, scene) {
      await outside(() => graph.invoke({ kept, asked, decision: null }, configOf(scene, name)));
      return ask(asked, scene);
    },
  });
}

/** Suspends a graph. Only in a node that does nothing else: it is begun again when people have decided. */
export function askPeople(asked: Asked): Decision {
  return interrupt<Asked, Decision>(asked);
}

/** Tells the wish. Whoever writes it down ends this attempt. */
export async function ask(asked: Asked, { emit, signal, beforeAsking }: Pick<Scene, 'emit' | 'signal' | 'beforeAsking'>): Promise<never> {
  await beforeAsking?.(asked);
  await emit({ type: 'approval_wanted', ...asked });
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return promise;
}
