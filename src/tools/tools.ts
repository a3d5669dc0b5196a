/** Every tool there is, by name: what agent files may grant. Adding one means writing its file and naming it here. */
import type { Desk } from '../desk/desk.ts';
import type { Knowledge } from '../knowledge/knowledge.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { comparePlans } from './compare-plans.ts';
import { explainPaymentFailure } from './explain-payment-failure.ts';
import { findCustomer } from './find-customer.ts';
import { findPlan } from './find-plan.ts';
import { findSignIn } from './find-sign-in.ts';
import { findUsage } from './find-usage.ts';
import { leaveNote } from './leave-note.ts';
import { listInvoices } from './list-invoices.ts';
import { listPayments } from './list-payments.ts';
import { pricePlan } from './price-plan.ts';
import { quoteRefund } from './quote-refund.ts';
import { searchKnowledge } from './search-knowledge.ts';

export interface ToolDeps {
  readonly database: Database;
  readonly knowledge: Knowledge;
  readonly desk: Pick<Desk, 'customers'>;
}

export function createTools({ database, knowledge, desk }: ToolDeps): ReadonlyMap<string, AnyTool> {
  const tools = [
    findCustomer(database),
    findPlan(database),
    listInvoices(database),
    listPayments(database),
    explainPaymentFailure(database),
    quoteRefund(database),
    findUsage(database),
    pricePlan(database),
    comparePlans(database),
    findSignIn(database),
    searchKnowledge(knowledge),
    leaveNote(desk.customers),
  ];
  return new Map(tools.map((tool) => [tool.name, tool]));
}
