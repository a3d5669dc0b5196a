/** Every field of the schema has a rule that says who may read it: a field without one fails here by its name. */
import { isInterfaceType, isIntrospectionType, isObjectType, type GraphQLInterfaceType, type GraphQLObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { schema } from '../../src/schema/schema.ts';

type Composite = GraphQLObjectType | GraphQLInterfaceType;

const ROOTS = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
const composites = Object.values(schema.getTypeMap()).filter(
  (type): type is Composite => (isObjectType(type) || isInterfaceType(type)) && !isIntrospectionType(type),
);

function rule(extensions: Readonly<Record<string, unknown>>): unknown {
  const options = extensions['pothosOptions'];
  return typeof options === 'object' && options !== null && 'authScopes' in options ? options.authScopes : undefined;
}

function isPart(type: Composite): boolean {
  return type.extensions['rule'] === 'part';
}

/** A field is covered by its own rule, by that of its type, or by being of a part: then by whatever field gave the part. */
function uncovered(type: Composite): string[] {
  if (!ROOTS.has(type as GraphQLObjectType) && (rule(type.extensions) !== undefined || isPart(type))) return [];
  return Object.values(type.getFields()).flatMap((field) => (rule(field.extensions) === undefined ? [`${type.name}.${field.name}`] : []));
}

describe('the rules of the schema', () => {
  it('leave no field without one', () => {
    expect(composites.flatMap(uncovered)).toEqual([]);
  });

  it('are looked for on all that there is', () => {
    const fields = composites.flatMap((type) => Object.keys(type.getFields()));
    expect(composites.length).toBeGreaterThan(140);
    expect(fields.length).toBeGreaterThan(650);
  });

  it('do not call a part what has an id, and so can be asked for by itself', () => {
    const found = composites.filter((type) => isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node'));
    expect(found.length).toBeGreaterThan(15);
    expect(found.filter(isPart).map(({ name }) => name)).toEqual([]);
  });

  it('are given once: a type with a rule of its own is no part', () => {
    expect(composites.filter((type) => isPart(type) && rule(type.extensions) !== undefined).map(({ name }) => name)).toEqual([]);
  });

  it('of roots stand on each root field, where a reader of the code looks for them', () => {
    for (const root of ROOTS) expect(root && rule(root.extensions)).toBeUndefined();
  });
});
