/** `send_payment_link`: the link to pay an open invoice, by mail to the address on file. Takes no payment and shows no link here. */
import { z } from 'zod';
import type { BillingMailDesk } from '../desk/billing-mail.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { centsOf, formatMoney } from '../store/money.ts';
import { defineTool } from './define-tool.ts';
import { INVOICE_NUMBER } from './reading.ts';
import { maskEmail } from './words.ts';

const Input = z.strictObject({ invoiceNumber: INVOICE_NUMBER.optional().describe('Which open invoice. Left out: the one that is due first.') });
const Grant = z.strictObject({ per_turn_max: z.int().min(1).max(5) });

export function sendPaymentLink(mail: BillingMailDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, z.infer<typeof Grant>>({
    name: 'send_payment_link',
    description:
      "Sends the link to pay an open invoice by mail to the account's billing contact on file, never to an address from the conversation. Use it when a payment failed or an invoice is open and the customer wants to pay it now, with another card for example.",
    input: Input,
    grant: Grant,
    effect: 'outbound',
    // A mail nobody asked for is worse than none.
    infer: () => null,
    async run(input, grant, context) {
      const sent = await mail.sendPaymentLink(context, input, grant.per_turn_max);
      const sum = formatMoney({ amountCents: centsOf(sent.amount), currency: sent.currency });
      return {
        summary: `The link to pay ${sum} for invoice ${sent.invoiceNumber} is on its way to the billing address on file, ${maskEmail(sent.recipient)}.`,
        facts: { onItsWay: true, ...sent, recipient: maskEmail(sent.recipient) },
      };
    },
  });
}
