/** The tools about money, made together. Each one's file says what it does. */
import type { ToolDesk } from '../desk/tool-desk.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { applyDiscount } from './apply-discount.ts';
import { changePlan } from './change-plan.ts';
import { comparePlans } from './compare-plans.ts';
import { correctInvoiceDetails } from './correct-invoice-details.ts';
import { explainPaymentFailure } from './explain-payment-failure.ts';
import { findPlan } from './find-plan.ts';
import { findRefunds } from './find-refunds.ts';
import { issueRefund } from './issue-refund.ts';
import { listInvoices } from './list-invoices.ts';
import { listPayments } from './list-payments.ts';
import { pricePlan } from './price-plan.ts';
import { quoteDiscount } from './quote-discount.ts';
import { quotePlanChange } from './quote-plan-change.ts';
import { quoteRefund } from './quote-refund.ts';
import { sendInvoice } from './send-invoice.ts';
import { sendPaymentLink } from './send-payment-link.ts';
import { summarizeInvoices } from './summarize-invoices.ts';

export function billingTools({ database, desk }: { readonly database: Database; readonly desk: ToolDesk }): AnyTool[] {
  return [
    findPlan(database),
    listInvoices(database),
    summarizeInvoices(database),
    listPayments(database),
    explainPaymentFailure(database),
    quoteRefund(database, desk.refunds),
    issueRefund(database, desk.refunds),
    findRefunds(database),
    pricePlan(database),
    comparePlans(database),
    quotePlanChange(desk.planChanges),
    changePlan(desk.planChanges),
    quoteDiscount(desk.discounts),
    applyDiscount(desk.discounts),
    sendInvoice(desk.billingMail),
    sendPaymentLink(desk.billingMail),
    correctInvoiceDetails(desk.tickets),
  ];
}
