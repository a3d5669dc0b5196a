/** What the rest of the house knows of an agent: the parsed file, its place and its finished prompt. Made by load-catalog.ts. */
export const AGENT_TIERS = ['essential', 'revenue', 'operational', 'advanced'] as const;
export type AgentTier = (typeof AGENT_TIERS)[number];

export const AGENT_ROLES = ['router', 'specialist', 'analyst', 'automator', 'guard', 'writer', 'coordinator'] as const;
export type AgentRole = (typeof AGENT_ROLES)[number];

/** What a file promises about its model; config maps each to a vendor's model. */
export const AGENT_MODELS = ['quick', 'balanced', 'careful'] as const;
export type AgentModel = (typeof AGENT_MODELS)[number];

/** Where a wrong answer does harm: it is checked before the customer reads it, as far as the policy says so. */
export const RISK_AREAS = ['refunds', 'security', 'legal'] as const;
export type RiskArea = (typeof RISK_AREAS)[number];

/** The agent that a customer who wants a person is routed to. */
export const PERSON_AGENT_ID = 'escalation_decider';

export interface Agent {
  /** The file name without `.md`; unique in the tree. */
  readonly id: string;
  readonly tier: AgentTier;
  /** The folder below the tier: `support/billing`. */
  readonly domain: string;
  readonly title: string;
  readonly role: AgentRole;
  /** What it does and when to use it; read by routers and people. */
  readonly description: string;
  /** A promise about the model, mapped to a vendor's model in config. */
  readonly model: AgentModel;
  /** Tool name to its grant, already checked by the tool's own schema. */
  readonly tools: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly handsOverTo: readonly string[];
  readonly examples: readonly string[];
  /** What looks like its work and is not. */
  readonly notFor: readonly string[];
  /** Further utterances in customers' words, from `<id>.examples.txt`. */
  readonly utterances: readonly string[];
  /** True when a customer's own message can be for it; the others work for those, or for the desk, and are never routed to. */
  readonly reachable: boolean;
  /** What its answers put at risk; null for most. */
  readonly riskArea: RiskArea | null;
  /** The Job section: one sentence. */
  readonly job: string;
  /** House, domain folders and own body, in that order: the fixed part of every prompt. */
  readonly prompt: string;
  /** Path below the agents folder, for messages. */
  readonly file: string;
}

export interface Catalog {
  /** By id, sorted. */
  readonly agents: readonly Agent[];
  get(id: string): Agent | null;
  /**
   * Titles and descriptions of the domain folders, by path (`support`, `support/billing`); `general` is the agent that answers when
   * only the domain is clear.
   */
  readonly domains: ReadonlyMap<string, { readonly title: string; readonly description: string; readonly general?: string | undefined }>;
}
