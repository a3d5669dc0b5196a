-- CreateEnum
CREATE TYPE "ApprovalStatus" AS ENUM ('pending', 'approved', 'rejected', 'expired');

-- CreateEnum
CREATE TYPE "Risk" AS ENUM ('low', 'medium', 'high', 'critical');

-- CreateEnum
CREATE TYPE "ApprovalLevel" AS ENUM ('agent', 'lead', 'manager', 'director', 'vp', 'executive');

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "approvalLevel" "ApprovalLevel";

-- CreateTable
CREATE TABLE "Approval" (
    "id" TEXT NOT NULL,
    "runId" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "conversationId" TEXT,
    "customerId" TEXT,
    "agentId" TEXT NOT NULL,
    "tool" TEXT NOT NULL,
    "arguments" JSONB NOT NULL,
    "argumentsShown" JSONB NOT NULL,
    "argumentsHash" TEXT NOT NULL,
    "risk" "Risk" NOT NULL,
    "summary" TEXT NOT NULL,
    "requestedBy" TEXT NOT NULL,
    "neededLevel" "ApprovalLevel" NOT NULL,
    "peopleNeeded" INTEGER NOT NULL,
    "approvedCount" INTEGER NOT NULL DEFAULT 0,
    "status" "ApprovalStatus" NOT NULL DEFAULT 'pending',
    "closedReason" TEXT,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "warnedAt" TIMESTAMPTZ(3),
    "decidedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Approval_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ApprovalDecision" (
    "id" TEXT NOT NULL,
    "approvalId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "approve" BOOLEAN NOT NULL,
    "note" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ApprovalDecision_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Approval_createdAt_id_idx" ON "Approval"("createdAt" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "Approval_status_createdAt_idx" ON "Approval"("status", "createdAt" DESC);

-- CreateIndex
CREATE INDEX "Approval_conversationId_idx" ON "Approval"("conversationId");

-- CreateIndex
CREATE INDEX "Approval_customerId_createdAt_idx" ON "Approval"("customerId", "createdAt" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "Approval_runId_step_tool_argumentsHash_key" ON "Approval"("runId", "step", "tool", "argumentsHash");

-- CreateIndex
CREATE UNIQUE INDEX "ApprovalDecision_approvalId_userId_key" ON "ApprovalDecision"("approvalId", "userId");

-- AddForeignKey
ALTER TABLE "Approval" ADD CONSTRAINT "Approval_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Approval" ADD CONSTRAINT "Approval_conversationId_fkey" FOREIGN KEY ("conversationId") REFERENCES "Conversation"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Approval" ADD CONSTRAINT "Approval_customerId_fkey" FOREIGN KEY ("customerId") REFERENCES "Customer"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ApprovalDecision" ADD CONSTRAINT "ApprovalDecision_approvalId_fkey" FOREIGN KEY ("approvalId") REFERENCES "Approval"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ApprovalDecision" ADD CONSTRAINT "ApprovalDecision_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Written by hand: what the schema file cannot say.
ALTER TABLE "Approval" ADD CONSTRAINT "Approval_people_check" CHECK ("peopleNeeded" IN (1, 2) AND "approvedCount" BETWEEN 0 AND "peopleNeeded" AND ("status" <> 'approved' OR "approvedCount" = "peopleNeeded"));
ALTER TABLE "Approval" ADD CONSTRAINT "Approval_decided_check" CHECK (("status" = 'pending') = ("decidedAt" IS NULL));
