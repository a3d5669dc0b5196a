/** `find_plan`: the customer's own subscription: plan, seats, price, renewal, trial and cancellation. What plans cost in general is price-plan.ts. */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { PlanSubscription } from '../store/generated/prisma/client.ts';
import { decimalText, formatMoney } from '../store/money.ts';
import { readPolicy } from '../store/policy.ts';
import { currentSubscription, periodPriceCents } from '../store/subscription.ts';
import { defineTool } from './define-tool.ts';
import { writeEvery, writeSum } from './money-words.ts';
import { isAboutOwnPlan } from './topics.ts';
import { capitalise, sentences, writeCount, writeDate, writeNumber } from './words.ts';

export function findPlan(database: Database): AnyTool {
  return defineTool({
    name: 'find_plan',
    description:
      "Looks up the customer's own plan subscription: plan, billing cycle, seats bought and used, what it costs, when it renews, and whether it is in trial, paused, past due or cancelled. Use it for questions about their current plan, seats, renewal, trial or cancellation.",
    input: z.strictObject({}),
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutOwnPlan(text) ? {} : null),
    async run(_input, _grant, { customerId, now }) {
      const customer = await database.customer.findUnique({ where: { id: customerId }, select: { plan: true } });
      if (!customer) throw notFound('customer');
      const subscription = await currentSubscription(database, customerId);
      if (!subscription) {
        const { membersMax, projectsMax } = (await readPolicy(database)).plans[customer.plan];
        const holds =
          membersMax === null || projectsMax === null ? '' : ` with up to ${writeCount(membersMax, 'member')} and ${writeCount(projectsMax, 'project')}`;
        return {
          summary: `You are on the ${capitalise(customer.plan)} plan${holds}. There is no paid subscription on your account, so nothing is billed and nothing renews.`,
          facts: { plan: customer.plan, subscription: null },
        };
      }
      const periodCents = periodPriceCents(subscription);
      return {
        summary: sentences(opening(subscription), price(subscription, periodCents), state(subscription, now)),
        facts: {
          plan: subscription.plan,
          status: subscription.status,
          cycle: subscription.cycle,
          seats: subscription.seats,
          seatsUsed: subscription.seatsUsed,
          listPerSeatPerMonth: subscription.seatPrice.toFixed(2),
          discountPercent: subscription.discountPercent.toNumber(),
          pricePerPeriod: decimalText(periodCents),
          currency: subscription.currency,
          startedAt: subscription.startedAt.toISOString(),
          currentPeriodEnd: subscription.currentPeriodEnd.toISOString(),
          trialEndsAt: subscription.trialEndsAt?.toISOString() ?? null,
          cancelAtPeriodEnd: subscription.cancelAtPeriodEnd,
          canceledAt: subscription.canceledAt?.toISOString() ?? null,
        },
      };
    },
  });
}

function opening({ plan, status, cycle, seats, seatsUsed, trialEndsAt, canceledAt, currentPeriodEnd }: PlanSubscription): string {
  const name = `${capitalise(plan)} plan`;
  if (status === 'canceled')
    return `Your ${name} was cancelled${canceledAt ? ` on ${writeDate(canceledAt)}` : ''}; its last period ended on ${writeDate(currentPeriodEnd)}.`;
  if (status === 'trialing')
    return `You are trying the ${name} with ${writeCount(seats, 'seat')}, ${writeNumber(seatsUsed)} of them in use.${trialEndsAt ? ` The trial ends on ${writeDate(trialEndsAt)}.` : ''}`;
  if (plan === 'free')
    return `You are on the ${name} with ${writeCount(seats, 'seat')}, ${writeNumber(seatsUsed)} of them in use. It costs nothing, so there is no renewal to pay.`;
  return `You are on the ${name}, billed ${cycle === 'annual' ? 'once a year' : 'monthly'}, with ${writeCount(seats, 'seat')}, ${writeNumber(seatsUsed)} of them in use.`;
}

function price({ status, seatPrice, discountPercent, cycle, currency, plan }: PlanSubscription, periodCents: number): string {
  if (status === 'canceled' || periodCents === 0) return '';
  const less = discountPercent.isZero() ? '' : ` less ${writeNumber(discountPercent.toNumber())}% discount`;
  const basis = plan === 'enterprise' ? 'as agreed in your contract' : `${writeSum(seatPrice, currency)} per seat and month${less}`;
  return `${status === 'trialing' ? 'After that it costs' : 'It costs'} ${formatMoney({ amountCents: periodCents, currency })} ${writeEvery(cycle)} (${basis}).`;
}

function state({ plan, status, cancelAtPeriodEnd, currentPeriodEnd }: PlanSubscription, now: Date): string {
  const end = writeDate(currentPeriodEnd);
  if (status === 'canceled' || plan === 'free') return '';
  if (cancelAtPeriodEnd) return `It is set to end on ${end} and will not renew; until then everything keeps working.`;
  if (status === 'paused') return 'It is paused at the moment, so nothing is charged.';
  if (status === 'past_due') return 'The last renewal has not been paid yet; please check the payment method under Settings > Billing.';
  if (status === 'trialing') return '';
  return currentPeriodEnd > now ? `It renews on ${end}.` : `Its period ended on ${end} and the renewal is being processed.`;
}
