/**
 * What a workflow yields while it runs. The driver turns these into rows and log events; a workflow knows neither. `step` is the
 * step's own id within the run, `path` its place in the workflow.
 */
import type { FinishReason } from '../events/event.ts';
import type { Route } from '../catalog/router.ts';
import type { LlmUsage, Passage } from '../llm/llm.ts';
import type { Needed } from '../store/approval.ts';
import type { Team } from '../store/escalation.ts';
import type { Escalation } from './understand/escalation.ts';
import type { Urgency } from './understand/urgency.ts';

/** What people are asked to take over, and what they must know. */
export interface PersonWanted {
  /** One or two sentences for a support lead. */
  readonly reason: string;
  /** By name. */
  readonly rules: readonly string[];
  /** Left out: by the rules and the policy. */
  readonly team?: Team;
  readonly priority: Urgency;
  readonly sentiment: number;
  readonly snapshot: Readonly<Record<string, unknown>>;
}

/** What people are asked to decide. */
export interface Asked {
  /** Where in the workflow; the same for every attempt. */
  readonly path: string;
  readonly agentId: string;
  /** What is to be done, by name, and with what exactly. */
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Names of arguments that nobody reads. */
  readonly withheld?: readonly string[];
  readonly summary: string;
  readonly needed: Needed;
}

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
  /** Of every turn. `escalate` alone raises nothing: `person_wanted` does. */
  | { readonly type: 'escalation_decided'; readonly escalation: Escalation; readonly confidence: number }
  /** A person is to take the conversation over. What comes after it is told only if that was written. */
  | ({ readonly type: 'person_wanted' } & PersonWanted)
  /** Text of the voice of the turn: what the customer reads. */
  | {
      readonly type: 'text';
      readonly step: string;
      readonly agentId: string;
      readonly text: string;
      /** The end of what a request said: it was held back until it was clear that it may be read, and belongs before what that used. */
      readonly heldBack?: boolean;
    }
  /** Text of a participant that is not the voice of the turn: for the people of the desk. */
  | { readonly type: 'spoken'; readonly step: string; readonly path: string; readonly agentId: string; readonly text: string }
  /** What a participant has said so far is void: it begins again. */
  | { readonly type: 'spoken_anew'; readonly step: string; readonly path: string; readonly reason: string }
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
  | {
      readonly type: 'handed_over';
      readonly from: string;
      readonly to: string;
      readonly reason: string;
      readonly hop: number;
      /** What the next agent is given, by name. */
      readonly snapshot: Readonly<Record<string, unknown>>;
    }
  /** Nothing goes on until people have decided: whoever writes this down ends the attempt, and begins another with what they decided. */
  | ({ readonly type: 'approval_wanted' } & Asked)
  | { readonly type: 'finished'; readonly outcome: string; readonly finishReason: FinishReason | null; readonly result: Readonly<Record<string, unknown>> };

/** Resolves when there is room for the next event: a workflow never runs ahead of who writes it down. */
export type Emit = (event: WorkflowEvent) => Promise<void>;
