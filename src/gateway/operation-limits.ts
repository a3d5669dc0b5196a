/**
 * How much an operation may ask for: depth, aliases and cost, where the sizes of nested lists multiply. It measures what is written,
 * on every door and before anything runs; it trusts nothing to be valid, because it runs before validation. The number of tokens is
 * limited by the parser, and the depth of introspection by GraphQL's own rule; how often a schema is asked for is counted beside the cost.
 */
import {
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type DocumentNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { AppError } from '../foundation/errors.ts';

export interface OperationLimits {
  readonly operationDepthMax: number;
  readonly operationAliasesMax: number;
  readonly operationTokensMax: number;
  /** One per object asked for. */
  readonly operationCostMax: number;
}

interface Extent {
  readonly depth: number;
  readonly aliases: number;
  readonly cost: number;
  /** How often it asks for the schema itself. */
  readonly introspections: number;
}

export interface Measure extends Extent {
  /** Fields of the operation itself, by the names they are answered under. */
  readonly fields: number;
}

/** What a list without a size argument is taken to hold. */
const LIST_ENTRIES_ASSUMED = 10;
/** What a connection holds when the operation names no size; the schema's own default. */
const CONNECTION_ENTRIES_DEFAULT = 25;
const NOTHING: Extent = { depth: 0, aliases: 0, cost: 0, introspections: 0 };

/** @throws AppError OPERATION_TOO_COMPLEX naming the limit and what the operation would need. */
export function assertWithinLimits(measure: Extent, limits: OperationLimits): void {
  const excess =
    measure.depth > limits.operationDepthMax
      ? `it is ${measure.depth} levels deep and ${limits.operationDepthMax} are allowed`
      : measure.aliases > limits.operationAliasesMax
        ? `it has ${measure.aliases} aliases and ${limits.operationAliasesMax} are allowed`
        : measure.cost > limits.operationCostMax
          ? `it could ask for ${measure.cost.toLocaleString('en')} objects and ${limits.operationCostMax.toLocaleString('en')} are allowed; ask for fewer per list`
          : null;
  if (excess) throw new AppError('OPERATION_TOO_COMPLEX', `This operation asks for too much: ${excess}.`);
}

/** Measures one operation of a document with the variables it was sent with. */
export function measureOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Measure {
  const walk: Walk = {
    schema,
    variables: withDefaults(operation, variables),
    fragments: new Map(document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : []))),
    measured: new Map(),
  };
  const answered = new Set<string>();
  collectNames(walk, operation.selectionSet, answered, new Set());
  return { ...ofSelections(walk, operation.selectionSet, schema.getRootType(operation.operation) ?? null), fields: answered.size };
}

function collectNames(walk: Walk, selections: SelectionSetNode, names: Set<string>, spread: Set<string>): void {
  for (const selection of selections.selections) {
    if (selection.kind === Kind.FIELD) names.add((selection.alias ?? selection.name).value);
    else if (selection.kind === Kind.INLINE_FRAGMENT) collectNames(walk, selection.selectionSet, names, spread);
    else if (!spread.has(selection.name.value)) {
      spread.add(selection.name.value);
      const fragment = walk.fragments.get(selection.name.value);
      if (fragment) collectNames(walk, fragment.selectionSet, names, spread);
    }
  }
}

type Field = GraphQLField<unknown, unknown>;

interface Walk {
  readonly schema: GraphQLSchema;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Each fragment is measured once: a chain of fragments that double each other costs no time here. */
  readonly measured: Map<string, Extent>;
}

function ofSelections(walk: Walk, selections: SelectionSetNode, parent: GraphQLNamedType | null): Extent {
  let depth = 0;
  let aliases = 0;
  let cost = 0;
  let introspections = 0;
  for (const selection of selections.selections) {
    const measure =
      selection.kind === Kind.FIELD
        ? ofField(walk, selection, parent)
        : selection.kind === Kind.FRAGMENT_SPREAD
          ? ofFragment(walk, selection.name.value)
          : ofSelections(walk, selection.selectionSet, selection.typeCondition ? (walk.schema.getType(selection.typeCondition.name.value) ?? null) : parent);
    depth = Math.max(depth, measure.depth);
    aliases += measure.aliases;
    cost += measure.cost;
    introspections += measure.introspections;
  }
  return { depth, aliases, cost, introspections };
}

function ofFragment(walk: Walk, name: string): Extent {
  const known = walk.measured.get(name);
  if (known) return known;
  // A fragment that spreads itself meets this entry; validation refuses it afterwards.
  walk.measured.set(name, NOTHING);
  const fragment = walk.fragments.get(name);
  if (!fragment) return NOTHING;
  const measure = ofSelections(walk, fragment.selectionSet, walk.schema.getType(fragment.typeCondition.name.value) ?? null);
  walk.measured.set(name, measure);
  return measure;
}

function ofField(walk: Walk, node: FieldNode, parent: GraphQLNamedType | null): Extent {
  const alias = node.alias ? 1 : 0;
  const introspection = node.name.value.startsWith('__');
  const field = !introspection && (isObjectType(parent) || isInterfaceType(parent)) ? parent.getFields()[node.name.value] : undefined;
  const type = field ? getNamedType(field.type) : null;
  const inner = node.selectionSet ? ofSelections(walk, node.selectionSet, type) : NOTHING;
  const aliases = alias + inner.aliases;
  if (introspection) return { depth: 1, aliases, cost: 0, introspections: node.name.value === '__typename' ? 0 : 1 };
  return { depth: 1 + inner.depth, aliases, cost: costOf(walk, node, parent, field, inner.cost), introspections: inner.introspections };
}

function costOf(walk: Walk, node: FieldNode, parent: GraphQLNamedType | null, field: Field | undefined, innerCost: number): number {
  const object = field && isCompositeType(getNamedType(field.type)) ? 1 : 0;
  if (isWrapper(parent)) return innerCost + (node.name.value === 'node' ? object : 0);
  const list = field ? isListType(getNullableType(field.type)) : false;
  const paged = field?.args.some((argument) => argument.name === 'first' || argument.name === 'last') ?? false;
  if (paged) return list ? entriesOf(walk, node, field) * (object + innerCost) : object + entriesOf(walk, node, field) * innerCost;
  return (list ? LIST_ENTRIES_ASSUMED : 1) * (object + innerCost);
}

/** Connections and their edges are envelopes: their size was counted at the field that returned them. */
function isWrapper(type: GraphQLNamedType | null): boolean {
  return type !== null && /(?:Connection|Edge)$/.test(type.name);
}

function entriesOf(walk: Walk, node: FieldNode, field: Field | undefined): number {
  const sizes = ['first', 'last'].flatMap((name) => {
    const value = node.arguments?.find((argument) => argument.name.value === name)?.value;
    const given = value?.kind === Kind.INT ? Number(value.value) : value?.kind === Kind.VARIABLE ? walk.variables[value.name.value] : undefined;
    const size = given ?? field?.args.find((argument) => argument.name === name)?.defaultValue;
    return typeof size === 'number' ? [Math.max(size, 0)] : [];
  });
  return sizes.length > 0 ? Math.max(...sizes) : CONNECTION_ENTRIES_DEFAULT;
}

function withDefaults(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const defaults = (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue?.kind === Kind.INT ? [[variable.name.value, Number(defaultValue.value)] as const] : [],
  );
  return { ...Object.fromEntries(defaults), ...variables };
}
