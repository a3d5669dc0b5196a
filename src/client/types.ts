/**
 * What the server says, as far as the client asks for it: the selections of operations.ts as types. A test derives the same types
 * from schema.graphql and compares. Nothing here exists at run time.
 */

export type MessageRole = 'AGENT' | 'CUSTOMER' | 'PERSON' | 'SYSTEM';
/** WRITING until it is complete; PARTIAL when it was cut off and what there was is kept. */
export type MessageStatus = 'COMPLETE' | 'PARTIAL' | 'WRITING';
export type RunStatus = 'FAILED' | 'QUEUED' | 'RUNNING' | 'STOPPED' | 'SUCCEEDED' | 'WAITING';
export type ConversationStatus = 'ACTIVE' | 'ESCALATED' | 'RESOLVED';
/** Who answers: the support agents, or a person of the desk while agents keep silent. */
export type ConversationOwner = 'AGENTS' | 'PEOPLE';
export type ReadyStatus = 'LIVE' | 'RECOVERED' | 'RESET';
export type HeartbeatPhase = 'QUEUED' | 'RECOVERING' | 'THINKING' | 'USING_TOOL' | 'WAITING_FOR_PERSON';
export type BusyPolicy = 'INTERRUPT' | 'QUEUE' | 'REJECT';
export type Channel = 'API' | 'EMAIL' | 'MOBILE' | 'WEB';
export type PostDisposition = 'DUPLICATE' | 'INTERRUPTED' | 'QUEUED' | 'STARTED';
export type FinishReason = 'CONTEXT_WINDOW' | 'END_TURN' | 'MAX_TOKENS' | 'REFUSAL' | 'STOP_SEQUENCE';

export interface Agent {
  /** The file name of the agent: "refund_processor". */
  readonly id: string;
  /** The name that customers read. */
  readonly title: string;
  readonly description: string;
}

/** An article that an answer rests on. */
export interface Source {
  readonly articleId: string;
  readonly slug: string;
  readonly title: string;
  /** The heading of the section; empty for the opening of an article. */
  readonly section: string;
}

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

export interface Run {
  readonly id: string;
  /** "reply" answers a message. The staff also hears of others, which work on the conversation for the desk. */
  readonly workflow: string;
  readonly status: RunStatus;
  readonly createdAt: string;
  readonly agent: Agent | null;
  readonly error: RunError | null;
}

export interface Message {
  readonly id: string;
  readonly role: MessageRole;
  readonly status: MessageStatus;
  readonly text: string;
  /** The name to show with it; `null` for notices of the gateway. */
  readonly author: string | null;
  readonly agent: Agent | null;
  readonly citations: readonly Source[];
  readonly clientMessageId: string | null;
  readonly createdAt: string;
  readonly run: Run | null;
}

/** The rows of a conversation, with the position to follow it from. */
export interface ConversationRows {
  readonly id: string;
  readonly position: string;
  readonly status: ConversationStatus;
  readonly owner: ConversationOwner;
  readonly messages: { readonly edges: readonly { readonly node: Message }[] };
  readonly activeRun: Run | null;
}

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cost: { readonly amount: string; readonly currency: string };
}

/** Begins a conversation. A customer leaves out who it is for; others name the customer by id or by address. */
export interface StartConversationInput {
  readonly text: string;
  readonly customerId?: string | null;
  readonly customerEmail?: string | null;
  readonly channel?: Channel | null;
  /** Made by the client when left out: the same key gives the same conversation. */
  readonly idempotencyKey?: string | null;
}

export interface PostMessageInput {
  readonly conversationId: string;
  readonly text: string;
  /** Made by the client when left out: sent again, it stays one message with one answer. */
  readonly clientMessageId?: string | null;
  readonly onBusy?: BusyPolicy | null;
}

export interface StartedConversation {
  readonly conversation: { readonly id: string; readonly position: string };
  readonly message: Message;
  readonly run: Run;
}

export interface PostedMessage {
  readonly message: Message;
  /** `null` when a person of the desk wrote, or holds the conversation. */
  readonly run: Run | null;
  readonly disposition: PostDisposition;
}

export interface StoppedRun {
  readonly run: Run;
  /** The answer so far, kept; `null` when nothing had been written. */
  readonly message: Message | null;
  readonly alreadyFinished: boolean;
}

interface Item<Name extends string> {
  readonly __typename: Name;
  /** Where this item stands: as `after` it continues right behind it. */
  readonly position: string;
  /** Grows from item to item within an epoch. */
  readonly sequence: number;
  readonly at: string;
  readonly replay: boolean;
}

interface Ended {
  readonly run: Run | null;
  readonly usage: Usage;
}

interface Written {
  readonly messageId: string;
  readonly runId: string;
  readonly attempt: number;
  readonly text: string;
}

interface Step {
  readonly runId: string;
  readonly step: string;
  readonly path: string;
  readonly attempt: number;
  readonly role: string | null;
  readonly agent: Agent | null;
}

export type StreamReady = Item<'StreamReady'> & { readonly status: ReadyStatus; readonly epoch: string; readonly replayed: number };
export type StreamReset = Item<'StreamReset'> & { readonly reason: string; readonly epoch: string };
export type Heartbeat = Item<'Heartbeat'> & { readonly phase: HeartbeatPhase };
export type MessagePosted = Item<'MessagePosted'> & { readonly message: Message | null };
export type MessageFinished = Item<'MessageFinished'> & { readonly message: Message | null };
export type MessageReset = Item<'MessageReset'> & { readonly messageId: string; readonly runId: string; readonly attempt: number; readonly reason: string };
export type TextDelta = Item<'TextDelta'> & Written & { readonly offset: number };
export type TextSnapshot = Item<'TextSnapshot'> & Written;
export type RunQueued = Item<'RunQueued'> & { readonly place: number; readonly run: Run | null };
export type RunStarted = Item<'RunStarted'> & { readonly attempt: number; readonly run: Run | null };
export type RunFinished = Item<'RunFinished'> & Ended & { readonly outcome: string; readonly finishReason: FinishReason | null };
export type RunStopped = Item<'RunStopped'> & Ended & { readonly by: string };
export type RunFailed = Item<'RunFailed'> &
  Ended & { readonly code: string; readonly sentence: string; readonly retryable: boolean; readonly partialKept: boolean };
export type AgentChosen = Item<'AgentChosen'> & {
  readonly runId: string;
  readonly agent: Agent | null;
  /** 0 to 1. */
  readonly confidence: number;
  readonly reason: string;
  readonly by: string;
};
export type HandedOver = Item<'HandedOver'> & {
  readonly runId: string;
  readonly reason: string;
  /** 1 for the first of the run. */
  readonly hop: number;
  readonly from: Agent | null;
  readonly to: Agent | null;
};
export type StepStarted = Item<'StepStarted'> & Step;
export type StepFinished = Item<'StepFinished'> & Step & { readonly outcome: string; readonly ms: number };
export type ToolCalled = Item<'ToolCalled'> & { readonly runId: string; readonly callId: string; readonly tool: string; readonly arguments: unknown };
export type ToolReturned = Item<'ToolReturned'> & {
  readonly runId: string;
  readonly callId: string;
  readonly tool: string;
  readonly summary: string;
  readonly failed: boolean;
};
/** What an agent may not do until people of the desk have decided. Told to the staff. */
export interface Approval {
  readonly id: string;
  readonly status: 'APPROVED' | 'EXPIRED' | 'PENDING' | 'REJECTED';
  readonly tool: string;
  /** Without what must stay private. */
  readonly arguments: unknown;
  /** What a decision names: it is about this and nothing else. */
  readonly argumentsHash: string;
  readonly risk: 'CRITICAL' | 'HIGH' | 'LOW' | 'MEDIUM';
  readonly summary: string;
  readonly neededLevel: 'AGENT' | 'DIRECTOR' | 'EXECUTIVE' | 'LEAD' | 'MANAGER' | 'VP';
  /** 1 or 2. */
  readonly peopleNeeded: number;
  readonly expiresAt: string;
}
/** The run waits until people have decided. */
export type ApprovalRequested = Item<'ApprovalRequested'> & { readonly runId: string; readonly approval: Approval | null };
export type ApprovalExpiring = Item<'ApprovalExpiring'> & { readonly runId: string; readonly expiresAt: string; readonly approval: Approval | null };
/** `outcome` is "PENDING" while another person has to approve as well. */
export type ApprovalDecided = Item<'ApprovalDecided'> & {
  readonly runId: string;
  readonly outcome: string;
  readonly by: string;
  readonly approval: Approval | null;
};
export type ParticipantState = 'PRESENT' | 'AWAY' | 'TYPING' | 'IDLE';

/** Someone who takes part in a conversation. */
export interface Participant {
  readonly kind: 'CUSTOMER' | 'PERSON';
  readonly id: string;
  readonly name: string | null;
}

/** `until`: show TYPING no longer than that. */
export type TypingChanged = Item<'TypingChanged'> & { readonly who: Participant; readonly state: ParticipantState; readonly until: string | null };
export type PresenceChanged = Item<'PresenceChanged'> & { readonly who: Participant; readonly state: ParticipantState };
export type ConversationChanged = Item<'ConversationChanged'> & {
  readonly conversation: { readonly status: ConversationStatus; readonly owner: ConversationOwner } | null;
};
export type UsageUpdated = Item<'UsageUpdated'> & { readonly runId: string; readonly usage: Usage };

/** Told to the desk: most of what models may cost for this is spent. */
export type BudgetWarning = Item<'BudgetWarning'> & { readonly runId: string; readonly scope: string };
/** Told to the desk of every turn: whether the message needs a person. */
export type EscalationDecided = Item<'EscalationDecided'> & {
  readonly runId: string;
  readonly decision: 'ANSWER' | 'ESCALATE' | 'OFFER';
  readonly rules: readonly string[];
};
/** An escalation as its customer may know it. */
export interface Escalation {
  readonly id: string;
  readonly status: 'CLAIMED' | 'RESOLVED' | 'WAITING';
}
/** A person is asked for. */
export type EscalationRaised = Item<'EscalationRaised'> & { readonly escalation: Escalation | null };
/** `place`: 0 is next. `peopleBackAt` is `null` while people are there. */
export type EscalationQueued = Item<'EscalationQueued'> & {
  readonly place: number;
  readonly expectedWaitSeconds: number | null;
  readonly peopleBackAt: string | null;
};
/** A person has taken over: agents keep silent from here on. */
export type EscalationClaimed = Item<'EscalationClaimed'> & { readonly person: Participant };
export type EscalationReleased = Item<'EscalationReleased'> & { readonly by: string };
/** The agents answer again. */
export type EscalationResolved = Item<'EscalationResolved'> & { readonly escalation: Escalation | null };

/** One item of a conversation. Servers add kinds over time: pass over a `__typename` you do not know. */
export type ConversationItem =
  | StreamReady
  | StreamReset
  | Heartbeat
  | MessagePosted
  | MessageFinished
  | MessageReset
  | TextDelta
  | TextSnapshot
  | RunQueued
  | RunStarted
  | RunFinished
  | RunStopped
  | RunFailed
  | AgentChosen
  | HandedOver
  | StepStarted
  | StepFinished
  | ToolCalled
  | ToolReturned
  | ApprovalRequested
  | ApprovalExpiring
  | ApprovalDecided
  | TypingChanged
  | PresenceChanged
  | ConversationChanged
  | UsageUpdated
  | BudgetWarning
  | EscalationDecided
  | EscalationRaised
  | EscalationQueued
  | EscalationClaimed
  | EscalationReleased
  | EscalationResolved;
