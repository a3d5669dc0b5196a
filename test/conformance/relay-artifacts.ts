/** What Relay's compiler writes for the operations of six-clients.ts, as far as the runtime reads it: with the document, or with its id alone. */
import { createHash } from 'node:crypto';
import type { ConcreteRequest, NormalizationLinkedField, NormalizationSelection } from 'relay-runtime';

type Kind = 'query' | 'mutation' | 'subscription';

const ROOTS: Readonly<Record<Kind, string>> = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' };

/** relay-compiler writes the MD5 of a document as its id. */
export function relayId(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

export function relayArtifacts(texts: { readonly viewer: string; readonly start: string; readonly follow: string }, persisted: boolean) {
  const conversation = linked('conversation', 'Conversation', [], [scalar('id'), scalar('position')]);
  const item = [
    ...['__typename', 'position', 'sequence'].map(scalar),
    on('StreamReady', 'status', 'epoch'),
    on('StreamReset', 'reason'),
    on('TextDelta', 'offset', 'text'),
  ];
  const make = (kind: Kind, name: string, text: string, variables: readonly string[], selection: NormalizationSelection) =>
    compiled(kind, name, persisted ? { id: relayId(text), text: null } : { id: null, text }, variables, [selection]);
  return {
    viewer: make('query', 'Viewer', texts.viewer, [], linked('viewer', 'Viewer', [], [scalar('id')])),
    start: make('mutation', 'Start', texts.start, ['input'], linked('startConversation', 'StartConversationPayload', ['input'], [conversation])),
    follow: make('subscription', 'Follow', texts.follow, ['id', 'after'], linked('conversationEvents', null, ['id', 'after'], item)),
  };
}

function compiled(
  kind: Kind,
  name: string,
  sent: { readonly id: string | null; readonly text: string | null },
  variables: readonly string[],
  selections: readonly NormalizationSelection[],
): ConcreteRequest {
  const argumentDefinitions = variables.map((variable) => ({ kind: 'LocalArgument' as const, name: variable, defaultValue: null }));
  return {
    kind: 'Request',
    fragment: { kind: 'Fragment', name, type: ROOTS[kind], metadata: null, abstractKey: null, argumentDefinitions, selections },
    operation: { kind: 'Operation', name, argumentDefinitions, selections },
    params: { cacheID: name, metadata: {}, name, operationKind: kind, ...sent },
  } as unknown as ConcreteRequest;
}

function scalar(name: string): NormalizationSelection {
  return { kind: 'ScalarField', alias: null, args: null, name, storageKey: null };
}

function on(type: string, ...names: string[]): NormalizationSelection {
  return { kind: 'InlineFragment', type, abstractKey: null, selections: names.map(scalar) };
}

function linked(name: string, concreteType: string | null, args: readonly string[], selections: readonly NormalizationSelection[]): NormalizationLinkedField {
  return {
    kind: 'LinkedField',
    alias: null,
    name,
    concreteType,
    plural: false,
    storageKey: null,
    args: args.map((variable) => ({ kind: 'Variable', name: variable, variableName: variable })),
    selections,
  };
}
