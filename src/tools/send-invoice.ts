/** `send_invoice`: a copy of a billing document by mail to the address on file. Sends to no other address, and writes no document itself. */
import { z } from 'zod';
import { BILLING_DOCUMENTS, type BillingMailDesk, type MailOnItsWay } from '../desk/billing-mail.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { formatMoney, centsOf } from '../store/money.ts';
import { defineTool } from './define-tool.ts';
import { INVOICE_NUMBER } from './reading.ts';
import { maskEmail } from './words.ts';

const Input = z.strictObject({
  document: z
    .enum(BILLING_DOCUMENTS)
    .describe('"receipt" only of a paid invoice; "tax_document" is the invoice with all tax details; "year_summary" is one statement of a year.'),
  invoiceNumber: INVOICE_NUMBER.optional().describe('Which invoice. Left out: the latest; for a receipt the latest that is paid.'),
  year: z.int().min(2000).max(2099).optional().describe('For a year summary. Left out: last year.'),
});
const Grant = z.strictObject({ per_turn_max: z.int().min(1).max(20) });

export function sendInvoice(mail: BillingMailDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, z.infer<typeof Grant>>({
    name: 'send_invoice',
    description:
      "Sends a copy of an invoice, a receipt, a tax document or a year summary by mail to the account's billing contact on file, never to an address from the conversation. Use it when the customer wants a document sent. It says that the mail is on its way.",
    input: Input,
    grant: Grant,
    effect: 'outbound',
    // Listing shows where documents are; to send one without a language model would be a guess.
    infer: () => null,
    async run(input, grant, context) {
      const sent = await mail.sendDocument(context, input, grant.per_turn_max);
      return { summary: `${describe(sent)} is on its way to the billing address on file, ${maskEmail(sent.recipient)}.`, facts: factsOf(sent) };
    },
  });
}

function describe({ document, invoiceNumber, year, amount, currency }: MailOnItsWay): string {
  const sum = formatMoney({ amountCents: centsOf(amount), currency });
  switch (document) {
    case 'year_summary':
      return `The summary of ${year} over ${sum}`;
    case 'receipt':
      return `The receipt for invoice ${invoiceNumber} over ${sum}`;
    case 'tax_document':
      return `The tax document of invoice ${invoiceNumber} over ${sum}`;
    case 'invoice':
      return `A copy of invoice ${invoiceNumber} over ${sum}`;
    case 'payment_link':
      return `The link to pay ${sum} for invoice ${invoiceNumber}`;
  }
}

function factsOf(sent: MailOnItsWay): unknown {
  return { onItsWay: true, ...sent, recipient: maskEmail(sent.recipient) };
}
