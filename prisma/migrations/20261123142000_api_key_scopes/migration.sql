-- AlterTable
ALTER TABLE "ApiKey" ADD COLUMN     "allowList" TEXT[],
ADD COLUMN     "createdBy" TEXT,
ADD COLUMN     "lastUsedAddress" TEXT,
ADD COLUMN     "rotatedToId" TEXT,
ADD COLUMN     "scopes" TEXT[];

-- CreateIndex
CREATE UNIQUE INDEX "ApiKey_rotatedToId_key" ON "ApiKey"("rotatedToId");

-- CreateIndex
CREATE INDEX "ApiKey_prefix_idx" ON "ApiKey"("prefix");

-- AddForeignKey
ALTER TABLE "ApiKey" ADD CONSTRAINT "ApiKey_rotatedToId_fkey" FOREIGN KEY ("rotatedToId") REFERENCES "ApiKey"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Keys from before could do whatever a partner may, and still can.
UPDATE "ApiKey" SET "allowList" = '{}', "scopes" = ARRAY[
  'read:agents', 'execute:agents:tier1', 'execute:agents:tier2', 'read:conversations', 'write:conversations',
  'read:customers', 'write:customers', 'read:workflows', 'execute:workflows'];
