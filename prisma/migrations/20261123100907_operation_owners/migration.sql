-- Written by hand: what the Prisma schema cannot express. List it in test/store/hand-written.ts.
-- An owner has each text, each id and each version of a name once; the business itself, which has no partner, is an owner like the others.
CREATE UNIQUE INDEX "RegisteredOperation_owner_hash_key" ON "RegisteredOperation" (coalesce("partnerId", ''), "hash");
CREATE UNIQUE INDEX "RegisteredOperation_owner_version_key" ON "RegisteredOperation" (coalesce("partnerId", ''), "name", "version");
CREATE UNIQUE INDEX "OperationAlias_owner_alias_key" ON "OperationAlias" (coalesce("partnerId", ''), "alias");
ALTER TABLE "OperationUsage" ADD CONSTRAINT "OperationUsage_calls_check" CHECK ("calls" >= 0);
