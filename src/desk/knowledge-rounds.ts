/** Makes the rounds over the articles: one soon after the start, then every hour. What a round does is knowledge-round.ts. */
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import { runKnowledgeRound, type KnowledgeRoundDeps } from './knowledge-round.ts';
import { startRounds, type Rounds } from './rounds.ts';

export interface KnowledgeRoundsDeps extends KnowledgeRoundDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds before the first round; starting is busy enough. */
  readonly firstMs?: number;
  /** Milliseconds between two rounds. */
  readonly everyMs?: number;
}

const FIRST_MS = 30_000;
const EVERY_MS = 60 * 60_000;

/** Begins at once and never throws; `close` ends the round under way, which then leaves nothing behind. */
export function startKnowledgeRounds({ database, clock, log, firstMs = FIRST_MS, everyMs = EVERY_MS }: KnowledgeRoundsDeps): Rounds {
  return startRounds({
    clock,
    log,
    firstMs,
    everyMs,
    failed: 'the round over the articles failed; the next one makes up for it',
    async round(signal) {
      // Of several processes the first one due makes the round for all.
      const round = await runKnowledgeRound({ database, clock }, { minAgeMs: everyMs / 2 }, signal);
      if (round) log.info({ articles: round.articles, questions: round.questions, suggestions: round.suggestions }, 'articles were looked over');
    },
  });
}
