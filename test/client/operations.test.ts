/** What the client asks, and believes to get, is what the schema says: documents are validated, types are derived and compared. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  buildSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
  validate,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLType,
  type SelectionSetNode,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { EXPLAIN, FOLLOW, LOAD, POST, START, STOP, TYPING } from '../../src/client/operations.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const schema = buildSchema(readFileSync(join(root, 'schema.graphql'), 'utf8'));
const OPERATIONS: Readonly<Record<string, string>> = { LOAD, START, POST, STOP, TYPING, FOLLOW, EXPLAIN };
const SCALARS: Readonly<Record<string, string>> = {
  ID: 'string',
  String: 'string',
  Int: 'number',
  Float: 'number',
  Boolean: 'boolean',
  DateTime: 'string',
  Position: 'string',
  JSON: 'unknown',
};

describe('the operations of the client', () => {
  it.each(Object.entries(OPERATIONS))('%s is valid', (_name, text) => {
    expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
  });

  it('select every kind of item of a conversation', () => {
    const item = schema.getType('ConversationStreamItem');
    if (!item || !isAbstractType(item)) throw new Error('the schema has conversation items');
    const missing = schema.getPossibleTypes(item).filter(({ name }) => !FOLLOW.includes(`... on ${name} {`));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it('have the types that the schema gives them', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'parley-types-'));
    try {
      const wrong = join(scratch, 'wrong.ts');
      const right = join(scratch, 'right.ts');
      writeFileSync(
        right,
        comparison((type) => type),
      );
      // That the comparison compares: a text where the schema has a number.
      writeFileSync(
        wrong,
        comparison((type) => type.replace('readonly offset: number', 'readonly offset: string')),
      );
      expect(await compile(right)).toBe('');
      expect(await compile(wrong)).toContain('error TS');
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
});

/** A file that compiles when the answers and variables of every operation are the schema's, in both directions. */
function comparison(change: (type: string) => string): string {
  const lines = Object.entries(OPERATIONS).flatMap(([name, text]) => {
    const document = parse(text);
    return [
      `type ${name}Schema = ${change(answerOf(document))};`,
      `type ${name}Client = NonNullable<(typeof operations.${name})['data']>;`,
      `export const ${name}Data: Same<${name}Schema, ${name}Client> = true;`,
      `export const ${name}Variables: NonNullable<(typeof operations.${name})['variables']> extends ${variablesOf(document)} ? true : never = true;`,
    ];
  });
  const file = JSON.stringify(join(root, 'src/client/operations.ts'));
  return `import * as operations from ${file};\ntype Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;\n${lines.join('\n')}\n`;
}

async function compile(file: string): Promise<string> {
  const flags = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--target',
    'es2024',
    '--module',
    'nodenext',
    '--allowImportingTsExtensions',
    '--ignoreConfig',
  ];
  try {
    await promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...flags, file], { cwd: root });
    return '';
  } catch (error) {
    return error !== null && typeof error === 'object' && 'stdout' in error ? String(error.stdout) : String(error);
  }
}

function answerOf(document: DocumentNode): string {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const fragments = new Map(document.definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each] as const] : [])));
  const type = operation && schema.getRootType(operation.operation);
  if (!operation || !type) throw new Error('one operation on a root type');
  return objectType(type, [operation.selectionSet], fragments);
}

function selectedType(type: GraphQLType, selections: readonly SelectionSetNode[], fragments: ReadonlyMap<string, FragmentDefinitionNode>): string {
  if (isNonNullType(type)) return withoutNull(type.ofType, selections, fragments);
  return `${withoutNull(type, selections, fragments)} | null`;
}

function withoutNull(type: GraphQLType, selections: readonly SelectionSetNode[], fragments: ReadonlyMap<string, FragmentDefinitionNode>): string {
  if (isListType(type)) return `readonly (${selectedType(type.ofType, selections, fragments)})[]`;
  const named = getNamedType(type);
  if (isEnumType(named))
    return `(${named
      .getValues()
      .map(({ name }) => `'${name}'`)
      .join(' | ')})`;
  if (!isCompositeType(named)) return SCALARS[named.name] ?? `never /* ${named.name} */`;
  const types = isAbstractType(named) ? schema.getPossibleTypes(named) : isObjectType(named) ? [named] : [];
  return `(${types.map((each) => objectType(each, selections, fragments)).join(' | ')})`;
}

/** The fields selected on this type, those in fragments that apply to it included; one field selected twice is selected together. */
function objectType(type: GraphQLObjectType, selections: readonly SelectionSetNode[], fragments: ReadonlyMap<string, FragmentDefinitionNode>): string {
  const fields = new Map<string, { readonly type: GraphQLType | null; readonly below: SelectionSetNode[] }>();
  const collect = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const { value } = selection.name;
        const entry = fields.get(value) ?? { type: value === '__typename' ? null : (type.getFields()[value]?.type ?? null), below: [] };
        if (selection.selectionSet) entry.below.push(selection.selectionSet);
        fields.set(value, entry);
        continue;
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      const on = fragment?.typeCondition?.name.value;
      const condition = on === undefined ? type : schema.getType(on);
      if (fragment && condition && (condition === type || (isAbstractType(condition) && schema.isSubType(condition, type)))) collect(fragment.selectionSet);
    }
  };
  for (const set of selections) collect(set);
  const lines = [...fields].map(([name, field]) => `readonly ${name}: ${field.type ? selectedType(field.type, field.below, fragments) : `'${type.name}'`}`);
  return `{ ${lines.join('; ')} }`;
}

function variablesOf(document: DocumentNode): string {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const lines = (operation?.variableDefinitions ?? []).map(({ variable, type }) => {
    const required = type.kind === Kind.NON_NULL_TYPE;
    const name = required && type.type.kind === Kind.NAMED_TYPE ? type.type.name.value : type.kind === Kind.NAMED_TYPE ? type.name.value : '';
    return `readonly ${variable.name.value}: ${inputType(name)}${required ? '' : ' | null'}`;
  });
  return `{ ${lines.join('; ')} }`;
}

function inputType(name: string): string {
  const type = schema.getType(name);
  if (isEnumType(type))
    return type
      .getValues()
      .map((value) => `'${value.name}'`)
      .join(' | ');
  if (!isInputObjectType(type)) return SCALARS[name] ?? 'never';
  const lines = Object.values(type.getFields()).map((field) => {
    const required = isNonNullType(field.type);
    return `readonly ${field.name}${required ? '' : '?'}: (${inputType(getNamedType(field.type).name)})${required ? '' : ' | null'}`;
  });
  return `{ ${lines.join('; ')} }`;
}
