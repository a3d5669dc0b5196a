/** The contract of article search. A hit is a passage (a section of an article), not a whole article. Implemented in article-search.ts. */
export interface KnowledgeHit {
  readonly articleId: string;
  readonly slug: string;
  readonly title: string;
  readonly category: string;
  /** The heading the passage stands under; empty for an article's opening. */
  readonly section: string;
  /** Markdown, at most 1,200 characters. */
  readonly text: string;
  /** Share of the question's weight that the article covers, 0 to 1; comparable between questions. */
  readonly similarity: number;
  /** 0 to 1 over similarity, quality, recency and helpfulness (rank.ts); comparable within one answer only. */
  readonly score: number;
}

export interface SearchOptions {
  /** 1 to 20. */
  readonly first: number;
  /** Only articles of this category. */
  readonly category?: string;
}

export interface Knowledge {
  /** Best first, at most one passage per article. Nothing fitting is an empty list, never an error. */
  search(query: string, options: SearchOptions): Promise<readonly KnowledgeHit[]>;
  /** Notes that articles were shown to or quoted in a conversation. */
  recordUse(
    articleIds: readonly string[],
    kind: 'retrieved' | 'cited',
    where: { readonly conversationId: string | null; readonly runId: string },
  ): Promise<void>;
  /** Notes what a turn looked up and how well it was matched: gaps and FAQ are made from this. The same question of one run is noted once. */
  recordSearch(
    query: string,
    hits: readonly KnowledgeHit[],
    where: { readonly customerId: string; readonly conversationId: string | null; readonly runId: string },
  ): Promise<void>;
}
