/**
 * `correct_invoice_details`: a request to the billing team to change what stands on an invoice, in the customer's exact words. Rewrites
 * no invoice: an issued one is corrected by people.
 */
import { z } from 'zod';
import { isNamed } from '../desk/grounding.ts';
import type { TicketDesk } from '../desk/ticket.ts';
import { AppError } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { defineTool } from './define-tool.ts';
import { INVOICE_NUMBER } from './reading.ts';

const FIELDS = ['company', 'address', 'tax_number', 'purchase_order', 'recipient'] as const;

const Input = z.strictObject({
  field: z.enum(FIELDS).describe('What is to be corrected.'),
  text: z.string().trim().min(2).max(300).describe('The new text, exactly as the customer wrote it in this conversation.'),
  invoiceNumber: INVOICE_NUMBER.optional().describe('The invoice meant. Left out: the invoices to come.'),
});
type Input = z.infer<typeof Input>;

const NAMES: Readonly<Record<Input['field'], string>> = {
  company: 'company name',
  address: 'address',
  tax_number: 'tax number',
  purchase_order: 'purchase order number',
  recipient: 'recipient',
};

export function correctInvoiceDetails(tickets: TicketDesk): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'correct_invoice_details',
    description:
      'Asks the billing team to correct company name, address, tax number, purchase order number or recipient on an invoice or on those to come, with the text the customer wrote. People make the change: say that it was passed on, not that it was made.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'write',
    redact: ['text'],
    // What is to stand on a document must be read out of a sentence exactly; no pattern does that.
    infer: () => null,
    async run({ field, text, invoiceNumber }, _grant, context) {
      if (!isNamed(text, context))
        throw new AppError('CONFLICT', `The customer has not written this ${NAMES[field]} in the conversation. Ask for the exact text.`, { retryable: false });
      const { customerId, conversationId, agentId, callId } = context;
      const where = invoiceNumber === undefined ? 'on the invoices to come' : `on invoice ${invoiceNumber}`;
      const ticket = await tickets.open({
        customerId,
        conversationId,
        kind: 'request',
        title: `Correct the ${NAMES[field]} ${where}`,
        description: `The customer wants this ${NAMES[field]} ${where}:\n\n${text}`,
        severity: 'low',
        agentId,
        callId,
      });
      return {
        summary: `I have passed the new ${NAMES[field]} ${where} on to the billing team as request ${ticket.number}.`,
        facts: { requested: true, ticket: ticket.number, field, text, invoiceNumber: invoiceNumber ?? null },
      };
    },
  });
}
