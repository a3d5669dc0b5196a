/** Every answer that uses an article cites it: over the real articles and all labelled questions, with the offline model. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createKnowledge } from '../../src/knowledge/article-search.ts';
import { seedArticles } from '../../src/knowledge/articles.ts';
import { findUncited } from '../../src/llm/citations.ts';
import type { LlmRequest, Passage } from '../../src/llm/llm.ts';
import { createOfflineLlm } from '../../src/llm/offline-llm.ts';
import type { AnyTool } from '../../src/orchestration/tool.ts';
import { searchKnowledge } from '../../src/tools/search-knowledge.ts';
import { collect, requestOf } from '../contract/llm.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { FRESH_QUESTIONS } from './fresh-questions.ts';
import { QUESTIONS } from './questions.ts';

const ARTICLES = fileURLToPath(new URL('../../prisma/knowledge', import.meta.url));

let test: TestDatabase;
let tool: AnyTool;
const llm = createOfflineLlm({ tokensPerS: 0 });

beforeAll(async () => {
  test = await createTestDatabase();
  await seedArticles(test.database, ARTICLES, new Date('2026-10-01T08:00:00Z'));
  tool = searchKnowledge(createKnowledge({ database: test.database, clock: systemClock }));
});
afterAll(() => test?.close());

async function answer(text: string, fact: string | null): Promise<{ text: string; cited: readonly Passage[]; offered: readonly Passage[] }> {
  const input = tool.infer({ text, earlier: [] });
  const context = {
    customerId: newId('cus'),
    conversationId: null,
    runId: newId('run'),
    agentId: 'usage_agent',
    callId: newId('step'),
    said: text,
    earlier: [],
    now: new Date(),
  };
  const outcome = await tool.call(input ?? {}, {}, context, AbortSignal.timeout(10_000));
  const results = [
    ...(fact === null ? [] : [{ callId: 'a', name: 'find_plan', summary: fact, failed: false }]),
    { callId: 'b', name: 'search_knowledge', failed: false, ...outcome },
  ];
  const request: LlmRequest = requestOf({
    messages: [
      { role: 'user', text },
      { role: 'assistant', text: '', toolCalls: results.map(({ callId, name }) => ({ callId, name, input: {} })) },
      { role: 'tool', results },
    ],
    maxTokens: 2_000,
  });
  const { text: said, events } = await collect(llm.stream(request, AbortSignal.timeout(10_000)));
  return { text: said, cited: events.flatMap((event) => (event.type === 'citation' ? [event.passage] : [])), offered: outcome.passages ?? [] };
}

describe('answers of the offline model', () => {
  it.each([
    ['alone', null],
    ['beside a fact of the account', 'You are on the Premium plan with 30 seats.'],
  ])('cite every article they quote, %s', async (_, fact) => {
    let quoting = 0;
    for (const [question] of [...QUESTIONS, ...FRESH_QUESTIONS]) {
      const { text, cited, offered } = await answer(question, fact);
      const numbers = [...text.matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number));
      // What is quoted is cited, what is cited was offered and is told as an event, and each stands among the sources.
      expect(findUncited(text, offered), question).toEqual([]);
      expect(new Set(numbers.map((number) => offered[number - 1])), question).toEqual(new Set(cited));
      for (const passage of cited) expect(text.slice(text.lastIndexOf('Sources:')), question).toContain(passage.title);
      if (cited.length > 0) quoting += 1;
    }
    expect(quoting).toBeGreaterThan(fact === null ? 300 : 150);
  });

  it('answer both halves of a message that asks two things', async () => {
    const { text, cited } = await answer('How do I export my tasks to CSV and where do I turn on two-factor?', null);
    expect(cited.length).toBeGreaterThanOrEqual(2);
    expect(text).toMatch(/CSV/);
    expect(text).toMatch(/two-factor/i);
  });
});
