/** Articles in a turn, with either model: what is looked up is noted, what is used is cited, what helped is counted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAgentWalk, type AgentWalk } from '../support/agent-walk.ts';

let walk: AgentWalk;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true, articles: true });
});
afterAll(() => walk?.close());

async function rowsOf(runId: string) {
  const { database } = walk;
  const message = await database.message.findFirstOrThrow({ where: { runId, role: 'agent' } });
  const uses = await database.articleUse.findMany({ where: { runId }, include: { article: { select: { slug: true } } } });
  const searches = await database.searchQuery.findMany({ where: { runId } });
  return {
    citations: (message.citations as { slug: string }[]).map(({ slug }) => slug),
    used: (kind: string) => uses.filter((use) => use.kind === kind).map(({ article }) => article.slug),
    searches,
  };
}

describe('articles in a turn', () => {
  it('are looked up, quoted and cited by the offline model', async () => {
    const text = 'How do I export the tasks of a project to CSV?';
    const { run, text: said, conversationId } = await walk.say({ agentId: 'feature_teacher', customerId: walk.demo, text });
    const { citations, used, searches } = await rowsOf(run.id);
    expect(said).toMatch(/\[\d\][\s\S]*Sources: \[\d\] /);
    expect(citations.length).toBeGreaterThan(0);
    expect(used('cited').toSorted()).toEqual([...new Set(citations)].toSorted());
    expect(used('retrieved')).toEqual(expect.arrayContaining(citations));
    expect(searches).toMatchObject([{ text, conversationId, customerId: walk.demo }]);
    expect(searches[0]?.topSimilarity).toBeGreaterThan(0.5);
  });

  it('are cited for a model that quotes and forgets to say so', async () => {
    const { passages } = await firstPassage('webhook signature does not match');
    const quoted = passages.text.split(/(?<=\.)\s/)[0] ?? '';
    const { run, text } = await walk.say({
      agentId: 'api_agent',
      customerId: walk.demo,
      text: 'The signature of my webhook never matches',
      script: [{ toolCalls: [{ name: 'search_knowledge', input: { query: 'webhook signature does not match' } }] }, { text: quoted }],
    });
    const { citations, searches } = await rowsOf(run.id);
    expect(text).toContain(`Sources: [1] ${passages.title}`);
    expect(citations).toEqual([passages.slug]);
    expect(searches).toMatchObject([{ text: 'webhook signature does not match', topArticleId: passages.articleId }]);
  });

  it('are rated in the conversation they were read in', async () => {
    const { conversationId, run } = await walk.say({ agentId: 'login_specialist', customerId: walk.demo, text: 'I forgot my password' });
    const { citations } = await rowsOf(run.id);
    const article = await walk.database.knowledgeArticle.findUniqueOrThrow({ where: { slug: citations[0] ?? '' } });
    const rated = await walk.desk.articles.rate({ kind: 'customer', customerId: walk.demo }, { articleId: article.id, helpful: true, conversationId });
    expect(rated.article.helpful).toBe(article.helpful + 1);
  });
});

async function firstPassage(query: string) {
  const tool = walk.tools.get('search_knowledge');
  const context = {
    customerId: walk.demo,
    conversationId: null,
    runId: 'run_none',
    agentId: 'api_agent',
    callId: 'none',
    said: query,
    earlier: [],
    now: new Date(),
  };
  const outcome = await tool?.call({ query }, walk.catalog.get('api_agent')?.tools['search_knowledge'] ?? {}, context, AbortSignal.timeout(10_000));
  const passages = outcome?.passages?.[0];
  if (!passages) throw new Error('nothing was found');
  return { passages };
}
