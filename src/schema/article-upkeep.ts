/** What keeps the articles good: reports of the quality check, what is suggested to the editors, and what they decide. Staff only. */
import { requireViewer } from '../desk/access.ts';
import type { KnowledgeRound } from '../desk/knowledge-round.ts';
import { QUALITY_PARTS } from '../knowledge/quality.ts';
import { SUGGESTIONS_MAX } from '../knowledge/suggestions.ts';
import type { SuggestionKind as SuggestionKindValue, SuggestionStatus as SuggestionStatusValue } from '../store/generated/prisma/client.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { given, idOf, text, wholeNumber } from './input.ts';
import './knowledge.ts';
import { page, pageOf } from './page.ts';
import { PART, staff } from './rule.ts';
import { upperCased } from './scalars.ts';
import { relations } from './selection.ts';

const NOTE_CHARS_MAX = 500;

const SuggestionKind = builder.enumType('SuggestionKind', {
  description: 'Why an article is suggested.',
  values: upperCased<SuggestionKindValue>({
    gap: 'Customers ask about it and no article answers.',
    outdated: 'An article wants mending: it is old, weak, not found helpful, or names what the product no longer has.',
    faq: 'Many ask it and the articles can answer: an entry with a draft.',
  }),
});

const SuggestionStatus = builder.enumType('SuggestionStatus', {
  description: 'Where a suggestion stands.',
  values: upperCased<SuggestionStatusValue>({
    open: 'Nobody decided yet. It leaves by itself when it holds no more.',
    accepted: 'It will be done.',
    dismissed: 'It will not be done; after 90 days it may be suggested again.',
  }),
});

const ArticleReport = builder.prismaObject('ArticleReport', {
  authScopes: staff('read:conversations'),
  description: 'What the quality check found in an article. A new one is made only when it says something new.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    score: t.exposeInt('score', { description: '0 to 100: the sum of the parts.' }),
    parts: t.expose('parts', {
      type: 'JSON',
      description: `Points by part, at most ${Object.entries(QUALITY_PARTS)
        .map(([part, points]) => `${part} ${points}`)
        .join(', ')}.`,
    }),
    problems: t.expose('problems', {
      type: 'JSON',
      description: 'A list of `{ part, sentence, line }`: what cost points, and where; `line` is null when it is about the whole.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When this was first found.' }),
    article: t.relation('article', { description: 'The article.' }),
  }),
});

const ArticleSuggestion = builder.prismaObject('ArticleSuggestion', {
  authScopes: staff('read:conversations'),
  description: 'An article to write, to mend, or to turn into an FAQ entry.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    kind: t.field({ type: SuggestionKind, description: 'Why it is suggested.', resolve: (suggestion) => suggestion.kind }),
    status: t.field({ type: SuggestionStatus, description: 'Where it stands.', resolve: (suggestion) => suggestion.status }),
    title: t.exposeString('title', { description: 'A title to begin with: the question as a customer put it, or the title of the article.' }),
    reason: t.exposeString('reason', { description: 'What speaks for it.' }),
    priority: t.exposeInt('priority', { description: '0 to 100.' }),
    questions: t.exposeStringList('questions', { description: 'Questions behind it, newest first; at most ten.' }),
    draft: t.exposeString('draft', { nullable: true, description: 'Markdown to begin with, made of cited passages. `null` when there is none.' }),
    article: t.relation('article', { nullable: true, description: 'The article to mend, or that answers best. `null` when there is none.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first suggested.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
  }),
});

const ArticleReportConnection = builder.connectionObject({ type: ArticleReport, name: 'ArticleReportConnection' }, { name: 'ArticleReportEdge' });
const ArticleSuggestionConnection = builder.connectionObject(
  { type: ArticleSuggestion, name: 'ArticleSuggestionConnection' },
  { name: 'ArticleSuggestionEdge' },
);

builder.prismaObjectField('KnowledgeArticle', 'report', (t) =>
  t.prismaField({
    type: ArticleReport,
    nullable: true,
    description: 'What the quality check found last. `null` before the first round, and for whoever is not staff.',
    resolve: (query, article, _args, { viewer, database }) =>
      viewer?.kind === 'staff'
        ? database.articleReport.findFirst({ ...query, where: { articleId: article.id }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] })
        : null,
  }),
);

builder.queryFields((t) => ({
  articleReports: t.connection(
    {
      authScopes: staff('read:conversations'),
      type: ArticleReport,
      nullable: true,
      description: 'Reports of the quality check, newest first. Staff only.',
      args: {
        articleId: t.arg.id({ description: 'Only those of this article.' }),
        scoreBelow: t.arg.int({ description: 'Only those that give less than this, 1 to 100.' }),
      },
      resolve: (_root, args, context, info) => {
        const articleId = given(args.articleId, (id) => idOf('articleId', 'art', id));
        const below = given(args.scoreBelow, (value) => wholeNumber('scoreBelow', value, 1, 100));
        const chosen = { ...(articleId ? { articleId } : {}), ...(below ? { score: { lt: below } } : {}) };
        const query = relations(context, info, 'connection');
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.articleReport.findMany({ ...query, where: { AND: [chosen, where] }, orderBy, take }),
        );
      },
    },
    ArticleReportConnection,
  ),
  articleSuggestions: t.connection(
    {
      authScopes: staff('read:conversations'),
      type: ArticleSuggestion,
      nullable: true,
      description: 'What the editors should do next, the most pressing first. Staff only.',
      args: {
        status: t.arg({ type: SuggestionStatus, description: 'Only those that stand there; OPEN when left out.' }),
        kind: t.arg({ type: SuggestionKind, description: 'Only those of this kind.' }),
      },
      resolve: async (_root, args, context, info) => {
        const rows = await context.database.articleSuggestion.findMany({
          ...relations(context, info, 'connection'),
          where: { status: args.status ?? 'open', ...(args.kind ? { kind: args.kind } : {}) },
          orderBy: [{ priority: 'desc' }, { createdAt: 'desc' }, { id: 'desc' }],
          take: SUGGESTIONS_MAX,
        });
        return pageOf(args, rows);
      },
    },
    ArticleSuggestionConnection,
  ),
}));

for (const [verb, decide, description] of [
  ['acceptArticleSuggestion', 'accept', 'Says that a suggestion will be done. Accepting an accepted one changes nothing. Staff only.'],
  ['dismissArticleSuggestion', 'dismiss', 'Says that a suggestion will not be done. Dismissing a dismissed one changes nothing. Staff only.'],
] as const) {
  builder.relayMutationField(
    verb,
    {
      description: 'Which suggestion, and why.',
      inputFields: (t) => ({
        suggestionId: t.id({ required: true, description: 'The suggestion.' }),
        note: t.string({ description: `Why, for the colleagues; at most ${NOTE_CHARS_MAX} characters.` }),
      }),
    },
    {
      authScopes: staff('write:conversations'),
      description,
      resolve: (_root, { input }, { viewer, desk }) =>
        desk.articles[decide](requireViewer(viewer), {
          suggestionId: idOf('input.suggestionId', 'sugg', input.suggestionId),
          note: given(input.note, (value) => text('input.note', value, NOTE_CHARS_MAX)) ?? null,
        }),
    },
    {
      outputFields: (t) => ({
        suggestion: t.field({ type: ArticleSuggestion, description: 'The suggestion as it is now.', resolve: (payload) => payload.suggestion }),
      }),
    },
  );
}

const Round = builder.objectRef<KnowledgeRound>('KnowledgeRound').implement({
  ...PART,
  description: 'What one round over the articles looked at and found.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    articles: t.exposeInt('articles', { description: 'Articles that were checked.' }),
    reports: t.exposeInt('reports', { description: 'Reports that say something new.' }),
    questions: t.exposeInt('questions', { description: 'Questions of the last month that were put together.' }),
    suggestions: t.exposeInt('suggestions', { description: 'Suggestions that hold now.' }),
  }),
});

builder.relayMutationField(
  'refreshKnowledge',
  {
    description: 'Why now, if that is worth a word.',
    inputFields: (t) => ({ note: t.string({ description: `Why, for the colleagues; at most ${NOTE_CHARS_MAX} characters.` }) }),
  },
  {
    authScopes: staff('write:conversations'),
    description: 'Looks over all articles and questions now instead of within the hour. CONFLICT, retryable, while a round is under way. Staff only.',
    resolve: async (_root, { input }, { viewer, desk, signal }) => {
      const note = given(input.note, (value) => text('input.note', value, NOTE_CHARS_MAX)) ?? null;
      return { round: await desk.articles.refresh(requireViewer(viewer), { note }, signal ?? new AbortController().signal) };
    },
  },
  { outputFields: (t) => ({ round: t.field({ type: Round, description: 'What it found.', resolve: (payload) => payload.round }) }) },
);
