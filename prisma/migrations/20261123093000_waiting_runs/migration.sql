-- Written by hand: what the Prisma schema cannot express. Each object stands in test/store/hand-written.ts too.

-- A run that waits for people, perhaps for days, keeps no other from answering: only who is at work does.
DROP INDEX "Run_active_reply_key";
CREATE UNIQUE INDEX "Run_active_reply_key" ON "Run" ("conversationId") WHERE "workflow" = 'reply' AND "status" = 'running';
