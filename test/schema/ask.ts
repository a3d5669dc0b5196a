/** Operations against the real schema over a real house, without a gateway: the context is made here, errors arrive as they were thrown. */
import { execute, GraphQLError, parse, subscribe, validate, type ExecutionResult } from 'graphql';
import type { Router } from '../../src/catalog/router.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { AppError } from '../../src/foundation/errors.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createKnowledge } from '../../src/knowledge/article-search.ts';
import type { Context } from '../../src/schema/builder.ts';
import { schema } from '../../src/schema/schema.ts';
import type { Viewer } from '../../src/store/viewer.ts';
import type { House } from '../support/house.ts';

export const MESSAGE_CHARS_MAX = 1_000;

type Variables = Readonly<Record<string, unknown>>;

/** The router of the house: what it was asked stands in the reason. */
const router: Router = {
  async route({ text, earlier, lastAgentId, enabled }) {
    const agentId = text.includes('second') || !enabled('first_agent') ? 'second_agent' : 'first_agent';
    const candidates = [
      { agentId, confidence: 0.75 },
      { agentId: agentId === 'first_agent' ? 'second_agent' : 'first_agent', confidence: 0.25 },
    ];
    return { agentId, confidence: 0.75, candidates, reason: `${earlier.join('|')} after ${lastAgentId ?? 'nobody'}`, by: 'local_index' };
  },
};

export function contextOf(house: House, viewer: Viewer | null, signal?: AbortSignal): Context {
  const { database, accounts, desk, runs, catalog } = house;
  return {
    viewer,
    requestId: 'req_test',
    ...(signal ? { signal } : {}),
    database,
    accounts,
    desk,
    runs,
    catalog,
    workflows: house.workflows,
    router,
    knowledge: createKnowledge({ database, clock: systemClock }),
    log: createLogger({ level: 'silent', pretty: false }),
    messageCharsMax: MESSAGE_CHARS_MAX,
  };
}

/** The whole answer, errors included. */
export async function answer(context: Context, source: string, variables: Variables = {}): Promise<ExecutionResult> {
  const document = parse(source);
  const complaints = validate(schema, document);
  if (complaints.length > 0) throw new AggregateError(complaints, complaints.map(({ message }) => message).join('\n'));
  return execute({ schema, document, contextValue: context, variableValues: variables });
}

/** The data of an operation that must succeed. Loose on purpose: what it holds is what the test asserts. */
export async function ask(house: House, viewer: Viewer | null, source: string, variables: Variables = {}) {
  const { data, errors } = await answer(contextOf(house, viewer), source, variables);
  const [first] = errors ?? [];
  if (first) throw first.originalError ?? first;
  // Through JSON, as a client gets it.
  return JSON.parse(JSON.stringify(data)) as Record<string, unknown>;
}

/** The refusal of an operation that must be refused: its code and the field it names. */
export async function refusalOf(
  house: House,
  viewer: Viewer | null,
  source: string,
  variables: Variables = {},
): Promise<{ code: string; field: string | undefined }> {
  const { errors = [] } = await answer(contextOf(house, viewer), source, variables);
  const [first] = errors;
  const cause = first?.originalError;
  if (!(cause instanceof AppError)) throw new Error(`expected a refusal, got ${first ? (first.stack ?? first.message) : 'none'}`);
  return { code: cause.code, field: cause.field };
}

export type Answers = AsyncIterableIterator<ExecutionResult>;

/** A running subscription, or the refusal it was answered with. */
export async function open(context: Context, source: string, variables: Variables = {}): Promise<Answers> {
  const document = parse(source);
  const complaints = validate(schema, document);
  if (complaints.length > 0) throw new AggregateError(complaints, complaints.map(({ message }) => message).join('\n'));
  const result = await subscribe({ schema, document, contextValue: context, variableValues: variables });
  if (Symbol.asyncIterator in result) return result as Answers;
  const [first] = result.errors ?? [];
  throw first instanceof GraphQLError ? (first.originalError ?? first) : new Error('no stream and no error');
}
