/**
 * The demo data while it is made: accounts with everything that hangs on them, sums in cents, moments as dates. rows.ts turns
 * these into rows; nothing else reads them.
 */
import type {
  BillingCycle,
  ContactRole,
  CreditKind,
  CreditStatus,
  CustomerStatus,
  InvoiceStatus,
  PaymentStatus,
  Plan,
  SignInMethod,
  SubscriptionStatus,
  UsageMetric,
} from '../generated/prisma/client.ts';
import type { Programme } from '../policy-schema.ts';
import type { QuoteLine } from '../pricing.ts';
import type { Random } from './random.ts';

export interface Account {
  readonly id: string;
  readonly random: Random;
  readonly partnerId: string | null;
  readonly company: string;
  readonly industry: string;
  readonly country: string;
  readonly timezone: string;
  readonly plan: Plan;
  readonly status: CustomerStatus;
  readonly programme: Programme | null;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly healthScore: number;
  readonly churnRisk: number;
  readonly contacts: readonly [ContactDraft, ...ContactDraft[]];
  readonly notes: readonly NoteDraft[];
}

export interface ContactDraft {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly phone: string | null;
  readonly title: string;
  readonly role: ContactRole;
  readonly signInMethod: SignInMethod;
  readonly twoFactor: boolean;
  readonly failedSignIns: number;
  readonly lockedAt: Date | null;
  readonly lastSignInAt: Date;
  readonly createdAt: Date;
}

export interface NoteDraft {
  readonly kind: 'general' | 'support' | 'billing' | 'sales' | 'success' | 'technical';
  readonly text: string;
  readonly createdAt: Date;
}

/** A subscription of the past or the present, with the periods that were billed, oldest first. */
export interface Term {
  readonly id: string;
  readonly plan: Plan;
  readonly cycle: BillingCycle;
  readonly status: SubscriptionStatus;
  readonly periods: readonly [Period, ...Period[]];
  /** Seats now (or at the end); the last period's unless they changed within it. */
  readonly seats: number;
  readonly seatsUsed: number;
  readonly trialEndsAt: Date | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly canceledAt: Date | null;
}

export interface Period {
  readonly start: Date;
  readonly end: Date;
  readonly seats: number;
}

export interface InvoiceDraft {
  readonly id: string;
  readonly term: Term;
  readonly seats: number;
  readonly lines: readonly QuoteLine[];
  readonly subtotalCents: number;
  readonly discountCents: number;
  readonly totalCents: number;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly issuedAt: Date;
  readonly dueAt: Date;
  /** Given once all invoices are known: numbers follow the day of issue. */
  number: string;
  status: InvoiceStatus;
  paidAt: Date | null;
}

export interface PaymentDraft {
  readonly id: string;
  readonly invoice: InvoiceDraft;
  readonly amountCents: number;
  readonly method: string;
  readonly cardLast4: string | null;
  readonly failureCode: FailureCode | null;
  readonly attempt: number;
  readonly createdAt: Date;
  readonly processedAt: Date;
  status: PaymentStatus;
  refundedCents: number;
  refundedAt: Date | null;
}

export interface CreditDraft {
  readonly id: string;
  readonly amountCents: number;
  readonly usedCents: number;
  readonly kind: CreditKind;
  readonly status: CreditStatus;
  readonly reason: string;
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
}

export interface Billing {
  readonly terms: readonly [Term, ...Term[]];
  readonly invoices: InvoiceDraft[];
  readonly payments: PaymentDraft[];
  readonly credits: CreditDraft[];
}

export interface UsageDraft {
  readonly metric: UsageMetric;
  readonly month: Date;
  readonly quantity: number;
}

/** The processor's words for a failed payment, with what they mean. */
export const FAILURES = {
  card_declined: 'The card was declined by the bank that issued it.',
  expired_card: 'The card has expired.',
  insufficient_funds: 'The account behind the card did not have enough funds.',
  authentication_required: 'The bank asked for a confirmation that was not given.',
  incorrect_cvc: 'The security code of the card was not correct.',
  processing_error: 'The payment processor could not complete the payment.',
  fraud_suspected: 'The bank held the payment back because it looked unusual.',
} as const;
export type FailureCode = keyof typeof FAILURES;
export const FAILURE_CODES = [
  'card_declined',
  'insufficient_funds',
  'expired_card',
  'authentication_required',
  'incorrect_cvc',
  'processing_error',
  'fraud_suspected',
] as const satisfies readonly FailureCode[];

/** The agents that answered in the past conversations. */
export type SeedAgent =
  | 'billing_agent'
  | 'refund_processor'
  | 'invoice_generator'
  | 'payment_troubleshooter'
  | 'pricing_explainer'
  | 'login_specialist'
  | 'technical_agent'
  | 'usage_agent'
  | 'feature_teacher'
  | 'api_agent';
