-- AlterTable
ALTER TABLE "Run" ADD COLUMN     "resultExpiredAt" TIMESTAMPTZ(3);

-- By hand: what a reply was made from stays with its conversation, so replies need not be in the index that finds old results.
DROP INDEX "Run_result_idx";
CREATE INDEX "Run_result_idx" ON "Run" ("finishedAt") WHERE "result" IS NOT NULL AND "workflow" <> 'reply';
