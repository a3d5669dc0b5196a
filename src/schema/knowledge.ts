/** Articles, the search in them, and what readers say of them. The ranking is the search's; nothing is ranked here. */
import { requireViewer } from '../desk/access.ts';
import type { KnowledgeHit as Hit } from '../knowledge/knowledge.ts';
import { synthesize, type Synthesis } from '../knowledge/synthesize.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { found, given, idOf, line, wholeNumber } from './input.ts';
import { page } from './page.ts';
import { own, SIGNED_IN } from './rule.ts';
import { relations } from './selection.ts';

const HITS_DEFAULT = 5;
const HITS_MAX = 20;

export const KnowledgeArticle = builder.prismaObject('KnowledgeArticle', {
  authScopes: SIGNED_IN,
  description: 'An article of the knowledge base.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    slug: t.exposeString('slug', { description: 'Its name in addresses.' }),
    title: t.exposeString('title', { description: 'Its title.' }),
    category: t.exposeString('category', { description: 'What it is about.' }),
    tags: t.exposeStringList('tags', { description: 'Further words to find it by.' }),
    body: t.exposeString('body', { description: 'The whole article as Markdown.' }),
    helpful: t.exposeInt('helpful', { description: 'How many readers found it helpful.' }),
    notHelpful: t.exposeInt('notHelpful', { description: 'How many did not.' }),
    reviewedAt: t.expose('reviewedAt', { type: 'DateTime', description: 'When an editor last checked it.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
  }),
});

const KnowledgeArticleConnection = builder.connectionObject({ type: KnowledgeArticle, name: 'KnowledgeArticleConnection' }, { name: 'KnowledgeArticleEdge' });

const KnowledgeHit = builder.objectRef<Hit>('KnowledgeHit').implement({
  authScopes: SIGNED_IN,
  description: 'A passage of an article that fits a search.',
  fields: (t) => ({
    articleId: t.exposeID('articleId', { description: 'The article; `node` finds the whole of it.' }),
    slug: t.exposeString('slug', { description: 'The name of the article in addresses.' }),
    title: t.exposeString('title', { description: 'The title of the article.' }),
    category: t.exposeString('category', { description: 'What the article is about.' }),
    section: t.exposeString('section', { description: 'The heading the passage stands under; empty for the opening of an article.' }),
    text: t.exposeString('text', { description: 'The passage as Markdown.' }),
    similarity: t.exposeFloat('similarity', { description: 'Share of the question that the article covers, 0 to 1; below 0.5 it may not answer it.' }),
    score: t.exposeFloat('score', { description: 'How well it fits, 0 to 1; to be compared within one answer only.' }),
  }),
});

const KnowledgeAnswer = builder.objectRef<Synthesis>('KnowledgeAnswer').implement({
  authScopes: SIGNED_IN,
  description: 'An answer made of passages alone: every sentence is an article’s, and each passage is cited.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'Markdown; `[1]` is the first of `sources`. Empty when nothing was found.' }),
    confidence: t.exposeFloat('confidence', {
      description: 'How far it is to be trusted, 0 to 1: how much of the question is covered, at what length, by how many articles.',
    }),
    sources: t.field({ type: [KnowledgeHit], description: 'The passages, in the order of their numbers.', resolve: (answer) => [...answer.sources] }),
  }),
});

builder.queryFields((t) => ({
  article: t.prismaField({
    authScopes: SIGNED_IN,
    type: 'KnowledgeArticle',
    nullable: true,
    description: 'One article. NOT_FOUND when there is none with this id.',
    args: { id: t.arg.id({ required: true, description: 'The article.' }) },
    resolve: async (query, _root, { id }, { viewer, database }) => {
      requireViewer(viewer);
      return found('article', await database.knowledgeArticle.findFirst({ ...query, where: { id: idOf('id', 'art', id), active: true } }));
    },
  }),
  articles: t.connection(
    {
      authScopes: SIGNED_IN,
      type: KnowledgeArticle,
      nullable: true,
      description: 'The articles, the one that changed last first.',
      args: { category: t.arg.string({ description: 'Only articles about this.' }) },
      resolve: (_root, args, context, info) => {
        requireViewer(context.viewer);
        const category = given(args.category, (value) => line('category', value, 100));
        const chosen = { active: true, ...(category ? { category } : {}) };
        const query = relations(context, info, 'connection');
        return page(args, 'updatedAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.knowledgeArticle.findMany({ ...query, where: { AND: [chosen, where] }, orderBy, take }),
        );
      },
    },
    KnowledgeArticleConnection,
  ),
  knowledgeAnswer: t.field({
    authScopes: SIGNED_IN,
    type: KnowledgeAnswer,
    nullable: true,
    description: 'What the articles say to a question, as one cited answer. No model is asked.',
    args: { search: t.arg.string({ required: true, description: 'The question, in plain words; at most 1,000 characters.' }) },
    resolve: async (_root, args, { viewer, knowledge }) => {
      requireViewer(viewer);
      return synthesize(await knowledge.search(line('search', args.search.replaceAll(/\s+/g, ' '), 1_000), { first: HITS_DEFAULT }));
    },
  }),
}));

builder.queryField('knowledge', (t) =>
  t.field({
    authScopes: SIGNED_IN,
    type: [KnowledgeHit],
    nullable: true,
    description: 'Passages that fit a search, best first, at most one per article. Nothing fitting is an empty list.',
    args: {
      search: t.arg.string({ required: true, description: 'What to look for, in plain words; at most 1,000 characters.' }),
      first: t.arg.int({ description: `How many, 1 to ${HITS_MAX}; ${HITS_DEFAULT} when left out.` }),
      category: t.arg.string({ description: 'Only articles about this.' }),
    },
    resolve: (_root, args, { viewer, knowledge }) => {
      requireViewer(viewer);
      const search = line('search', args.search.replaceAll(/\s+/g, ' '), 1_000);
      const first = wholeNumber('first', args.first ?? HITS_DEFAULT, 1, HITS_MAX);
      const category = given(args.category, (value) => line('category', value, 100));
      return knowledge.search(search, { first, ...(category ? { category } : {}) });
    },
  }),
);

builder.relayMutationField(
  'rateArticle',
  {
    description: 'Which article, and whether it helped.',
    inputFields: (t) => ({
      articleId: t.id({ required: true, description: 'The article.' }),
      helpful: t.boolean({ required: true, description: 'Whether it helped.' }),
      conversationId: t.id({ description: 'The conversation in which it was read, if it was in one.' }),
    }),
  },
  {
    authScopes: own('write:conversations'),
    description: 'Says whether an article helped. One voice for each viewer and conversation; a later one replaces the earlier.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.articles.rate(requireViewer(viewer), {
        articleId: idOf('input.articleId', 'art', input.articleId),
        helpful: input.helpful,
        conversationId: given(input.conversationId, (id) => idOf('input.conversationId', 'conv', id)) ?? null,
      }),
  },
  {
    outputFields: (t) => ({
      article: t.field({ type: KnowledgeArticle, description: 'The article with its votes as they are now.', resolve: (payload) => payload.article }),
    }),
  },
);
