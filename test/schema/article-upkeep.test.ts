/** Articles, their ratings, reports and suggestions through GraphQL, on the real desk and the real articles. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { seedArticles } from '../../src/knowledge/articles.ts';
import type { Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';
import { ask, refusalOf } from './ask.ts';

const ARTICLES = fileURLToPath(new URL('../../prisma/knowledge', import.meta.url));
const RATE = 'mutation($input: RateArticleInput!) { rateArticle(input: $input) { article { id helpful notHelpful } } }';
const REFRESH = 'mutation { refreshKnowledge(input: { note: "After the release" }) { round { at articles reports questions suggestions } } }';
const SUGGESTIONS = `query($kind: SuggestionKind, $status: SuggestionStatus, $after: String) { articleSuggestions(first: 2, after: $after, kind: $kind, status: $status) {
  pageInfo { hasNextPage endCursor } edges { node { id kind status title reason priority questions draft createdAt article { slug report { score } } } } } }`;

interface Suggestions {
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  readonly edges: readonly { readonly node: { readonly id: string; readonly priority: number; readonly status: string } }[];
}

let house: House;
let viewer: Viewer;
let articleId: string;

beforeAll(async () => {
  house = await openHouse({ llm: createFixedLlm(['Hello.']), started: false });
  ({ viewer } = await house.addCustomer());
  // A year on, so that every article wants a review.
  await seedArticles(house.database, ARTICLES, new Date());
  await house.database.knowledgeArticle.updateMany({ where: { category: 'billing' }, data: { reviewedAt: new Date('2025-01-01') } });
  articleId = (await house.database.knowledgeArticle.findUniqueOrThrow({ where: { slug: 'refunds-and-guarantee' } })).id;
});
afterAll(() => house?.close());

const suggestions = async (variables = {}) => (await ask(house, STAFF, SUGGESTIONS, variables))['articleSuggestions'] as Suggestions;

describe('articles', () => {
  it('are listed page by page and found one by one', async () => {
    const list =
      'query($after: String) { articles(category: "billing", first: 3, after: $after) { pageInfo { hasNextPage endCursor } edges { node { id category } } } }';
    const first = (await ask(house, viewer, list))['articles'] as { pageInfo: { endCursor: string }; edges: { node: { id: string; category: string } }[] };
    const second = (await ask(house, viewer, list, { after: first.pageInfo.endCursor }))['articles'] as typeof first;
    const nodes = [...first.edges, ...second.edges].map(({ node }) => node);
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(6);
    expect(nodes.every(({ category }) => category === 'billing')).toBe(true);
    expect(await ask(house, viewer, 'query($id: ID!) { article(id: $id) { slug report { score } } }', { id: articleId })).toEqual({
      article: { slug: 'refunds-and-guarantee', report: null },
    });
    expect(await refusalOf(house, viewer, 'query($id: ID!) { article(id: $id) { slug } }', { id: newId('art') })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusalOf(house, viewer, '{ article(id: "refund") { slug } }')).toEqual({ code: 'BAD_INPUT', field: 'id' });
  });

  it('answer a question with citations, or with nothing', async () => {
    const answer = 'query($search: String!) { knowledgeAnswer(search: $search) { text confidence sources { slug title similarity } } }';
    const data = (await ask(house, viewer, answer, { search: 'how do I get my money back' }))['knowledgeAnswer'] as {
      text: string;
      confidence: number;
      sources: { slug: string; title: string }[];
    };
    expect(data.sources[0]?.slug).toBe('refunds-and-guarantee');
    for (const [index, { title }] of data.sources.entries()) expect(data.text).toContain(`[${index + 1}] ${title}`);
    expect(data.confidence).toBeGreaterThan(0.5);
    expect(await ask(house, viewer, answer, { search: 'zxqj vbnm' })).toEqual({ knowledgeAnswer: { text: '', confidence: 0, sources: [] } });
    expect(await refusalOf(house, viewer, answer, { search: ' ' })).toEqual({ code: 'BAD_INPUT', field: 'search' });
  });

  it('take one voice of each reader', async () => {
    const input = { articleId, helpful: true };
    for (let time = 0; time < 3; time += 1) {
      expect(await ask(house, viewer, RATE, { input })).toEqual({ rateArticle: { article: { id: articleId, helpful: 1, notHelpful: 0 } } });
    }
    expect(await ask(house, viewer, RATE, { input: { ...input, helpful: false } })).toEqual({
      rateArticle: { article: { id: articleId, helpful: 0, notHelpful: 1 } },
    });
    expect(await refusalOf(house, null, RATE, { input })).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await refusalOf(house, viewer, RATE, { input: { ...input, articleId: 'cus_1' } })).toEqual({ code: 'BAD_INPUT', field: 'input.articleId' });
    expect(await refusalOf(house, viewer, RATE, { input: { ...input, conversationId: newId('conv') } })).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('the upkeep of articles', () => {
  it('is the staff’s alone', async () => {
    for (const source of [
      REFRESH,
      '{ articleSuggestions { edges { cursor } } }',
      '{ articleReports { edges { cursor } } }',
      `mutation { acceptArticleSuggestion(input: { suggestionId: "${newId('sugg')}" }) { suggestion { id } } }`,
      `mutation { dismissArticleSuggestion(input: { suggestionId: "${newId('sugg')}" }) { suggestion { id } } }`,
    ])
      expect(await refusalOf(house, viewer, source)).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('makes a round on request and shows what it found, the most pressing first', async () => {
    const { refreshKnowledge } = await ask(house, STAFF, REFRESH);
    const articles = await house.database.knowledgeArticle.count();
    expect(refreshKnowledge).toMatchObject({ round: { articles, reports: articles } });
    const first = await suggestions({ kind: 'OUTDATED' });
    const second = await suggestions({ kind: 'OUTDATED', after: first.pageInfo.endCursor });
    const nodes = [...first.edges, ...second.edges].map(({ node }) => node);
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(4);
    expect(nodes.map(({ priority }) => priority)).toEqual(nodes.map(({ priority }) => priority).toSorted((a, b) => b - a));
    expect(nodes[0]).toMatchObject({
      kind: 'OUTDATED',
      status: 'OPEN',
      reason: expect.stringMatching(/days ago/),
      article: { report: { score: expect.any(Number) } },
    });
    expect((await suggestions({ kind: 'GAP' })).edges).toEqual([]);
  });

  it('lets the staff read the reports of an article, and nobody else', async () => {
    const source = 'query($id: ID) { articleReports(articleId: $id, first: 1) { edges { node { id score parts problems article { slug } } } } }';
    const data = (await ask(house, STAFF, source, { id: articleId }))['articleReports'] as { edges: { node: { id: string; score: number } }[] };
    const report = data.edges[0]?.node;
    expect(report).toMatchObject({ article: { slug: 'refunds-and-guarantee' }, parts: { completeness: expect.any(Number) }, problems: expect.any(Array) });
    const byId = 'query($id: ID!) { node(id: $id) { id } }';
    expect(await ask(house, STAFF, byId, { id: report?.id })).toEqual({ node: { id: report?.id } });
    expect(await refusalOf(house, viewer, byId, { id: report?.id })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await ask(house, viewer, 'query($id: ID!) { article(id: $id) { report { score } } }', { id: articleId })).toEqual({ article: { report: null } });
    expect(await ask(house, STAFF, '{ articleReports(scoreBelow: 1) { edges { cursor } } }')).toEqual({ articleReports: { edges: [] } });
    expect(await refusalOf(house, STAFF, '{ articleReports(scoreBelow: 0) { edges { cursor } } }')).toEqual({ code: 'BAD_INPUT', field: 'scoreBelow' });
  });

  it('keeps what was decided', async () => {
    const [one] = (await suggestions({ kind: 'OUTDATED' })).edges;
    const suggestionId = one?.node.id;
    const decide = (verb: string) =>
      `mutation($input: ${verb[0]?.toUpperCase()}${verb.slice(1)}Input!) { ${verb}(input: $input) { suggestion { id status } } }`;
    const input = { suggestionId, note: 'On the list.' };
    for (let time = 0; time < 2; time += 1) {
      expect(await ask(house, STAFF, decide('acceptArticleSuggestion'), { input })).toEqual({
        acceptArticleSuggestion: { suggestion: { id: suggestionId, status: 'ACCEPTED' } },
      });
    }
    expect(await refusalOf(house, STAFF, decide('dismissArticleSuggestion'), { input })).toMatchObject({ code: 'CONFLICT' });
    await ask(house, STAFF, REFRESH);
    const accepted = await suggestions({ status: 'ACCEPTED' });
    expect(accepted.edges.map(({ node }) => node.id)).toEqual([suggestionId]);
  });
});
