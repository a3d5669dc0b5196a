-- Written by hand: what the Prisma schema cannot express. Each object stands in test/store/hand-written.ts too.

-- Search: title before tags before body. array_to_string is only "stable" since it takes any element type; for text it always gives the same.
CREATE FUNCTION article_tags_text(tags text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_string(tags, ' ');

ALTER TABLE "KnowledgeArticle" ADD COLUMN "search" tsvector GENERATED ALWAYS AS (
  setweight(to_tsvector('english', "title"), 'A') ||
  setweight(to_tsvector('english', article_tags_text("tags")), 'B') ||
  setweight(to_tsvector('english', "body"), 'C')
) STORED;
CREATE INDEX "KnowledgeArticle_search_idx" ON "KnowledgeArticle" USING gin ("search");

-- One customer per address within a partner; the business itself counts as one.
CREATE UNIQUE INDEX "Customer_partner_email_key" ON "Customer" (coalesce("partnerId", ''), lower("email"));

-- Agents never answer twice at once in one conversation: the others wait as queued.
CREATE UNIQUE INDEX "Run_active_reply_key" ON "Run" ("conversationId") WHERE "workflow" = 'reply' AND "status" IN ('running', 'waiting');

ALTER TABLE "Conversation" ADD CONSTRAINT "Conversation_rating_check" CHECK ("rating" BETWEEN 1 AND 5);
ALTER TABLE "Conversation" ADD CONSTRAINT "Conversation_ownerVersion_check" CHECK ("ownerVersion" >= 1);

ALTER TABLE "Customer" ADD CONSTRAINT "Customer_healthScore_check" CHECK ("healthScore" BETWEEN 0 AND 100);
ALTER TABLE "Customer" ADD CONSTRAINT "Customer_churnRisk_check" CHECK ("churnRisk" BETWEEN 0 AND 1);
ALTER TABLE "Customer" ADD CONSTRAINT "Customer_mrr_check" CHECK ("mrr" >= 0);

ALTER TABLE "PlanSubscription" ADD CONSTRAINT "PlanSubscription_amounts_check" CHECK ("seatPrice" >= 0 AND "mrr" >= 0);
ALTER TABLE "PlanSubscription" ADD CONSTRAINT "PlanSubscription_seats_check" CHECK ("seats" >= 0 AND "seatsUsed" >= 0);
ALTER TABLE "PlanSubscription" ADD CONSTRAINT "PlanSubscription_discount_check" CHECK ("discountPercent" BETWEEN 0 AND 100);
ALTER TABLE "PlanSubscription" ADD CONSTRAINT "PlanSubscription_period_check" CHECK ("currentPeriodEnd" >= "currentPeriodStart");

ALTER TABLE "Invoice" ADD CONSTRAINT "Invoice_amounts_check" CHECK ("subtotal" >= 0 AND "discount" >= 0 AND "tax" >= 0 AND "total" >= 0 AND "amountDue" >= 0);
ALTER TABLE "Invoice" ADD CONSTRAINT "Invoice_due_check" CHECK ("amountDue" <= "total");

ALTER TABLE "Payment" ADD CONSTRAINT "Payment_amounts_check" CHECK ("amount" >= 0 AND "refunded" >= 0 AND "refunded" <= "amount");
ALTER TABLE "Payment" ADD CONSTRAINT "Payment_attempt_check" CHECK ("attempt" >= 1);

ALTER TABLE "Credit" ADD CONSTRAINT "Credit_amounts_check" CHECK ("amount" >= 0 AND "used" >= 0 AND "used" <= "amount");

ALTER TABLE "UsageRecord" ADD CONSTRAINT "UsageRecord_quantity_check" CHECK ("quantity" >= 0);

ALTER TABLE "KnowledgeArticle" ADD CONSTRAINT "KnowledgeArticle_quality_check" CHECK ("quality" BETWEEN 0 AND 1);

ALTER TABLE "Run" ADD CONSTRAINT "Run_usage_check" CHECK ("inputTokens" >= 0 AND "cacheReadTokens" >= 0 AND "cacheWriteTokens" >= 0 AND "outputTokens" >= 0 AND "cost" >= 0);
