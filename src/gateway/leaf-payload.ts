/**
 * A selection that touches only leaves, turned once into a function from item to JSON text: `execute()` costs thirty times as much
 * and would say the same (a property test compares the two). What it cannot express (objects, lists, anything that waits or fails)
 * it declines, and the caller executes instead.
 */
import {
  getDirectiveValues,
  getNamedType,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isNonNullType,
  isObjectType,
  isUnionType,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLFieldResolver,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Prepared } from './operations.ts';

/** The `data` of one item as JSON text, or null when it has to be executed. */
export type LeafPayload = (item: unknown, context: unknown) => string | null;

type Leaf = (item: unknown, context: unknown) => string | null;

/** Reads what default resolvers read. */
const NO_ARGUMENTS = Object.freeze({});

/** The compiled form of a subscription's selection; null when its shape alone forbids it. */
export function compileLeaves(schema: GraphQLSchema, { document, operation, variables }: Prepared): LeafPayload | null {
  const root = schema.getSubscriptionType();
  const [selected, ...more] = operation.selectionSet.selections;
  if (!root || selected?.kind !== Kind.FIELD || more.length > 0 || (selected.directives?.length ?? 0) > 0) return null;
  const returned = getNamedType(root.getFields()[selected.name.value]?.type);
  if (!returned || !selected.selectionSet) return null;
  const fragments = new Map(document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [])));
  const scope: Scope = { schema, fragments, variables };
  const compiled = new Map<string, Leaf | null>();
  const start = `{"${(selected.alias ?? selected.name).value}":`;
  const { selectionSet } = selected;

  return (item, context) => {
    const type = typeOf(schema, returned, item, context);
    if (!type) return null;
    let leaf = compiled.get(type.name);
    if (leaf === undefined) {
      leaf = compileType(scope, type, selectionSet);
      compiled.set(type.name, leaf);
    }
    const text = leaf?.(item, context) ?? null;
    return text === null ? null : `${start}${text}}`;
  };
}

interface Scope {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
}

function typeOf(schema: GraphQLSchema, returned: GraphQLNamedType, item: unknown, context: unknown): GraphQLObjectType | null {
  if (isObjectType(returned)) return returned;
  if (!isInterfaceType(returned) && !isUnionType(returned)) return null;
  // Resolvers of our types read no `info`; one that does fails here and is executed.
  const name: unknown = returned.resolveType?.(item, context, undefined as never, returned);
  const type = typeof name === 'string' ? schema.getType(name) : undefined;
  return isObjectType(type) ? type : null;
}

function compileType(scope: Scope, type: GraphQLObjectType, selectionSet: SelectionSetNode): Leaf | null {
  const fields = new Map<string, FieldNode>();
  if (!collect(scope, type, selectionSet.selections, fields)) return null;
  const parts: { readonly start: string; readonly read: Leaf }[] = [];
  for (const [key, node] of fields) {
    const read = compileField(type, node);
    if (!read) return null;
    parts.push({ start: `${parts.length === 0 ? '' : ','}"${key}":`, read });
  }
  return (item, context) => {
    let text = '{';
    for (const { start, read } of parts) {
      const value = read(item, context);
      if (value === null) return null;
      text += start + value;
    }
    return `${text}}`;
  };
}

/** The fields of this type in the order `execute` gives them; false when it meets something it does not know. */
function collect(scope: Scope, type: GraphQLObjectType, selections: readonly SelectionNode[], fields: Map<string, FieldNode>): boolean {
  for (const node of selections) {
    if (!isIncluded(scope, node)) continue;
    if (node.kind === Kind.FIELD) {
      const key = (node.alias ?? node.name).value;
      if (!fields.has(key)) fields.set(key, node);
      continue;
    }
    const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : scope.fragments.get(node.name.value);
    if (!fragment) return false;
    if (fragment.typeCondition && !applies(scope.schema, type, fragment.typeCondition.name.value)) continue;
    if (!collect(scope, type, fragment.selectionSet.selections, fields)) return false;
  }
  return true;
}

function isIncluded({ variables }: Scope, node: SelectionNode): boolean {
  if (!node.directives?.length) return true;
  if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] !== false;
}

function applies(schema: GraphQLSchema, type: GraphQLObjectType, condition: string): boolean {
  const named = schema.getType(condition);
  return named === type || (isAbstractType(named) && schema.isSubType(named, type));
}

function compileField(type: GraphQLObjectType, node: FieldNode): Leaf | null {
  if (node.name.value === '__typename') return () => JSON.stringify(type.name);
  const field = type.getFields()[node.name.value];
  if (!field || node.arguments?.length) return null;
  const nullable = !isNonNullType(field.type);
  const leaf = isNonNullType(field.type) ? field.type.ofType : field.type;
  if (!isLeafType(leaf)) return null;
  const resolve: GraphQLFieldResolver<unknown, unknown> = field.resolve ?? ((source) => readProperty(source, field.name));
  return (item, context) => {
    const value: unknown = resolve(item, NO_ARGUMENTS, context, undefined as never);
    if (value === null || value === undefined) return nullable ? 'null' : null;
    if (typeof value === 'string' && leaf.name === 'String') return JSON.stringify(value);
    if (typeof value === 'object' && 'then' in value) return null;
    return JSON.stringify(leaf.serialize(value)) ?? null;
  };
}

function readProperty(source: unknown, name: string): unknown {
  return typeof source === 'object' && source !== null ? (source as Readonly<Record<string, unknown>>)[name] : undefined;
}
