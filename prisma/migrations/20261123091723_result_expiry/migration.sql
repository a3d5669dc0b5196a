-- AlterTable
ALTER TABLE "Run" ADD COLUMN     "resultExpiredAt" TIMESTAMPTZ(3);

-- By hand: only runs outside conversations lose their results, so replies need not be in the index that finds those.
DROP INDEX "Run_result_idx";
CREATE INDEX "Run_result_idx" ON "Run" ("finishedAt") WHERE "result" IS NOT NULL AND "conversationId" IS NULL;
