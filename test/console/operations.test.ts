import { readFile } from 'node:fs/promises';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { assertWithinLimits, measureOperation } from '../../src/gateway/operation-limits.ts';
import { loadOperations } from './module.ts';

const operations = Object.entries(await loadOperations());
const schema = buildSchema(await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'));
const { limits } = readConfig({});

describe('the documents of the chat', () => {
  it.each(operations)('%s fits the schema and its limits', (_name, text) => {
    const document = parse(text, { maxTokens: limits.operationTokensMax });
    expect(validate(schema, document)).toEqual([]);
    const operation = document.definitions.find((definition) => definition.kind === 'OperationDefinition');
    if (!operation) throw new Error('a document without an operation');
    expect(() => assertWithinLimits(measureOperation(schema, document, operation, {}), limits)).not.toThrow();
  });
});
