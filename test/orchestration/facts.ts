/** A customer in good standing on the basic plan, with nothing to say about them. */
import type { CustomerFacts } from '../../src/store/customer-facts.ts';

export function factsOf(changes: Partial<CustomerFacts> = {}): CustomerFacts {
  return {
    name: 'Dana Reyes',
    company: null,
    plan: 'basic',
    status: 'active',
    language: 'en',
    since: new Date('2026-01-01T00:00:00Z'),
    lastSeenAt: null,
    healthScore: 70,
    churnRisk: 0.4,
    monthlyValueCents: 50_00,
    subscription: null,
    openInvoices: [],
    overdueInvoices: 0,
    failedPayments: 0,
    lastPaymentFailed: false,
    openTickets: 0,
    escalations: 0,
    rating: null,
    signIns: null,
    featuresUsed: [],
    healthChange: null,
    conversations: [],
    ...changes,
  };
}
