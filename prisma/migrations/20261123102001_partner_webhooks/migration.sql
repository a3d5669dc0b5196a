-- CreateEnum
CREATE TYPE "PartnerWebhookStatus" AS ENUM ('enabled', 'disabled');

-- CreateEnum
CREATE TYPE "PartnerDeliveryStatus" AS ENUM ('noted', 'pending', 'delivered', 'failed');

-- DropForeignKey
ALTER TABLE "OutboxMessage" DROP CONSTRAINT "OutboxMessage_customerId_fkey";

-- AlterTable
ALTER TABLE "OutboxMessage" ALTER COLUMN "customerId" DROP NOT NULL;

-- CreateTable
CREATE TABLE "PartnerWebhook" (
    "id" TEXT NOT NULL,
    "partnerId" TEXT,
    "url" TEXT NOT NULL,
    "description" TEXT,
    "eventTypes" TEXT[],
    "status" "PartnerWebhookStatus" NOT NULL DEFAULT 'enabled',
    "disabledReason" TEXT,
    "contactEmail" TEXT,
    "secret" TEXT NOT NULL,
    "oldSecret" TEXT,
    "oldSecretUntil" TIMESTAMPTZ(3),
    "failingSince" TIMESTAMPTZ(3),
    "createdBy" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "PartnerWebhook_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PartnerDelivery" (
    "id" TEXT NOT NULL,
    "webhookId" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "event" JSONB NOT NULL,
    "after" TEXT NOT NULL,
    "position" TEXT,
    "sequence" INTEGER,
    "lost" TEXT NOT NULL DEFAULT '',
    "customerId" TEXT,
    "conversationId" TEXT,
    "runId" TEXT,
    "body" TEXT,
    "status" "PartnerDeliveryStatus" NOT NULL DEFAULT 'noted',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "nextAttemptAt" TIMESTAMPTZ(3) NOT NULL,
    "leaseUntil" TIMESTAMPTZ(3),
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "deliveredAt" TIMESTAMPTZ(3),

    CONSTRAINT "PartnerDelivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PartnerDeliveryAttempt" (
    "id" TEXT NOT NULL,
    "deliveryId" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "ms" INTEGER NOT NULL,
    "responseStatus" INTEGER,
    "responseBody" TEXT,
    "error" TEXT,

    CONSTRAINT "PartnerDeliveryAttempt_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "PartnerWebhook_partnerId_createdAt_idx" ON "PartnerWebhook"("partnerId", "createdAt" DESC);

-- CreateIndex
CREATE INDEX "PartnerDelivery_webhookId_status_nextAttemptAt_idx" ON "PartnerDelivery"("webhookId", "status", "nextAttemptAt");

-- CreateIndex
CREATE INDEX "PartnerDelivery_webhookId_channel_id_idx" ON "PartnerDelivery"("webhookId", "channel", "id");

-- CreateIndex
CREATE INDEX "PartnerDelivery_webhookId_createdAt_idx" ON "PartnerDelivery"("webhookId", "createdAt" DESC);

-- CreateIndex
CREATE INDEX "PartnerDelivery_status_createdAt_idx" ON "PartnerDelivery"("status", "createdAt");

-- CreateIndex
CREATE INDEX "PartnerDelivery_customerId_idx" ON "PartnerDelivery"("customerId");

-- CreateIndex
CREATE UNIQUE INDEX "PartnerDelivery_webhookId_channel_position_lost_key" ON "PartnerDelivery"("webhookId", "channel", "position", "lost");

-- CreateIndex
CREATE INDEX "PartnerDeliveryAttempt_deliveryId_at_idx" ON "PartnerDeliveryAttempt"("deliveryId", "at" DESC);

-- AddForeignKey
ALTER TABLE "OutboxMessage" ADD CONSTRAINT "OutboxMessage_customerId_fkey" FOREIGN KEY ("customerId") REFERENCES "Customer"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PartnerWebhook" ADD CONSTRAINT "PartnerWebhook_partnerId_fkey" FOREIGN KEY ("partnerId") REFERENCES "Partner"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PartnerDelivery" ADD CONSTRAINT "PartnerDelivery_webhookId_fkey" FOREIGN KEY ("webhookId") REFERENCES "PartnerWebhook"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PartnerDelivery" ADD CONSTRAINT "PartnerDelivery_customerId_fkey" FOREIGN KEY ("customerId") REFERENCES "Customer"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PartnerDeliveryAttempt" ADD CONSTRAINT "PartnerDeliveryAttempt_deliveryId_fkey" FOREIGN KEY ("deliveryId") REFERENCES "PartnerDelivery"("id") ON DELETE CASCADE ON UPDATE CASCADE;
