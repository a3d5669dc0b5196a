/** `apply_discount`: gives the discount that was quoted and that the customer has just said yes to. Decides no percent: the offer holds it. */
import { z } from 'zod';
import type { DiscountDesk } from '../desk/discount.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { DiscountKind } from '../store/generated/prisma/enums.ts';
import { defineTool } from './define-tool.ts';
import { writeDate, writeNumber } from './words.ts';

const Input = z.strictObject({});
const Grant = z.strictObject({ kinds: z.array(z.enum(DiscountKind)).min(1), percent_max: z.number().min(0).max(100), after: z.literal('customer_yes') });

export function applyDiscount(discounts: DiscountDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, z.infer<typeof Grant>>({
    name: 'apply_discount',
    description:
      'Gives the discount that quote_discount offered in the answer before, once the customer has said a plain yes to it. Takes no arguments: the offer holds kind and percent. Above what an agent may give it asks the people who decide, and answers once they have.',
    input: Input,
    grant: Grant,
    effect: 'money',
    // Only with a language model: a yes is read in its conversation.
    infer: () => null,
    async run(_input, grant, context) {
      const discount = await discounts.apply(context, { kinds: grant.kinds, percentMax: grant.percent_max });
      const percent = discount.percent.toNumber();
      const until = discount.endsAt === null ? '' : ` until ${writeDate(discount.endsAt)}`;
      return {
        summary: `${writeNumber(percent)}% are taken off from your next invoice on ${writeDate(discount.startsAt)}${until}.`,
        facts: {
          done: true,
          discountId: discount.id,
          kind: discount.kind,
          percent,
          startsAt: discount.startsAt.toISOString(),
          endsAt: discount.endsAt?.toISOString() ?? null,
        },
      };
    },
  });
}
