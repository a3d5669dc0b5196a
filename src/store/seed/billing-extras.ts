/** What hangs on the billing of the demo data: refunds behind refunded payments, proofs and discounts of programme customers. Invents no sums. */
import type { Prisma } from '../generated/prisma/client.ts';
import { decimalText } from '../money.ts';
import { addDays, addMonths } from '../period.ts';
import type { Policy } from '../policy-schema.ts';
import type { Member } from './conversation.ts';
import type { Account, Billing, PaymentDraft } from './draft.ts';
import { createRandom } from './random.ts';

interface BillingExtraRows {
  readonly refunds: Prisma.RefundCreateManyInput[];
  readonly discounts: Prisma.DiscountCreateManyInput[];
  readonly proofs: Prisma.ProgrammeProofCreateManyInput[];
}

export function billingExtraRows(members: readonly Member[], policy: Policy, staffUserId: string): BillingExtraRows {
  return {
    refunds: members.flatMap(({ account, billing }) => billing.payments.flatMap((payment) => refundRows(account, billing, payment, staffUserId))),
    discounts: members.flatMap(({ account, billing }) => discountRows(account, billing, policy)),
    proofs: members.flatMap(({ account, billing }) => proofRows(account, billing)),
  };
}

/** People of the desk issued these, before there was anything to say yes to: the offer's id belongs to the refund alone. */
function refundRows(account: Account, { payments }: Billing, payment: PaymentDraft, staffUserId: string): Prisma.RefundCreateManyInput[] {
  const { refundedAt } = payment;
  if (refundedAt === null) return [];
  const random = createRandom(`the refund of ${payment.id}`);
  const twice = payments.some((other) => other.id !== payment.id && other.invoice === payment.invoice && other.status === 'succeeded');
  return [
    {
      id: random.id('ref', refundedAt),
      paymentId: payment.id,
      customerId: account.id,
      offerId: random.id('off', refundedAt),
      amount: decimalText(payment.refundedCents),
      rule: twice ? 'duplicate' : payment.invoice.term.cycle === 'annual' ? 'annual_unused' : 'monthly',
      byKind: 'user',
      byId: staffUserId,
      createdAt: refundedAt,
    },
  ];
}

function discountRows(account: Account, { terms }: Billing, policy: Policy): Prisma.DiscountCreateManyInput[] {
  if (account.programme === null) return [];
  const startsAt = terms[0].periods[0].start;
  return [
    {
      id: createRandom(`the discount of ${account.id}`).id('disc', startsAt),
      customerId: account.id,
      kind: account.programme,
      percent: policy.programmes[account.programme].toFixed(2),
      reason: `${account.programme} programme, proof on file`,
      startsAt,
      endsAt: null,
      createdAt: startsAt,
    },
  ];
}

const DOCUMENTS = { nonprofit: 'tax exemption certificate', student: 'certificate of enrolment', startup: 'register entry' } as const;

function proofRows(account: Account, { terms }: Billing): Prisma.ProgrammeProofCreateManyInput[] {
  if (account.programme === null) return [];
  const checkedAt = addDays(terms[0].periods[0].start, 1);
  return [
    {
      id: createRandom(`the proof of ${account.id}`).id('proof', checkedAt),
      customerId: account.id,
      kind: account.programme,
      document: DOCUMENTS[account.programme],
      checkedAt,
      validUntil: account.programme === 'student' ? addMonths(checkedAt, 12) : null,
    },
  ];
}
