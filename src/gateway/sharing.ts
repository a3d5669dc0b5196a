/**
 * Which subscriptions are the same: one document, one operation, the same variables but for where to start, and viewers who may see
 * exactly the same. Only fields that say so (`extensions.shared`) are shared at all. Decides; delivers nothing.
 */
import { Kind, visit, type DocumentNode, type GraphQLSchema } from 'graphql';
import { authorizationClassOf } from '../desk/authorization-class.ts';
import type { Viewer } from '../store/viewer.ts';
import type { Prepared } from './operations.ts';

export interface Share {
  /** Equal for subscriptions that may be executed once for all. */
  readonly key: string;
  /** Whom to execute as. */
  readonly viewer: Viewer;
}

export interface Sharing {
  /** Null when this subscription stands alone. */
  shareOf(prepared: Prepared, viewer: Viewer | null): Share | null;
}

export function createSharing(schema: GraphQLSchema): Sharing {
  const ids = new WeakMap<DocumentNode, number>();
  let documents = 0;

  function idOf(document: DocumentNode): number {
    const id = ids.get(document) ?? (documents += 1);
    ids.set(document, id);
    return id;
  }

  return {
    shareOf(prepared, viewer) {
      if (!viewer || !isShared(schema, prepared)) return null;
      const { key, viewer: representative } = authorizationClassOf(viewer);
      const rest = Object.entries(prepared.variables).filter(([name]) => name !== startVariable(prepared));
      return {
        key: JSON.stringify([idOf(prepared.document), prepared.operationName, key, rest.toSorted(([a], [b]) => (a < b ? -1 : 1))]),
        viewer: representative,
      };
    },
  };
}

function isShared(schema: GraphQLSchema, { operation }: Prepared): boolean {
  const [selected] = operation.selectionSet.selections;
  return selected?.kind === Kind.FIELD && schema.getSubscriptionType()?.getFields()[selected.name.value]?.extensions['shared'] === true;
}

/** The variable behind the field's `after`; null when there is none, or when the document uses it for anything else too. */
function startVariable({ operation, document }: Prepared): string | null {
  const [selected] = operation.selectionSet.selections;
  if (selected?.kind !== Kind.FIELD) return null;
  const value = selected.arguments?.find((argument) => argument.name.value === 'after')?.value;
  if (value?.kind !== Kind.VARIABLE) return null;
  const name = value.name.value;
  return countUses(document, name) === 1 ? name : null;
}

const uses = new WeakMap<DocumentNode, Map<string, number>>();

function countUses(document: DocumentNode, name: string): number {
  const known = uses.get(document) ?? new Map<string, number>();
  uses.set(document, known);
  const counted = known.get(name);
  if (counted !== undefined) return counted;
  let count = 0;
  visit(document, {
    Variable: (node, _key, parent) => {
      if (node.name.value === name && !(parent && 'kind' in parent && parent.kind === Kind.VARIABLE_DEFINITION)) count += 1;
    },
  });
  known.set(name, count);
  return count;
}
