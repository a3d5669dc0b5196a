/** Articles and the search in them. The ranking is the search's; nothing is ranked here. */
import { requireViewer } from '../desk/access.ts';
import type { KnowledgeHit as Hit } from '../knowledge/knowledge.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { given, line, wholeNumber } from './input.ts';

const HITS_DEFAULT = 5;
const HITS_MAX = 20;

builder.prismaObject('KnowledgeArticle', {
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

const KnowledgeHit = builder.objectRef<Hit>('KnowledgeHit').implement({
  description: 'A passage of an article that fits a search.',
  fields: (t) => ({
    articleId: t.exposeID('articleId', { description: 'The article; `node` finds the whole of it.' }),
    slug: t.exposeString('slug', { description: 'The name of the article in addresses.' }),
    title: t.exposeString('title', { description: 'The title of the article.' }),
    category: t.exposeString('category', { description: 'What the article is about.' }),
    section: t.exposeString('section', { description: 'The heading the passage stands under; empty for the opening of an article.' }),
    text: t.exposeString('text', { description: 'The passage as Markdown.' }),
    score: t.exposeFloat('score', { description: 'How well it fits, 0 to 1; to be compared within one answer only.' }),
  }),
});

builder.queryField('knowledge', (t) =>
  t.field({
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
