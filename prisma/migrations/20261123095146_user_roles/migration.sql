-- Who served is a user, who led an admin, who administered a super admin; new is who only looks on. Values are renamed, so that
-- rows keep theirs, and stand in the order of what they may.
ALTER TYPE "UserRole" RENAME VALUE 'admin' TO 'super_admin';
ALTER TYPE "UserRole" RENAME VALUE 'lead' TO 'admin';
ALTER TYPE "UserRole" RENAME VALUE 'agent' TO 'user';
ALTER TYPE "UserRole" ADD VALUE 'readonly' BEFORE 'user';

-- The same in what the policy says of each role; who only looks on may decide as little as anybody.
UPDATE "PolicyRule"
   SET "value" = jsonb_set("value", '{levelOfRole}', jsonb_build_object(
         'readonly', 'agent',
         'user', "value"->'levelOfRole'->'agent',
         'admin', "value"->'levelOfRole'->'lead',
         'super_admin', "value"->'levelOfRole'->'admin'))
 WHERE "key" = 'approvals' AND "value"->'levelOfRole' ? 'lead';
