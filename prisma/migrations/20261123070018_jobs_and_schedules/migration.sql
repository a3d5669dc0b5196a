-- AlterTable
ALTER TABLE "Run" ADD COLUMN     "notBefore" TIMESTAMPTZ(3),
ADD COLUMN     "priority" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "progress" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "retriesLeft" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "scheduleId" TEXT;

-- CreateTable
CREATE TABLE "Schedule" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "cron" TEXT NOT NULL,
    "timeZone" TEXT NOT NULL,
    "workflow" TEXT NOT NULL,
    "input" JSONB NOT NULL,
    "customerId" TEXT,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "lastRunAt" TIMESTAMPTZ(3),
    "nextRunAt" TIMESTAMPTZ(3),
    "createdById" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Schedule_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Schedule_createdAt_id_idx" ON "Schedule"("createdAt" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "Schedule_nextRunAt_idx" ON "Schedule"("nextRunAt");

-- CreateIndex
CREATE INDEX "Schedule_customerId_idx" ON "Schedule"("customerId");

-- AddForeignKey
ALTER TABLE "Run" ADD CONSTRAINT "Run_scheduleId_fkey" FOREIGN KEY ("scheduleId") REFERENCES "Schedule"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Schedule" ADD CONSTRAINT "Schedule_customerId_fkey" FOREIGN KEY ("customerId") REFERENCES "Customer"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- What has succeeded is done.
UPDATE "Run" SET "progress" = 100 WHERE "status" = 'succeeded';

-- Written by hand: what the schema file cannot say.
ALTER TABLE "Run" ADD CONSTRAINT "Run_job_check" CHECK ("priority" BETWEEN -1000 AND 1000 AND "retriesLeft" BETWEEN 0 AND 9 AND "progress" BETWEEN 0 AND 100);
-- One unfinished run of a schedule at most, whoever starts it.
CREATE UNIQUE INDEX "Run_open_schedule_key" ON "Run" ("scheduleId") WHERE "scheduleId" IS NOT NULL AND "status" IN ('queued', 'running', 'waiting');
CREATE INDEX "Run_scheduleId_idx" ON "Run" ("scheduleId") WHERE "scheduleId" IS NOT NULL;
-- Results that retention has still to take.
CREATE INDEX "Run_result_idx" ON "Run" ("finishedAt") WHERE "result" IS NOT NULL;
