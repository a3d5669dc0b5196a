-- Written by hand: what the Prisma schema cannot express. List it in test/store/hand-written.ts.

-- How many runs a customer has in flight is asked with each message; of those that have ended there are thousands.
CREATE INDEX "Run_in_flight_idx" ON "Run" ("customerId") WHERE "status" IN ('queued', 'running');
