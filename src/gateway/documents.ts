/**
 * From what a caller sent to an operation that may run: the same for HTTP, server-sent events and WebSocket, so that no door knows a
 * way around what is registered. A partner's live key runs its registered operations and nothing else, others may send documents of
 * their own where that is allowed. Parsing and limits are operations.ts.
 */
import { hashOf, isHash, operationIdOf } from '../desk/registered-operation.ts';
import type { FoundOperation, OperationLookup } from '../desk/operation-lookup.ts';
import { AppError, badInput } from '../foundation/errors.ts';
import { hasScope, type Viewer } from '../store/viewer.ts';
import { BUILT_IN } from './built-in-operations.ts';
import type { Operations, Prepared } from './operations.ts';

/** What stands in a request, its form not yet checked beyond what each door checks. */
export interface SentOperation {
  readonly query?: string | null | undefined;
  /** The id of a registered operation (GraphQL over HTTP, appendix on persisted documents). */
  readonly documentId?: unknown;
  /** `persistedQuery` in them is the other way to send one (Apollo's protocol). */
  readonly extensions?: unknown;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface Documents {
  /** @throws RequestRefused for what cannot run, AppError OPERATION_NOT_ALLOWED, OPERATION_NOT_FOUND or BAD_INPUT. */
  prepare(viewer: Viewer | null, sent: SentOperation): Promise<Prepared>;
}

export interface DocumentsDeps {
  readonly operations: Operations;
  readonly registered: Pick<OperationLookup, 'find' | 'isTestKey'>;
  /** Whether documents that nobody registered are run for others than who administers the gateway. */
  readonly allowArbitrary: boolean;
}

interface Resolved {
  readonly text: string;
  readonly registered: FoundOperation | null;
}

/** Texts that came with their hash, to be sent by it alone from then on. */
const TEXTS_MAX = 1_000;
const TEXT_CHARS_MAX = 20_000;

export function createDocuments({ operations, registered, allowArbitrary }: DocumentsDeps): Documents {
  const texts = new Map<string, string>();

  /** The one place that decides who may send documents of their own. */
  async function mayRunArbitrary(viewer: Viewer | null): Promise<boolean> {
    if (viewer?.kind === 'partner') return allowArbitrary && (await registered.isTestKey(viewer.keyId));
    return allowArbitrary || (viewer !== null && hasScope(viewer, 'graphql:arbitrary'));
  }

  async function resolveOperation(viewer: Viewer | null, sent: SentOperation): Promise<Resolved> {
    const asked = idOf(sent);
    const text = sent.query ?? '';
    return text === '' ? resolveId(viewer, asked) : resolveText(viewer, text, asked);
  }

  async function resolveId(viewer: Viewer | null, asked: Asked | null): Promise<Resolved> {
    if (asked === null) {
      // Whoever may send documents is told by the parser that this one is empty.
      if (await mayRunArbitrary(viewer)) return { text: '', registered: null };
      throw badInput('documentId', 'say which registered operation to run.');
    }
    const builtIn = BUILT_IN.get(asked.id);
    if (builtIn !== undefined) return { text: builtIn, registered: null };
    const found = await registered.find(viewer, asked.id);
    if (found) return { text: found.text, registered: found };
    const mayResend = await mayRunArbitrary(viewer);
    const text = mayResend ? texts.get(asked.id) : undefined;
    if (text !== undefined) return { text, registered: null };
    // By this very message the links of Apollo and urql know to send the document itself; those who may not are not asked to.
    const sentence = mayResend && asked.persistedQuery ? 'PersistedQueryNotFound' : 'There is no such registered operation.';
    throw new AppError('OPERATION_NOT_FOUND', sentence, { field: asked.field });
  }

  async function resolveText(viewer: Viewer | null, text: string, asked: Asked | null): Promise<Resolved> {
    const free = await mayRunArbitrary(viewer);
    if (free && asked === null) return { text, registered: null };
    const hash = hashOf(text);
    // Word for word what is registered is no document of its own. Front-ends of the business may send it alone; a partner's key only
    // beside its id, since some links (Apollo's over WebSocket) cannot leave the document out.
    const known = free || (viewer?.kind === 'partner' && asked === null) ? null : await registered.find(viewer, hash);
    if (!free && !known)
      throw new AppError(
        'OPERATION_NOT_ALLOWED',
        viewer?.kind === 'partner'
          ? 'This key runs registered operations only: send the id of one as documentId, and no document.'
          : 'Only registered operations run here: send the id of one as documentId.',
        { field: 'query' },
      );
    if (asked === null) return { text, registered: known };
    if (!isHash(asked.id)) throw badInput(asked.field, 'send the document or the id it is registered under, not both.');
    if (asked.id !== hash) throw badInput(asked.field, 'this is not the SHA-256 of the document that came with it.');
    if (free) remember(hash, text);
    return { text, registered: known };
  }

  function remember(hash: string, text: string): void {
    texts.delete(hash);
    if (text.length <= TEXT_CHARS_MAX) texts.set(hash, text);
    for (const oldest of texts.keys()) {
      if (texts.size <= TEXTS_MAX) break;
      texts.delete(oldest);
    }
  }

  return Object.freeze<Documents>({
    async prepare(viewer, sent) {
      const { text, registered: found } = await resolveOperation(viewer, sent);
      return operations.prepare({ query: text, operationName: sent.operationName, variables: sent.variables, registered: found });
    },
  });
}

interface Asked {
  /** In the form it is looked up in. */
  readonly id: string;
  readonly field: string;
  readonly persistedQuery: boolean;
}

const PERSISTED_QUERY = 'extensions.persistedQuery.sha256Hash';

/** @throws AppError BAD_INPUT for what is no id, and for two that differ. */
function idOf({ documentId, extensions }: SentOperation): Asked | null {
  const asked = documentId === undefined || documentId === null ? null : { id: readId('documentId', documentId), field: 'documentId', persistedQuery: false };
  const persisted = persistedQueryOf(extensions);
  if (asked && persisted && asked.id !== persisted.id) throw badInput(persisted.field, 'this is another id than documentId.');
  return asked ?? persisted;
}

/** True for a request that names its operation by an id. */
export function namesOperation({ documentId, extensions }: SentOperation): boolean {
  return (documentId !== undefined && documentId !== null) || (isObject(extensions) && isObject(extensions['persistedQuery']));
}

function persistedQueryOf(extensions: unknown): Asked | null {
  const persisted = isObject(extensions) ? extensions['persistedQuery'] : null;
  if (persisted === undefined || persisted === null) return null;
  if (!isObject(persisted)) throw badInput('extensions.persistedQuery', 'must be { version: 1, sha256Hash }.');
  if (persisted['version'] !== undefined && persisted['version'] !== 1) throw badInput('extensions.persistedQuery.version', 'must be 1.');
  return { id: readId(PERSISTED_QUERY, persisted['sha256Hash']), field: PERSISTED_QUERY, persistedQuery: true };
}

function readId(field: string, value: unknown): string {
  const id = typeof value === 'string' ? operationIdOf(value) : null;
  if (id === null) throw badInput(field, 'this cannot be the id of an operation.');
  return id;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
