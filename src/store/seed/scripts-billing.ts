/** Past conversations about money: refunds, invoices, failed payments, prices. Every figure is the customer's own on that day. */
import { quotePlan, quoteRefund } from '../pricing.ts';
import type { FailureCode } from './draft.ts';
import { answer, ask, count, day, meansOf, money, talk, title, type Facts, type Script } from './script.ts';

export const REFUND_SCRIPTS: readonly Script[] = [refundWanted, refundOnItsWay, chargedTwice];
export const INVOICE_SCRIPTS: readonly Script[] = [invoiceCopy, invoiceChanged, invoiceDetails, nextInvoice];
export const PAYMENT_SCRIPTS: readonly Script[] = [paymentFailed, changeCard];
export const PRICING_SCRIPTS: readonly Script[] = [priceOfSeats, annualSavings, nextPlan];

function refundWanted(facts: Facts) {
  const { lastPaid, random } = facts;
  if (!lastPaid) return null;
  const { periodStart, periodEnd, term, number } = lastPaid.invoice;
  const quote = quoteRefund(facts.policy, {
    payment: { status: 'succeeded', amountCents: lastPaid.amountCents, refundedCents: 0, currency: 'USD', paidAt: lastPaid.processedAt },
    subscription: { cycle: term.cycle, periodStart, periodEnd },
    account: { status: facts.overdue ? 'past_due' : 'active' },
    earlierRefunds: facts.refundsBefore,
    duplicateOf: null,
    now: facts.at,
  });
  const question = ask(
    facts,
    random.pick([
      'We are thinking about cancelling. Would we get our last payment back?',
      `Can I get a refund for the ${money(lastPaid.amountCents)} you charged on ${day(lastPaid.processedAt)}?`,
      'We hardly used the tool this period. Is a refund possible?',
      'What are the conditions for a refund of our last invoice?',
    ]),
  );
  const found = `Your last payment is ${money(lastPaid.amountCents)} for invoice ${number}, made on ${day(lastPaid.processedAt)}.`;
  if (!quote.eligible) {
    return talk(
      'refund_processor',
      question,
      answer(facts, `I am sorry, that payment cannot be refunded. ${found} ${quote.reason}`),
      random.pick(['Understood. Then how do I make sure it does not renew?', 'That is a pity. Can we at least stop the renewal?']),
      `You can cancel under Settings > Billing at any time. The plan then stays active until ${day(facts.periodEnd)}, nothing is charged after that, and your data can be exported as CSV or JSON.`,
    );
  }
  return talk(
    'refund_processor',
    question,
    answer(
      facts,
      `Yes, that payment can be refunded. ${found} ${quote.reason} The refund would be ${money(quote.amountCents)} to ${meansOf(lastPaid)}. Shall I go ahead?`,
    ),
    ...random.pick([
      ['Let me talk to my team first, I will come back to you.', 'Of course. Nothing has been changed, and you can write to us whenever you have decided.'],
      ['Good to know. We will keep it for now.', 'All right, I have left everything as it is. Just write here if you change your mind.'],
      ['No, I only wanted to know where we stand. We are staying.', 'Glad to hear that! Everything stays as it is.'],
    ]),
  );
}

function refundOnItsWay(facts: Facts) {
  const { refunded, random } = facts;
  if (!refunded?.refundedAt) return null;
  return talk(
    'refund_processor',
    ask(
      facts,
      random.pick([
        'Where is my refund? I do not see it on my statement yet.',
        'You said a refund was made, but nothing has arrived.',
        'How long does a refund take to show up?',
      ]),
    ),
    answer(
      facts,
      `We sent ${money(refunded.refundedCents)} back on ${day(refunded.refundedAt)}, for invoice ${refunded.invoice.number}. It goes to ${meansOf(refunded)}. How fast it shows on the statement depends on your bank.`,
    ),
    ...random.pick([
      [
        'Thanks, is there a reference I can give to the bank?',
        `The invoice number ${refunded.invoice.number} and the date ${day(refunded.refundedAt)} are what they need to find it.`,
      ],
      ['And if it does not arrive?', 'If it has not arrived after ten working days, write here again and we will trace it from our side.'],
    ]),
  );
}

function chargedTwice(facts: Facts) {
  const { duplicate, random } = facts;
  if (!duplicate) return null;
  return talk(
    'refund_processor',
    ask(
      facts,
      random.pick([
        'We were charged twice this month!',
        `There are two charges of ${money(duplicate.amountCents)} on our statement. Why?`,
        'Why did you take the same amount two times?',
      ]),
    ),
    answer(
      facts,
      `I see it: invoice ${duplicate.invoice.number} was paid, and minutes later ${money(duplicate.amountCents)} was taken a second time from ${meansOf(duplicate)} on ${day(duplicate.createdAt)}. A duplicate charge always comes back in full. I have passed it to the billing team, who will release the refund of ${money(duplicate.amountCents)}.`,
    ),
    ...random.pick([
      ['Please do, and quickly.', 'It is with them now, marked as a duplicate. You will see the refund beside the payment under Settings > Billing.'],
      ['OK. Do I have to do anything?', 'No, nothing. Once it is released, it appears beside the payment under Settings > Billing.'],
    ]),
  );
}

function invoiceCopy(facts: Facts) {
  const { lastInvoice, random } = facts;
  if (!lastInvoice) return null;
  return talk(
    'invoice_generator',
    ask(
      facts,
      random.pick([
        'I need a copy of our latest invoice for accounting.',
        'Where can I download our invoices?',
        'Our accountant is asking for the last invoice. Can you help?',
      ]),
    ),
    answer(
      facts,
      `Your latest invoice is ${lastInvoice.number} of ${day(lastInvoice.issuedAt)} over ${money(lastInvoice.totalCents)}, for ${day(lastInvoice.periodStart)} to ${day(lastInvoice.periodEnd)}. Admins and billing contacts find every invoice under Settings > Billing.`,
    ),
  );
}

function invoiceChanged(facts: Facts) {
  const { lastInvoice, invoiceBefore, random } = facts;
  if (!lastInvoice || !invoiceBefore || lastInvoice.totalCents === invoiceBefore.totalCents || lastInvoice.term !== invoiceBefore.term) return null;
  const more = lastInvoice.totalCents > invoiceBefore.totalCents;
  const seats =
    lastInvoice.seats === invoiceBefore.seats
      ? 'The number of seats is the same; a credit or discount on one of the two makes the difference.'
      : `The reason is the number of seats: ${invoiceBefore.seats} then, ${lastInvoice.seats} now.`;
  return talk(
    'billing_agent',
    ask(
      facts,
      random.pick([
        `Why is invoice ${lastInvoice.number} ${more ? 'higher' : 'lower'} than the one before?`,
        `Our bill went ${more ? 'up' : 'down'} and nobody here knows why.`,
      ]),
    ),
    answer(
      facts,
      `${lastInvoice.number} is ${money(lastInvoice.totalCents)}, and the one before, ${invoiceBefore.number}, was ${money(invoiceBefore.totalCents)}. ${seats}`,
    ),
    ...random.pick([
      ['Who can change the seats on our side?', 'Admins can, under Settings > Billing.'],
      ['Can I see who has a seat?', 'Yes, everyone who holds one is listed under Settings > Members.'],
    ]),
  );
}

function invoiceDetails(facts: Facts) {
  const { lastInvoice, random, account } = facts;
  if (!lastInvoice) return null;
  const discount = lastInvoice.discountCents > 0 ? `, less discounts of ${money(lastInvoice.discountCents)}` : '';
  return talk(
    'billing_agent',
    ask(
      facts,
      random.pick([
        `Can you explain what is on invoice ${lastInvoice.number}?`,
        'What exactly are we paying for on the last bill?',
        `Please break down the ${money(lastInvoice.totalCents)} for me.`,
      ]),
    ),
    answer(
      facts,
      `Invoice ${lastInvoice.number} has ${lastInvoice.lines.map((line) => `"${line.description}" at ${money(line.amountCents)}`).join(' and ')}${discount}. That makes ${money(lastInvoice.totalCents)}.`,
    ),
    random.pick([`Could the invoice carry our full company name, ${account.company}?`, 'And our purchase order number, can that be on it?']),
    'Yes. An admin can enter it with the billing details under Settings > Billing. It appears on every invoice from the next one on; those already issued stay as they are.',
  );
}

function nextInvoice(facts: Facts) {
  const { lastInvoice, plan, cycle, seats, account } = facts;
  if (!lastInvoice || account.status !== 'active' || facts.cancelAtPeriodEnd) return null;
  const { perPeriodCents } = quotePlan(facts.policy, { plan, seats, cycle, programme: account.programme });
  return talk(
    'billing_agent',
    ask(facts, facts.random.pick(['When is our next invoice due?', 'When will we be billed next, and how much?', 'What do we pay on renewal?'])),
    answer(
      facts,
      `Your ${title(plan)} plan renews on ${day(facts.periodEnd)}. With ${count(seats, 'seat')} it comes to ${money(perPeriodCents)} for the next ${cycle === 'annual' ? 'year' : 'month'}, provided nothing changes before.`,
    ),
  );
}

/** What helps after each kind of failure. */
const REMEDIES: Readonly<Record<FailureCode, string>> = {
  card_declined: 'Your bank declined it without giving us a reason. A call to them usually clears it up; another card works too.',
  expired_card: 'The card on file has expired, so it has to be replaced under Settings > Billing.',
  insufficient_funds: 'The account behind the card did not have enough funds that day.',
  authentication_required:
    'Your bank wanted the payment to be confirmed. Open the invoice under Settings > Billing and pay it there: the confirmation appears in your banking app.',
  incorrect_cvc: 'The security code did not match. Entering the card again under Settings > Billing fixes that.',
  processing_error: 'The payment processor had a problem; nothing is wrong with your card.',
  fraud_suspected: 'Your bank held it back because it looked unusual. Ask them to allow payments to Loomwork.',
};

function paymentFailed(facts: Facts) {
  const { failed, retried, random } = facts;
  if (!failed?.failureCode) return null;
  const question = ask(
    facts,
    random.pick([
      'I got an email that our payment failed. What happened?',
      `Why was our payment of ${money(failed.amountCents)} declined?`,
      'My card was rejected but it works everywhere else.',
      'Payment failed, what do I need to do?',
    ]),
  );
  const found = `The payment of ${money(failed.amountCents)} for invoice ${failed.invoice.number} from ${meansOf(failed)} failed on ${day(failed.createdAt)}. ${REMEDIES[failed.failureCode]}`;
  if (retried) {
    return talk(
      'payment_troubleshooter',
      question,
      answer(
        facts,
        `${found} The good news: we tried again on ${day(retried.createdAt)} and it went through, so the invoice is paid and there is nothing left to do.`,
      ),
    );
  }
  return talk(
    'payment_troubleshooter',
    question,
    answer(facts, found),
    ...random.pick([
      [
        'Will you try again by yourself?',
        `Yes, a failed card is tried again over the following days. You can also pay it yourself under Settings > Billing before ${day(failed.invoice.dueAt)}.`,
      ],
      [
        'Do we lose access now?',
        `Not because of one failed payment. The invoice is due on ${day(failed.invoice.dueAt)}; paying it before then settles everything.`,
      ],
      [
        'OK, I will look into it. How much time do we have?',
        `The invoice is due on ${day(failed.invoice.dueAt)}. It can be paid under Settings > Billing at any time before.`,
      ],
    ]),
  );
}

function changeCard(facts: Facts) {
  const { lastPaid, random } = facts;
  if (!lastPaid) return null;
  return talk(
    'payment_troubleshooter',
    ask(
      facts,
      random.pick([
        'How do I change the card you charge?',
        'We have a new company card. Where do I enter it?',
        'Can we pay with a different card from next time on?',
      ]),
    ),
    answer(
      facts,
      `The last payment came from ${meansOf(lastPaid)}. To change it, open Settings > Billing, add the new payment method and make it the default. It is used from the next invoice on.`,
    ),
    ...random.pick([
      ['And the old one?', 'You can remove the old one as soon as another is the default.'],
      ['Can someone from finance do that?', 'Yes: members with the billing role can manage payment methods, like admins.'],
    ]),
  );
}

function priceOfSeats(facts: Facts) {
  const { random, cycle, account, policy } = facts;
  if (facts.plan === 'free') return null;
  const seats = facts.seats + random.int(3, 20);
  const tooMany = !quotePlan(policy, { plan: facts.plan, seats, cycle }).fits;
  const plan = tooMany ? 'premium' : facts.plan;
  const quote = quotePlan(policy, { plan, seats, cycle, programme: account.programme });
  const off = quote.totalPercent > 0 ? `, with ${quote.totalPercent}% off the list price of ${money(quote.listPerPeriodCents)}` : '';
  const fits = tooMany ? `${title(facts.plan)} holds up to ${policy.plans[facts.plan].membersMax} members, so a team of ${seats} needs ${title(plan)}. ` : '';
  const by = quote.byContract ? ' As your price is set by contract, please take this as an estimate.' : '';
  return talk(
    'pricing_explainer',
    ask(
      facts,
      random.pick([
        `What would ${seats} seats cost us?`,
        `We are growing to ${seats} people. How does that change the price?`,
        `How much is ${title(facts.plan)} for ${seats} users?`,
      ]),
    ),
    answer(
      facts,
      `${fits}${count(seats, 'seat')} on ${title(plan)} come to ${money(quote.perPeriodCents)} per ${cycle === 'annual' ? 'year' : 'month'}${off}. You have ${count(facts.seats, 'seat')} today.${by}`,
    ),
    random.pick(['And if we add them in the middle of the period?', 'Do we pay the full price right away?']),
    'Within a running period you pay the new price only for the days left, less the unused part of what you already paid for them. The full price applies from the next renewal.',
  );
}

function annualSavings(facts: Facts) {
  const { plan, cycle, seats, account, random } = facts;
  if (plan === 'free' || cycle === 'annual' || account.programme !== null) return null;
  const monthly = quotePlan(facts.policy, { plan, seats, cycle: 'monthly' });
  const annual = quotePlan(facts.policy, { plan, seats, cycle: 'annual' });
  const limited = annual.capped ? ` (volume and annual discounts together stop at ${annual.totalPercent}%)` : '';
  return talk(
    'pricing_explainer',
    ask(facts, random.pick(['What do we save if we pay yearly?', 'Is annual billing cheaper?', 'Monthly or annual, what is the difference for us?'])),
    answer(
      facts,
      `With ${count(seats, 'seat')} on ${title(plan)} you pay ${money(monthly.perPeriodCents)} a month, ${money(monthly.perPeriodCents * 12)} a year. Paid annually it is ${money(annual.perPeriodCents)}${limited}, so you save ${money(monthly.perPeriodCents * 12 - annual.perPeriodCents)} a year.`,
    ),
  );
}

function nextPlan(facts: Facts) {
  const { plan, random, policy } = facts;
  if (plan !== 'free' && plan !== 'basic') return null;
  const next = plan === 'free' ? 'basic' : 'premium';
  const seats = plan === 'free' ? random.int(3, 12) : Math.max(facts.seats, 5);
  const quote = quotePlan(policy, { plan: next, seats, cycle: 'monthly' });
  const gains =
    plan === 'free'
      ? 'unlimited projects, up to 25 members and 10 GB of storage'
      : 'unlimited members, 100 GB of storage, API access, advanced analytics and priority support';
  return talk(
    'pricing_explainer',
    ask(
      facts,
      random.pick([
        `What do we get with ${title(next)} that we do not have now?`,
        `How much would ${title(next)} be for ${seats} people?`,
        'Which plan should a team like ours take?',
      ]),
    ),
    answer(facts, `${title(next)} adds ${gains}. For ${count(seats, 'seat')} it is ${money(quote.perPeriodCents)} a month, and less when paid annually.`),
    ...random.pick([
      ['Can we go back if it does not fit?', 'Yes, you can change down again under Settings > Billing; what you have not used becomes a credit.'],
      [
        'Is there a contract?',
        `No long contract: a monthly plan can end with any month. Payments can also be refunded within ${policy.refund.days} days, once per account in ${policy.refund.accountMonths} months.`,
      ],
    ]),
  );
}
