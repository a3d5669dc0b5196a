/** `search_knowledge`: passages of help articles that fit a question, within the categories an agent is granted. Ranks nothing itself: knowledge/ does. */
import { z } from 'zod';
import type { Knowledge } from '../knowledge/knowledge.ts';
import { synthesize } from '../knowledge/synthesize.ts';
import type { AnyTool, TurnText } from '../orchestration/tool.ts';
import { defineTool } from './define-tool.ts';
import { writeList } from './words.ts';

const QUERY_CHARS_MAX = 500;
/** Passages handed on: enough to answer from, few enough to read. */
const PASSAGES_MAX = 5;
/** Asked for when several categories are granted, since a search takes one category or all. */
const CANDIDATES_MAX = 20;
/** A message below this many words says too little by itself ("and on mobile?"). */
const SHORT_WORDS = 5;

const Input = z.strictObject({ query: z.string().trim().min(1).max(QUERY_CHARS_MAX).describe('What to look for, in the words of the question.') });
const Grant = z.strictObject({ categories: z.array(z.string().min(1)).min(1).optional().describe('Only articles of these categories.') });

export function searchKnowledge(knowledge: Knowledge): AnyTool {
  return defineTool<z.infer<typeof Input>, z.infer<typeof Grant>>({
    name: 'search_knowledge',
    description:
      'Searches the help articles and returns the passages that fit best, to be quoted and cited. Use it for how-to questions, error messages, settings, policies, and whenever you are not certain.',
    input: Input,
    grant: Grant,
    effect: 'read',
    infer: (turn) => {
      const query = inferQuery(turn);
      return query === '' ? null : { query };
    },
    async run({ query }, { categories }, { customerId, conversationId, runId }) {
      const [only] = categories ?? [];
      const hits = await knowledge.search(
        query,
        categories && categories.length > 1 ? { first: CANDIDATES_MAX } : { first: PASSAGES_MAX, ...(only === undefined ? {} : { category: only }) },
      );
      const fitting = hits.filter((hit) => categories === undefined || categories.includes(hit.category)).slice(0, PASSAGES_MAX);
      await Promise.all([
        knowledge.recordSearch(query, hits, { customerId, conversationId, runId }),
        knowledge.recordUse([...new Set(fitting.map((hit) => hit.articleId))], 'retrieved', { conversationId, runId }),
      ]);
      if (fitting.length === 0) return { summary: 'I found no help article on this.', facts: { articles: [] }, passages: [] };
      const titles = [...new Set(fitting.map((hit) => `"${hit.title}"`))];
      return {
        summary: titles.length === 1 ? `The help article ${titles.join('')} covers this.` : `The help articles ${writeList(titles)} cover this.`,
        facts: {
          confidence: synthesize(fitting).confidence,
          articles: fitting.map(({ slug, title, category, section, score }) => ({ slug, title, category, section, score })),
        },
        passages: fitting.map(({ articleId, slug, title, section, text }) => ({ articleId, slug, title, section, text })),
      };
    },
  });
}

/** The message; with the one before it in front when it is too short to stand alone. */
function inferQuery({ text, earlier }: TurnText): string {
  const said = text.replace(/\s+/g, ' ').trim();
  const before = earlier.at(-1)?.replace(/\s+/g, ' ').trim() ?? '';
  const query = said.split(' ').length < SHORT_WORDS && before !== '' ? `${before.slice(0, QUERY_CHARS_MAX - said.length - 1)} ${said}` : said;
  return query.slice(0, QUERY_CHARS_MAX).trim();
}
