import { buildSchema, parse, validate } from 'graphql';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../src/gateway/graphiql-examples.ts';
import { assertWithinLimits, measureOperation } from '../../src/gateway/operation-limits.ts';
import { readConfig } from '../../src/config.ts';

const schema = buildSchema(await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'));
const { limits } = readConfig({});

describe('the operations GraphiQL opens with', () => {
  it.each(EXAMPLES.map(({ query, variables }) => [query.split('\n')[0], query, variables ?? {}] as const))('%s', (_title, query, variables) => {
    const document = parse(query, { maxTokens: limits.operationTokensMax });
    expect(validate(schema, document)).toEqual([]);
    const [operation] = document.definitions;
    if (operation?.kind !== 'OperationDefinition') throw new Error('an example without an operation');
    expect(() => assertWithinLimits(measureOperation(schema, document, operation, variables), limits)).not.toThrow();
  });
});

it('a page of conversations with their messages, as a chat front-end asks for it, is within the limits', () => {
  const document = parse('{ conversations(first: 25) { edges { node { id messages(last: 50) { edges { node { id text agent { id title } } } } } } } }');
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('no operation');
  const measure = measureOperation(schema, document, operation, {});
  // 1 list, 25 conversations, 25 lists, and 25 times 50 messages with their agents.
  expect(measure).toMatchObject({ depth: 8, aliases: 0, cost: 1 + 25 * (1 + 1 + 50 * 2) });
  expect(() => assertWithinLimits(measure, limits)).not.toThrow();
});
