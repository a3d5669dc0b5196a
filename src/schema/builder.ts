/**
 * The one Pothos builder: what every field may use (the context), how ids, lists and nullability behave everywhere. It stands
 * alone at the bottom of this room, so that nouns import it and never each other's circles. It opens nothing: importing the
 * schema needs no configuration and no database.
 */
import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import type { Catalog } from '../catalog/agent.ts';
import type { Router } from '../catalog/router.ts';
import type { NamedWorkflows } from '../orchestration/named-workflows.ts';
import type { Desk } from '../desk/desk.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Accounts } from '../identity/account.ts';
import type { Knowledge } from '../knowledge/knowledge.ts';
import type { Runs } from '../runs/runs.ts';
import type { Database } from '../store/database.ts';
import type PrismaTypes from '../store/generated/pothos.ts';
import { getDatamodel } from '../store/generated/pothos.ts';
import type { Viewer } from '../store/viewer.ts';
import { DEFAULT_PAGE, MOST_PER_PAGE } from './page.ts';
import { authScopesOf, PART, refusalOf, type AuthScopes } from './rule.ts';

/** What one operation is executed with. Made by the gateway, once per operation. */
export interface Context {
  /** Null when nobody signed in; fields that need someone refuse with UNAUTHENTICATED. */
  readonly viewer: Viewer | null;
  readonly requestId: string;
  /** Aborts when the client has gone. */
  readonly signal?: AbortSignal | undefined;
  /** Where the call comes from, where that is known. */
  readonly origin?: { readonly address: string | null; readonly userAgent: string | null } | undefined;
  readonly database: Database;
  readonly accounts: Accounts;
  readonly desk: Desk;
  readonly runs: Runs;
  readonly catalog: Catalog;
  readonly workflows: NamedWorkflows;
  readonly router: Router;
  readonly knowledge: Knowledge;
  readonly log: Logger;
  /** Longest text of a message, in UTF-16 units. */
  readonly messageCharsMax: number;
}

interface SchemaShape {
  Context: Context;
  PrismaTypes: PrismaTypes;
  AuthScopes: AuthScopes;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: false;
  DefaultNodeNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date | string };
    JSON: { Input: unknown; Output: unknown };
    Position: { Input: string; Output: string };
  };
}

export const builder = new SchemaBuilder<SchemaShape>({
  // Rules come first: what is refused is not read.
  plugins: [ScopeAuthPlugin, RelayPlugin, PrismaPlugin],
  scopeAuth: {
    // A stream is let in where it begins; whether it may go on is decided where it is followed.
    authorizeOnSubscribe: true,
    authScopes: ({ viewer }) => authScopesOf(viewer),
    unauthorizedError: (_parent, { viewer }, _info, { failure }) => refusalOf(viewer, failure),
  },
  defaultFieldNullability: false,
  prisma: { client: (context) => context.database, dmmf: getDatamodel(), exposeDescriptions: false, onUnusedQuery: null },
  relay: {
    clientMutationId: 'omit',
    cursorType: 'String',
    // node.ts defines `node`, because ids here are the stored ones and what is missing is refused, not null.
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    idFieldOptions: { description: 'The id, as it is stored and as every verb takes it.' },
    nodeTypeOptions: { ...PART, description: 'Anything that has an id and can be found again with `node(id)`.' },
    pageInfoTypeOptions: { ...PART, description: 'Where a page of a list lies in the whole.' },
    hasNextPageFieldOptions: { description: 'True when more follows after `endCursor`. Paging backwards, true when the page was cut off by `before`.' },
    hasPreviousPageFieldOptions: { description: 'True when something lies before `startCursor`. Paging forwards, true when the page began after `after`.' },
    startCursorFieldOptions: { description: 'Cursor of the first entry, to page backwards from. `null` on an empty page.' },
    endCursorFieldOptions: { description: 'Cursor of the last entry, to page forwards from. `null` on an empty page.' },
    cursorFieldOptions: { description: 'Where this entry stands in the list. Opaque; stays valid while rows come and go.' },
    nodeFieldOptions: { description: 'The entry itself.', nullable: false },
    edgesFieldOptions: { description: 'The entries of this page, each with its cursor.', nullable: false },
    pageInfoFieldOptions: { description: 'Where this page lies in the whole list.' },
    defaultConnectionTypeOptions: { ...PART, description: 'One page of a list.' },
    defaultEdgeTypeOptions: { ...PART, description: 'One entry of a list with its cursor.' },
    defaultPayloadTypeOptions: { ...PART, description: 'What the verb did.' },
    defaultMutationInputTypeOptions: { description: 'What the verb needs.' },
    mutationInputArgOptions: { description: 'What the verb needs.' },
    relayMutationFieldOptions: { nullable: true },
    firstArgOptions: {
      description: `How many entries from the start or after \`after\`: 0 to ${MOST_PER_PAGE}. Not together with \`last\`. Without both, ${DEFAULT_PAGE}.`,
    },
    lastArgOptions: { description: `How many entries from the end or before \`before\`: 0 to ${MOST_PER_PAGE}. Not together with \`first\`.` },
    afterArgOptions: { description: 'Begin after this cursor. Goes with `first`.' },
    beforeArgOptions: { description: 'End before this cursor. Goes with `last`.' },
  },
});

builder.queryType({ description: 'What can be read. Every field is nullable: one refusal empties one field, not the whole answer.' });
builder.mutationType({
  description: 'What can be done: always `verb(input: VerbInput!): VerbPayload`. A refused verb is `null` beside its error, and nothing was written.',
});
builder.subscriptionType({ description: 'What can be followed. Each begins with StreamReady and can be resumed after any position.' });

/** The description of every id, and what makes a type findable with `node(id)`. */
export const ID_DESCRIPTION = 'The id, as it is stored and as every verb takes it.';
export const Node = builder.nodeInterfaceRef();
