/** The GraphQL documents of the chat. A test checks each against the schema. */

const MESSAGE = `
  fragment MessageFields on Message {
    id
    role
    text
    status
    author
    agent { id title description }
    citations { slug title section }
    clientMessageId
    createdAt
    run { ...RunFields }
  }
  fragment RunFields on Run {
    id
    workflow
    status
    createdAt
    agent { id title description }
    error { code message retryable }
  }
`;

export const LOAD = `
  query Load($id: ID!) {
    conversation(id: $id) {
      id
      position
      status
      owner
      messages(last: 60) { edges { node { ...MessageFields } } }
      activeRun { ...RunFields }
    }
  }
  ${MESSAGE}
`;

export const START = `
  mutation Start($input: StartConversationInput!) {
    startConversation(input: $input) { conversation { id } }
  }
`;

export const POST = `
  mutation Post($input: PostMessageInput!) {
    postMessage(input: $input) {
      message { ...MessageFields }
      disposition
    }
  }
  ${MESSAGE}
`;

export const STOP = `
  mutation Stop($input: StopRunInput!) {
    stopRun(input: $input) { alreadyFinished }
  }
`;

export const REOPEN = `
  mutation Reopen($input: ReopenConversationInput!) {
    reopenConversation(input: $input) { conversation { id status } }
  }
`;

export const FOLLOW = `
  subscription Follow($id: ID!, $after: Position) {
    conversationEvents(id: $id, after: $after) {
      __typename
      position
      sequence
      ... on StreamReady { status epoch }
      ... on MessagePosted { message { ...MessageFields } }
      ... on MessageFinished { message { ...MessageFields } }
      ... on MessageReset { messageId attempt }
      ... on TextDelta { messageId runId attempt offset text }
      ... on TextSnapshot { messageId runId attempt text }
      ... on Heartbeat { phase }
      ... on AgentChosen { runId confidence reason by agent { id title description } }
      ... on RunQueued { place run { ...RunFields } }
      ... on RunStarted { run { ...RunFields } }
      ... on RunFinished { run { ...RunFields } }
      ... on RunStopped { run { ...RunFields } }
      ... on RunFailed { code sentence retryable run { ...RunFields } }
      ... on ConversationChanged { conversation { status owner } }
    }
  }
  ${MESSAGE}
`;

/** Why a run chose its agent, for those who came after it was said. */
export const EXPLAIN = `
  subscription Explain($id: ID!) {
    runEvents(id: $id) {
      __typename
      ... on AgentChosen { runId confidence reason by agent { id title description } }
    }
  }
`;
