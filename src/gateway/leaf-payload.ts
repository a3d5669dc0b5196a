/**
 * A selection that touches only leaves, turned once into a function from item to JSON text: `execute()` costs thirty times as much
 * and would say the same (a property test compares the two). What it cannot express (objects, lists, arguments, anything that waits,
 * fails or asks for `info`) it declines, and the caller executes instead.
 */
import {
  BREAK,
  getDirectiveValues,
  getNamedType,
  getVariableValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isNonNullType,
  isObjectType,
  isUnionType,
  Kind,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLFieldResolver,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
} from 'graphql';
import type { Prepared } from './operations.ts';

/** The `data` of one item as JSON text, or null when it has to be executed. Never throws. */
export type LeafPayload = (item: unknown, context: unknown) => string | null;

type Leaf = (item: unknown, context: unknown) => string | null;

const NO_ARGUMENTS = Object.freeze({});
/** Thrown when a leaf is a promise. */
const WAITS = new Error('a leaf that has to be waited for');
/** What a resolver that reads `info` fails on, so that its item is executed. */
const NO_INFO = undefined as never;

/** Compiled selections, kept for as long as their documents are. */
export function createLeafPayloads(schema: GraphQLSchema): (prepared: Prepared) => LeafPayload | null {
  const known = new WeakMap<OperationDefinitionNode, LeafPayload>();
  return (prepared) => {
    const kept = known.get(prepared.operation);
    if (kept) return kept;
    const compiled = compileLeaves(schema, prepared);
    // With directives the variables decide what is selected.
    if (compiled && !hasDirectives(prepared.document)) known.set(prepared.operation, compiled);
    return compiled;
  };
}

function hasDirectives(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive() {
      found = true;
      return BREAK;
    },
  });
  return found;
}

/** The compiled form of a subscription's selection; null when its shape alone forbids it. */
export function compileLeaves(schema: GraphQLSchema, { document, operation, variables }: Prepared): LeafPayload | null {
  const [selected, ...more] = operation.selectionSet.selections;
  if (selected?.kind !== Kind.FIELD || more.length > 0 || (selected.directives?.length ?? 0) > 0) return null;
  const root = schema.getSubscriptionType()?.getFields()[selected.name.value];
  const selections = selected.selectionSet?.selections;
  if (!root?.resolve || !selections) return null;
  const { resolve } = root;
  const returned = getNamedType(root.type);
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  if (!coerced) return null;
  const fragments = new Map(document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [])));
  const scope: Scope = { schema, fragments, variables: coerced };
  const compiled = new Map<string, Leaf | null>();
  const start = `{"${(selected.alias ?? selected.name).value}":`;

  const payloadOf = (item: unknown, context: unknown): string | null => {
    // The field of a shared subscription hands its item on; one that makes something else of it is executed.
    if (resolve(item, NO_ARGUMENTS, context, NO_INFO) !== item) return null;
    const type = typeOf(schema, returned, item, context);
    if (!type) return null;
    let leaf = compiled.get(type.name);
    if (leaf === undefined) {
      leaf = compileType(scope, type, selections);
      compiled.set(type.name, leaf);
    }
    try {
      const text = leaf?.(item, context) ?? null;
      return text === null ? null : `${start}${text}}`;
    } catch (error) {
      // Not tried again: each try would begin what the execution begins once more.
      if (error === WAITS) compiled.set(type.name, null);
      throw error;
    }
  };

  return (item, context) => {
    try {
      return payloadOf(item, context);
    } catch {
      // Executing it says what is wrong, at its place in the result.
      return null;
    }
  };
}

interface Scope {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
}

function typeOf(schema: GraphQLSchema, returned: GraphQLNamedType, item: unknown, context: unknown): GraphQLObjectType | null {
  if (isObjectType(returned)) return returned.isTypeOf ? null : returned;
  if (!isInterfaceType(returned) && !isUnionType(returned)) return null;
  const name: unknown = returned.resolveType?.(item, context, NO_INFO, returned);
  const type = typeof name === 'string' ? schema.getType(name) : undefined;
  return isObjectType(type) && !type.isTypeOf && schema.isSubType(returned, type) ? type : null;
}

function compileType(scope: Scope, type: GraphQLObjectType, selections: readonly SelectionNode[]): Leaf | null {
  const fields = new Map<string, FieldNode>();
  if (!collect(scope, type, selections, fields, new Set())) return null;
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

/**
 * The fields of this type in the order `execute` gives them; false when it meets something it does not know.
 * @param visited Fragments spread already: a second spread adds nothing, and fragments that spread others twice would cost without end.
 */
function collect(scope: Scope, type: GraphQLObjectType, selections: readonly SelectionNode[], fields: Map<string, FieldNode>, visited: Set<string>): boolean {
  for (const node of selections) {
    if (!isIncluded(scope, node)) continue;
    if (node.kind === Kind.FIELD) {
      const key = (node.alias ?? node.name).value;
      if (!fields.has(key)) fields.set(key, node);
      continue;
    }
    if (node.kind === Kind.FRAGMENT_SPREAD) {
      if (visited.has(node.name.value)) continue;
      visited.add(node.name.value);
    }
    const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : scope.fragments.get(node.name.value);
    if (!fragment) return false;
    if (fragment.typeCondition && !applies(scope.schema, type, fragment.typeCondition.name.value)) continue;
    if (!collect(scope, type, fragment.selectionSet.selections, fields, visited)) return false;
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
  if (node.name.value === '__typename') {
    const name = JSON.stringify(type.name);
    return () => name;
  }
  const field = type.getFields()[node.name.value];
  if (!field || field.args.length > 0) return null;
  const nullable = !isNonNullType(field.type);
  const leaf = isNonNullType(field.type) ? field.type.ofType : field.type;
  if (!isLeafType(leaf)) return null;
  const resolve: GraphQLFieldResolver<unknown, unknown> = field.resolve ?? ((source) => readProperty(source, field.name));
  return (item, context) => {
    const value: unknown = resolve(item, NO_ARGUMENTS, context, NO_INFO);
    if (value === null || value === undefined) return nullable ? 'null' : null;
    if (typeof value === 'string' && leaf.name === 'String') return JSON.stringify(value);
    if (typeof value === 'object' && 'then' in value) {
      // Nobody waits for this one any more, also when it fails.
      Promise.resolve(value).catch(() => undefined);
      throw WAITS;
    }
    if (typeof value === 'function' || value instanceof Error) return null;
    const serialized: unknown = leaf.serialize(value);
    if (serialized === null || serialized === undefined) return null;
    // Null for what has no JSON form: `execute` would leave it out of the object.
    const json: string | undefined = JSON.stringify(serialized);
    return json ?? null;
  };
}

function readProperty(source: unknown, name: string): unknown {
  return typeof source === 'object' && source !== null ? (source as Readonly<Record<string, unknown>>)[name] : undefined;
}
