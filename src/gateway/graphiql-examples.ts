/** The operations that GraphiQL opens with. A test checks each against the schema. */
export interface Example {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

export const EXAMPLES: readonly Example[] = [
  {
    query: `# 1. Ask something. Then copy the conversation's id into the next tab and follow it.
mutation Ask($input: StartConversationInput!) {
  startConversation(input: $input) {
    conversation {
      id
      position
    }
    message {
      id
      text
    }
    run {
      id
      status
    }
  }
}
`,
    variables: { input: { text: 'How much would the premium plan cost for 30 seats?' } },
  },
  {
    query: `# 2. Follow a conversation live: put its id below, start, and ask something in the first or third tab.
subscription Follow($id: ID!, $after: Position) {
  conversationEvents(id: $id, after: $after) {
    __typename
    position
    ... on StreamReady {
      status
    }
    ... on AgentChosen {
      agent {
        title
      }
      confidence
      reason
    }
    ... on TextDelta {
      offset
      text
    }
    ... on MessageFinished {
      message {
        text
      }
    }
    ... on RunFailed {
      code
      retryable
    }
  }
}
`,
    variables: { id: 'conv_' },
  },
  {
    query: `# 3. Say something in a conversation that exists.
mutation Say($input: PostMessageInput!) {
  postMessage(input: $input) {
    message {
      id
    }
    disposition
  }
}
`,
    variables: { input: { conversationId: 'conv_', text: 'And what would 30 seats cost per year?' } },
  },
  {
    query: `# Who is asking, and which agents could answer.
query Agents {
  viewer {
    __typename
  }
  agents(first: 20) {
    edges {
      node {
        id
        title
        tier
        domain
        description
      }
    }
  }
}
`,
  },
  {
    query: `# Your conversations and what was said last.
query Conversations {
  conversations(first: 5) {
    edges {
      node {
        id
        status
        messages(last: 3) {
          edges {
            node {
              role
              text
              createdAt
            }
          }
        }
      }
    }
  }
}
`,
  },
  {
    query: `# Help articles: the passages that answers quote.
query Knowledge {
  knowledge(search: "reset my password", first: 3) {
    title
    section
    text
  }
}
`,
  },
  {
    query: `# How answers were made: the latest runs with their steps and what they used.
query Runs {
  runs(first: 5) {
    edges {
      node {
        id
        status
        outcome
        steps {
          path
          status
          ms
        }
        usage {
          inputTokens
          outputTokens
        }
      }
    }
  }
}
`,
  },
  {
    query: `# For the staff: several agents debate one question. Follow the run's id with runEvents; its result is in run(id).
mutation Debate($input: StartWorkflowInput!) {
  startWorkflow(input: $input) {
    run {
      id
      status
    }
  }
}
`,
    variables: {
      input: {
        question: 'Should we refund the last payment of this customer?',
        customerId: 'cus_',
        pattern: {
          debate: {
            participants: [
              { agentId: 'refund_processor', role: 'ADVOCATE' },
              { agentId: 'security_advisor', role: 'CRITIC' },
              { agentId: 'pricing_explainer', weight: 0.5 },
            ],
            rounds: 2,
            decide: 'WEIGHTED',
          },
        },
      },
    },
  },
];
