/** The GraphQL documents of the client, each typed by what it answers. A test checks documents and types against schema.graphql. */
import type {
  AgentChosen,
  ConversationItem,
  ConversationRows,
  PostedMessage,
  PostMessageInput,
  StartConversationInput,
  StartedConversation,
  StoppedRun,
} from './types.ts';

/** The text of an operation; `Data` and `Variables` exist for the compiler only. */
export type Operation<Data, Variables> = string & { readonly data?: Data; readonly variables?: Variables };

/** Of the items of a run only this one is read. */
export type RunItem =
  | Pick<AgentChosen, '__typename' | 'runId' | 'confidence' | 'reason' | 'by' | 'agent'>
  | {
      readonly __typename: Exclude<
        ConversationItem['__typename'],
        'AgentChosen' | 'ConversationChanged' | 'TypingChanged' | 'PresenceChanged' | `Escalation${'Raised' | 'Queued' | 'Claimed' | 'Released' | 'Resolved'}`
      >;
    };

const RUN = 'fragment RunFields on Run { id workflow status createdAt agent { id title description } error { code message retryable } }';
const MESSAGE = `fragment MessageFields on Message {
  id role status text author clientMessageId createdAt
  agent { id title description } citations { articleId slug title section } run { ...RunFields }
}
${RUN}`;

/** Messages read with a conversation; the server's limit for one page. */
export const LOAD: Operation<{ readonly conversation: ConversationRows | null }, { readonly id: string }> = `query ParleyLoad($id: ID!) {
  conversation(id: $id) {
    id position status owner
    messages(last: 100) { edges { node { ...MessageFields } } }
    activeRun { ...RunFields }
  }
}
${MESSAGE}`;

export const START: Operation<{ readonly startConversation: StartedConversation | null }, { readonly input: StartConversationInput }> =
  `mutation ParleyStart($input: StartConversationInput!) {
  startConversation(input: $input) { conversation { id position } message { ...MessageFields } run { ...RunFields } }
}
${MESSAGE}`;

export const POST: Operation<{ readonly postMessage: PostedMessage | null }, { readonly input: PostMessageInput }> =
  `mutation ParleyPost($input: PostMessageInput!) {
  postMessage(input: $input) { message { ...MessageFields } run { ...RunFields } disposition }
}
${MESSAGE}`;

export const STOP: Operation<{ readonly stopRun: StoppedRun | null }, { readonly input: { readonly runId: string } }> =
  `mutation ParleyStop($input: StopRunInput!) {
  stopRun(input: $input) { run { ...RunFields } message { ...MessageFields } alreadyFinished }
}
${MESSAGE}`;

export const TYPING: Operation<
  { readonly setTyping: { readonly conversation: { readonly id: string } } | null },
  { readonly input: { readonly conversationId: string; readonly typing: boolean } }
> = `mutation ParleyTyping($input: SetTypingInput!) {
  setTyping(input: $input) { conversation { id } }
}`;

export const FOLLOW: Operation<{ readonly conversationEvents: ConversationItem }, { readonly id: string; readonly after: string | null }> =
  `subscription ParleyFollow($id: ID!, $after: Position) {
  conversationEvents(id: $id, after: $after) {
    __typename position sequence at replay
    ... on StreamReady { status epoch replayed }
    ... on StreamReset { reason epoch }
    ... on Heartbeat { phase }
    ... on MessagePosted { message { ...MessageFields } }
    ... on MessageFinished { message { ...MessageFields } }
    ... on MessageReset { messageId runId attempt reason }
    ... on TextDelta { messageId runId attempt offset text }
    ... on TextSnapshot { messageId runId attempt text }
    ... on RunQueued { place run { ...RunFields } }
    ... on RunStarted { attempt run { ...RunFields } }
    ... on RunFinished { outcome finishReason run { ...RunFields } usage { ...UsageFields } }
    ... on RunStopped { by run { ...RunFields } usage { ...UsageFields } }
    ... on RunFailed { code sentence retryable partialKept run { ...RunFields } usage { ...UsageFields } }
    ... on AgentChosen { runId confidence reason by agent { ...AgentFields } }
    ... on HandedOver { runId reason hop from { ...AgentFields } to { ...AgentFields } }
    ... on StepStarted { runId step path attempt role agent { ...AgentFields } }
    ... on StepFinished { runId step path attempt role outcome ms agent { ...AgentFields } }
    ... on ToolCalled { runId callId tool arguments }
    ... on ToolReturned { runId callId tool summary failed }
    ... on ApprovalRequested { runId approval { ...ApprovalFields } }
    ... on ApprovalExpiring { runId expiresAt approval { ...ApprovalFields } }
    ... on ApprovalDecided { runId outcome by approval { ...ApprovalFields } }
    ... on TypingChanged { state until who { kind id name } }
    ... on PresenceChanged { state who { kind id name } }
    ... on ConversationChanged { conversation { status owner } }
    ... on UsageUpdated { runId usage { ...UsageFields } }
    ... on BudgetWarning { runId scope }
    ... on EscalationDecided { runId decision rules }
    ... on EscalationRaised { escalation { id status } }
    ... on EscalationQueued { place expectedWaitSeconds peopleBackAt }
    ... on EscalationClaimed { person { kind id name } }
    ... on EscalationReleased { by }
    ... on EscalationResolved { escalation { id status } }
  }
}
fragment AgentFields on Agent { id title description }
fragment ApprovalFields on Approval { id status tool arguments argumentsHash risk summary neededLevel peopleNeeded expiresAt }
fragment UsageFields on Usage { inputTokens outputTokens cost { amount currency } }
${MESSAGE}`;

/** The history of a run, for why its agent was chosen: that is not in its row. */
export const EXPLAIN: Operation<{ readonly runEvents: RunItem }, { readonly id: string }> = `subscription ParleyExplain($id: ID!) {
  runEvents(id: $id) { __typename ... on AgentChosen { runId confidence reason by agent { id title description } } }
}`;
