/** Holds one document against the schema and the limits, as registering and checking need it. Keeps and runs nothing. */
import { GraphQLError, Kind, parse, specifiedRules, validate, type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import type { Inspect, Inspection, Problem } from '../desk/registered-operation.ts';
import { AppError } from '../foundation/errors.ts';
import { assertWithinLimits, measureOperation, type OperationLimits } from './operation-limits.ts';

const PROBLEMS_MAX = 10;
/** Its name is in every list and log line. */
const NAME_CHARS_MAX = 100;

export function createInspect(schema: GraphQLSchema, limits: OperationLimits): Inspect {
  return (text) => {
    let document: DocumentNode;
    try {
      document = parse(text, { maxTokens: limits.operationTokensMax });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return { ok: false, code: 'GRAPHQL_PARSE_FAILED', problems: [problemOf(error)] };
    }
    // One each: a document with several would be run by an id and a name, and only the id is looked up.
    const [operation, another] = document.definitions.filter((node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION);
    if (!operation || another) return refused('BAD_INPUT', 'A document to register has exactly one operation.', another);
    const name = operation.name?.value;
    if (name === undefined) return refused('BAD_INPUT', 'An operation to register has a name.', operation);
    if (name.length > NAME_CHARS_MAX) return refused('BAD_INPUT', `The name of an operation has at most ${NAME_CHARS_MAX} characters.`, operation);
    const [first, ...others] = validate(schema, document, specifiedRules, { maxErrors: PROBLEMS_MAX }).map(problemOf);
    if (first) return { ok: false, code: 'GRAPHQL_VALIDATION_FAILED', problems: [first, ...others] };
    const measure = measureOperation(schema, document, operation, {});
    try {
      assertWithinLimits(measure, limits);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return refused(error.code, error.message, operation);
    }
    return { ok: true, name, kind: operation.operation, cost: measure.cost };
  };
}

function refused(code: AppError['code'], message: string, at: OperationDefinitionNode | undefined): Inspection {
  const place = at?.loc?.startToken;
  return { ok: false, code, problems: [{ message, line: place?.line ?? null, column: place?.column ?? null }] };
}

function problemOf({ message, locations }: GraphQLError): Problem {
  return { message, line: locations?.[0]?.line ?? null, column: locations?.[0]?.column ?? null };
}
