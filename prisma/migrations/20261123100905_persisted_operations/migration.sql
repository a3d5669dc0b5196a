-- CreateEnum
CREATE TYPE "OperationKind" AS ENUM ('query', 'mutation', 'subscription');

-- CreateTable
CREATE TABLE "RegisteredOperation" (
    "id" TEXT NOT NULL,
    "partnerId" TEXT,
    "hash" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" "OperationKind" NOT NULL,
    "version" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "cost" INTEGER NOT NULL,
    "registeredBy" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "retiredAt" TIMESTAMPTZ(3),
    "retiredBy" TEXT,
    "replacedById" TEXT,

    CONSTRAINT "RegisteredOperation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "OperationAlias" (
    "id" TEXT NOT NULL,
    "partnerId" TEXT,
    "alias" TEXT NOT NULL,
    "operationId" TEXT NOT NULL,

    CONSTRAINT "OperationAlias_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "OperationUsage" (
    "operationId" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "calls" BIGINT NOT NULL,

    CONSTRAINT "OperationUsage_pkey" PRIMARY KEY ("operationId","day")
);

-- CreateIndex
CREATE UNIQUE INDEX "RegisteredOperation_replacedById_key" ON "RegisteredOperation"("replacedById");

-- CreateIndex
CREATE INDEX "RegisteredOperation_partnerId_createdAt_idx" ON "RegisteredOperation"("partnerId", "createdAt" DESC);

-- CreateIndex
CREATE INDEX "RegisteredOperation_createdAt_idx" ON "RegisteredOperation"("createdAt" DESC);

-- CreateIndex
CREATE INDEX "OperationAlias_operationId_idx" ON "OperationAlias"("operationId");

-- CreateIndex
CREATE INDEX "OperationUsage_day_idx" ON "OperationUsage"("day");

-- AddForeignKey
ALTER TABLE "RegisteredOperation" ADD CONSTRAINT "RegisteredOperation_partnerId_fkey" FOREIGN KEY ("partnerId") REFERENCES "Partner"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RegisteredOperation" ADD CONSTRAINT "RegisteredOperation_replacedById_fkey" FOREIGN KEY ("replacedById") REFERENCES "RegisteredOperation"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OperationAlias" ADD CONSTRAINT "OperationAlias_operationId_fkey" FOREIGN KEY ("operationId") REFERENCES "RegisteredOperation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OperationUsage" ADD CONSTRAINT "OperationUsage_operationId_fkey" FOREIGN KEY ("operationId") REFERENCES "RegisteredOperation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
