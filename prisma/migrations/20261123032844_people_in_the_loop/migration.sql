-- CreateEnum
CREATE TYPE "EscalationStatus" AS ENUM ('waiting', 'claimed', 'resolved');

-- CreateEnum
CREATE TYPE "Priority" AS ENUM ('low', 'medium', 'high', 'critical');

-- AlterTable
ALTER TABLE "Run" ADD COLUMN     "decision" TEXT,
ADD COLUMN     "decisionRules" TEXT[];

-- CreateTable
CREATE TABLE "Escalation" (
    "id" TEXT NOT NULL,
    "conversationId" TEXT NOT NULL,
    "customerId" TEXT NOT NULL,
    "status" "EscalationStatus" NOT NULL DEFAULT 'waiting',
    "priority" "Priority" NOT NULL,
    "team" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "rules" TEXT[],
    "snapshot" JSONB NOT NULL,
    "raisedByKind" "ActorKind" NOT NULL,
    "raisedById" TEXT NOT NULL,
    "firstReplyDueAt" TIMESTAMPTZ(3) NOT NULL,
    "resolutionDueAt" TIMESTAMPTZ(3),
    "warnedAt" TIMESTAMPTZ(3),
    "breachedAt" TIMESTAMPTZ(3),
    "firstReplyAt" TIMESTAMPTZ(3),
    "lastReplyAt" TIMESTAMPTZ(3),
    "claimedById" TEXT,
    "claimedAt" TIMESTAMPTZ(3),
    "requeues" INTEGER NOT NULL DEFAULT 0,
    "summary" TEXT,
    "resolvedById" TEXT,
    "resolvedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Escalation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "HandOver" (
    "id" TEXT NOT NULL,
    "runId" TEXT NOT NULL,
    "conversationId" TEXT,
    "fromAgentId" TEXT NOT NULL,
    "toAgentId" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "hop" INTEGER NOT NULL,
    "snapshot" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "HandOver_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Budget" (
    "scope" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "reserved" DECIMAL(14,6) NOT NULL DEFAULT 0,
    "spent" DECIMAL(14,6) NOT NULL DEFAULT 0,
    "tokens" INTEGER NOT NULL DEFAULT 0,
    "warnedAt" TIMESTAMPTZ(3),
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Budget_pkey" PRIMARY KEY ("scope","key")
);

-- CreateTable
CREATE TABLE "Erasure" (
    "id" TEXT NOT NULL,
    "customerId" TEXT NOT NULL,
    "requestedById" TEXT NOT NULL,
    "counts" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Erasure_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Escalation_createdAt_id_idx" ON "Escalation"("createdAt" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "Escalation_status_firstReplyDueAt_idx" ON "Escalation"("status", "firstReplyDueAt");

-- CreateIndex
CREATE INDEX "Escalation_conversationId_createdAt_idx" ON "Escalation"("conversationId", "createdAt" DESC);

-- CreateIndex
CREATE INDEX "Escalation_customerId_createdAt_idx" ON "Escalation"("customerId", "createdAt" DESC);

-- CreateIndex
CREATE INDEX "HandOver_conversationId_createdAt_idx" ON "HandOver"("conversationId", "createdAt" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "HandOver_runId_hop_key" ON "HandOver"("runId", "hop");

-- CreateIndex
CREATE INDEX "Erasure_customerId_idx" ON "Erasure"("customerId");

-- AddForeignKey
ALTER TABLE "Escalation" ADD CONSTRAINT "Escalation_conversationId_fkey" FOREIGN KEY ("conversationId") REFERENCES "Conversation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Escalation" ADD CONSTRAINT "Escalation_customerId_fkey" FOREIGN KEY ("customerId") REFERENCES "Customer"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Escalation" ADD CONSTRAINT "Escalation_claimedById_fkey" FOREIGN KEY ("claimedById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "HandOver" ADD CONSTRAINT "HandOver_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Written by hand: what the schema file cannot say.
CREATE UNIQUE INDEX "Escalation_open_key" ON "Escalation" ("conversationId") WHERE "status" IN ('waiting', 'claimed');
ALTER TABLE "Escalation" ADD CONSTRAINT "Escalation_claim_check" CHECK (("status" <> 'claimed') OR ("claimedById" IS NOT NULL AND "claimedAt" IS NOT NULL));
ALTER TABLE "Budget" ADD CONSTRAINT "Budget_amounts_check" CHECK ("reserved" >= 0 AND "spent" >= 0 AND "tokens" >= 0);
