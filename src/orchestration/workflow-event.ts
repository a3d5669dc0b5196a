/**
 * What a workflow yields while it runs. The driver turns these into rows and log events; a workflow knows neither. `step` is the
 * step's own id within the run, `path` its place in the workflow.
 */
import type { FinishReason } from '../events/event.ts';
import type { Route } from '../catalog/router.ts';
import type { LlmUsage, Passage } from '../llm/llm.ts';

export type StepOutcome = 'succeeded' | 'failed' | 'stopped' | 'skipped';

export type WorkflowEvent =
  | { readonly type: 'step_started'; readonly step: string; readonly path: string; readonly agentId: string | null; readonly role: string | null }
  | {
      readonly type: 'step_finished';
      readonly step: string;
      readonly outcome: StepOutcome;
      readonly output: Readonly<Record<string, unknown>> | null;
      readonly error?: { readonly code: string; readonly message: string };
    }
  | { readonly type: 'agent_chosen'; readonly route: Route }
  /** Text of the voice of the turn: what the customer reads. */
  | { readonly type: 'text'; readonly step: string; readonly agentId: string; readonly text: string }
  | { readonly type: 'cited'; readonly step: string; readonly passage: Passage }
  /** Tokens spent by one model request of a step; the sum over all requests is the run's. */
  | { readonly type: 'used'; readonly step: string; readonly request: number; readonly usage: LlmUsage; readonly model: string }
  | {
      readonly type: 'tool_called';
      readonly step: string;
      readonly agentId: string;
      readonly callId: string;
      readonly tool: string;
      readonly arguments: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: 'tool_returned';
      readonly step: string;
      readonly agentId: string;
      readonly callId: string;
      readonly tool: string;
      readonly summary: string;
      readonly failed: boolean;
      /** Why it failed, as one of the codes of errors; null when it did not. */
      readonly code: string | null;
    }
  | { readonly type: 'handed_over'; readonly from: string; readonly to: string; readonly reason: string; readonly hop: number }
  | { readonly type: 'finished'; readonly outcome: string; readonly finishReason: FinishReason | null; readonly result: Readonly<Record<string, unknown>> };

/** Resolves when there is room for the next event: a workflow never runs ahead of who writes it down. */
export type Emit = (event: WorkflowEvent) => Promise<void>;
