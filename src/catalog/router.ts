/** The contract of routing: which agent answers a message, how sure that is, and why. Deterministic for the same input and catalogue. */
export interface RouteRequest {
  readonly text: string;
  /** Earlier messages of the customer, oldest first. */
  readonly earlier: readonly string[];
  /** Who answered last in this conversation, or null. */
  readonly lastAgentId: string | null;
  /** False for agents the staff switched off: never chosen, never a candidate. */
  enabled(agentId: string): boolean;
  /**
   * Asked where the index is unsure: which of these candidates, at most twelve and best first, should answer? Null, an unknown id, a
   * failure or no answer in time leave the choice of the index.
   */
  readonly choose?: Choose | undefined;
}

export type Choose = (candidates: readonly RouteCandidate[], text: string, signal: AbortSignal) => Promise<string | null>;

export interface RouteCandidate {
  readonly agentId: string;
  /** 0 to 1. */
  readonly confidence: number;
}

export const ROUTED_BY = ['local_index', 'model', 'rule', 'person'] as const;
export type RoutedBy = (typeof ROUTED_BY)[number];

export interface Route {
  readonly agentId: string;
  readonly confidence: number;
  /** Best first, the chosen one included, at most 12. */
  readonly candidates: readonly RouteCandidate[];
  /** One sentence a support lead understands. */
  readonly reason: string;
  readonly by: RoutedBy;
}

export interface Router {
  /** @throws AppError UNAVAILABLE when no agent is enabled. */
  route(request: RouteRequest, signal: AbortSignal): Promise<Route>;
}
