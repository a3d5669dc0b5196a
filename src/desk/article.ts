/**
 * What people say and decide about articles: whether one helped, and what becomes of a suggestion. The articles themselves are files;
 * nothing here changes a word of them.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { idOfText } from '../knowledge/derived-id.ts';
import type { Database } from '../store/database.ts';
import type { ArticleSuggestion, KnowledgeArticle } from '../store/generated/prisma/client.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { conversationsVisibleTo, requireStaff } from './access.ts';
import { auditEntry } from './audit.ts';
import { runKnowledgeRound, type KnowledgeRound } from './knowledge-round.ts';

export interface ArticleDesk {
  /** One voice for each viewer and conversation; a later one replaces the earlier. */
  rate(
    viewer: Viewer,
    input: { readonly articleId: string; readonly helpful: boolean; readonly conversationId?: string | null },
  ): Promise<{ article: KnowledgeArticle }>;
  /** Staff. @throws AppError CONFLICT when it was dismissed already. */
  accept(viewer: Viewer, input: DecideSuggestion): Promise<{ suggestion: ArticleSuggestion }>;
  /** Staff. @throws AppError CONFLICT when it was accepted already. */
  dismiss(viewer: Viewer, input: DecideSuggestion): Promise<{ suggestion: ArticleSuggestion }>;
  /** Staff. Looks over all articles and questions now. @throws AppError CONFLICT, retryable, while another round is under way. */
  refresh(viewer: Viewer, input: { readonly note?: string | null }, signal: AbortSignal): Promise<KnowledgeRound>;
}

interface DecideSuggestion {
  readonly suggestionId: string;
  readonly note?: string | null;
}

export interface ArticleDeskDeps {
  readonly database: Database;
  readonly clock: Clock;
}

const NOTE_CHARS_MAX = 500;

export function createArticleDesk({ database, clock }: ArticleDeskDeps): ArticleDesk {
  async function decide(
    viewer: Viewer,
    { suggestionId, note }: DecideSuggestion,
    status: 'accepted' | 'dismissed',
  ): Promise<{ suggestion: ArticleSuggestion }> {
    requireStaff(viewer, 'write:conversations');
    checkNote(note);
    return database.$transaction(async (tx) => {
      // One conditional statement: of two people who decide at once, one decides.
      const { count } = await tx.articleSuggestion.updateMany({ where: { id: suggestionId, status: 'open' }, data: { status } });
      const suggestion = await tx.articleSuggestion.findUnique({ where: { id: suggestionId } });
      if (!suggestion) throw notFound('suggestion');
      if (suggestion.status !== status) throw new AppError('CONFLICT', `This suggestion was ${suggestion.status} already.`);
      if (count > 0)
        await tx.auditEntry.create({
          data: auditEntry(viewer, `suggestion.${status}`, 'article_suggestion', suggestionId, { note: note ?? null }, clock.now()),
        });
      return { suggestion };
    });
  }

  return Object.freeze<ArticleDesk>({
    async rate(viewer, { articleId, helpful, conversationId }) {
      const now = clock.now();
      const seen = await database.knowledgeArticle.findFirst({ where: { id: articleId, active: true }, select: { id: true } });
      if (!seen) throw notFound('article');
      if (
        conversationId &&
        !(await database.conversation.findFirst({ where: { id: conversationId, AND: [conversationsVisibleTo(viewer)] }, select: { id: true } }))
      )
        throw notFound('conversation');
      // The id follows from who says it, of what and where: one voice each, however often and however many times at once it is raised.
      const voteId = idOfText('use', `vote:${viewerKey(viewer)}:${articleId}:${conversationId ?? ''}`);
      const kind = helpful ? 'helpful' : 'not_helpful';
      return database.$transaction(async (tx) => {
        const [vote] = await tx.$queryRaw<{ created: boolean }[]>`
          INSERT INTO "ArticleUse" AS old ("id", "articleId", "conversationId", "kind", "createdAt")
          VALUES (${voteId}, ${articleId}, ${conversationId ?? null}, ${kind}::"ArticleUseKind", ${now})
          ON CONFLICT ("id") DO UPDATE SET "kind" = excluded."kind", "createdAt" = excluded."createdAt" WHERE old."kind" <> excluded."kind"
          RETURNING (xmax = 0) AS created`;
        if (vote) {
          const changed = vote.created ? 0 : 1;
          // By hand, since a vote is no change of the article: `updatedAt` stays.
          await tx.$executeRaw`
            UPDATE "KnowledgeArticle"
               SET "helpful" = "helpful" + ${helpful ? 1 : -changed}::int, "notHelpful" = "notHelpful" + ${helpful ? -changed : 1}::int
             WHERE "id" = ${articleId}`;
          await tx.auditEntry.create({ data: auditEntry(viewer, 'article.rate', 'article', articleId, { fields: [kind] }, now) });
        }
        return { article: await tx.knowledgeArticle.findUniqueOrThrow({ where: { id: articleId } }) };
      });
    },

    accept: (viewer, input) => decide(viewer, input, 'accepted'),
    dismiss: (viewer, input) => decide(viewer, input, 'dismissed'),

    async refresh(viewer, { note }, signal) {
      const { userId } = requireStaff(viewer, 'write:conversations');
      checkNote(note);
      const round = await runKnowledgeRound({ database, clock }, { minAgeMs: 0 }, signal);
      if (!round) throw new AppError('CONFLICT', 'A round over the articles is under way; ask again in a minute.', { retryable: true });
      await database.auditEntry.create({
        data: auditEntry(
          viewer,
          'knowledge.refresh',
          'user',
          userId,
          { note: note ?? null, articles: round.articles, suggestions: round.suggestions },
          clock.now(),
        ),
      });
      return round;
    },
  });
}

function checkNote(note: string | null | undefined): void {
  if (note && note.length > NOTE_CHARS_MAX) throw badInput('input.note', `must have at most ${NOTE_CHARS_MAX} characters.`);
}
