/** `quote_discount`: which discount the rules give this customer, offered so that the customer can say yes to it. Gives none. */
import { z } from 'zod';
import type { DiscountDesk } from '../desk/discount.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { DiscountQuote, DiscountRefusal } from '../store/discount.ts';
import { DiscountKind } from '../store/generated/prisma/enums.ts';
import { defineTool } from './define-tool.ts';
import { plain, readCycle } from './reading.ts';
import { sentences, writeDate } from './words.ts';

const Input = z.strictObject({
  kind: z
    .enum(DiscountKind)
    .describe(
      'A programme (nonprofit, student, startup: with proof on file), "retention" for a customer who wants to pay less or leave for the price, "discretionary" for a reduction by choice.',
    ),
  percent: z
    .number()
    .min(1)
    .max(100)
    .optional()
    .describe('Only for "discretionary": how many percent the customer asks for. Left out: what an agent may give.'),
});
type Input = z.infer<typeof Input>;

/** What the agent may give itself with apply_discount, so that the answer promises no more. */
const Grant = z.strictObject({ kinds: z.array(z.enum(DiscountKind)).default([]), percent_max: z.number().min(0).max(100).default(0) });

export function quoteDiscount(discounts: DiscountDesk): AnyTool {
  return defineTool<Input, z.infer<typeof Grant>>({
    name: 'quote_discount',
    description:
      'Checks by the discount rules what this customer can get: programmes by the proof on file, the offer that keeps a customer, or a reduction by choice and who decides it. Use it before saying anything about a discount that is not in the list price. It gives nothing yet.',
    input: Input,
    grant: Grant,
    effect: 'read',
    infer: ({ text }) => inferInput(text),
    async run({ kind, percent }, grant, context) {
      const quote = await discounts.quote(context, kind, percent);
      if (!quote.possible) return { summary: refusal(quote, kind), facts: { possible: false, rule: quote.rule, kind } };
      const may = grant.kinds.includes(kind) && quote.level === 'agent' && (kind !== 'discretionary' || quote.percent <= grant.percent_max);
      return {
        summary: write(quote, may),
        facts: {
          possible: true,
          kind,
          percent: quote.percent,
          startsAt: quote.startsAt.toISOString(),
          endsAt: quote.endsAt?.toISOString() ?? null,
          decidedBy: quote.level,
          agentMayGiveIt: may,
        },
      };
    },
  });
}

function inferInput(text: string): Input | null {
  const said = plain(text);
  if (/\b(?:non-?profits?|charit(?:y|ies|able)|ngo|not-for-profit|501\(?c|foundation)\b/.test(said)) return { kind: 'nonprofit' };
  if (/\b(?:students?|university|universities|school|academic|education(?:al)?|college|teachers?|edu)\b/.test(said)) return { kind: 'student' };
  if (/\b(?:start-?ups?|early[- ]stage|just founded|bootstrapp\w+|seed (?:round|stage))\b/.test(said)) return { kind: 'startup' };
  const leaving = /\b(?:cancel\w*|leav(?:e|ing)|switch(?:ing)? to|competitor\w*|downgrad\w*|too expensive|can't afford|cannot afford|budget|loyal\w*)\b/.test(
    said,
  );
  if (leaving && /\b(?:expensive|price|pricing|cost\w*|cheap\w*|afford|discount\w*|budget|money|deal|rate)\b/.test(said)) return { kind: 'retention' };
  if (
    !/\b(?:discounts?|coupons?|promo(?:tion|tional)?(?: codes?)?|voucher|better (?:price|deal|rate|offer)|do better|price (?:match|reduction)|percent off|% off|cheaper|deal|negotiat\w*|special (?:price|offer|rate))\b/.test(
      said,
    )
  )
    return null;
  // What paying by the year saves is in the price list.
  if (readCycle(text) === 'annual') return null;
  const percent = Number(/\b(\d{1,2}) ?(?:%|percent)/.exec(said)?.[1] ?? Number.NaN);
  return percent >= 1 ? { kind: 'discretionary', percent } : { kind: 'discretionary' };
}

function refusal({ rule, reason }: DiscountRefusal, kind: DiscountKind): string {
  return sentences(
    reason,
    rule === 'no_proof' && `The proof is sent in under Settings > Billing > Plan, under Discount programmes; once it is checked, the ${kind} discount applies.`,
    rule === 'proof_over' && 'A new one is sent in under Settings > Billing > Plan, under Discount programmes.',
  );
}

const NAMES: Readonly<Record<DiscountKind, string>> = {
  nonprofit: 'the nonprofit discount',
  student: 'the education discount',
  startup: 'the startup discount',
  retention: 'a discount for staying',
  discretionary: 'a discount',
};

const DECIDED: Readonly<Record<DiscountQuote['level'], string>> = {
  agent: 'the sales team',
  manager: 'a sales manager',
  director: 'a sales director',
  vp: 'the vice president of sales',
};

function write({ kind, percent, startsAt, endsAt, level }: DiscountQuote, may: boolean): string {
  const span =
    endsAt === null ? `from your next invoice on ${writeDate(startsAt)}` : `from your next invoice on ${writeDate(startsAt)} until ${writeDate(endsAt)}`;
  if (!may) return `${percent}% off the price would be decided by ${DECIDED[level]}, ${span}. Answer with a plain yes and I pass the wish on to them.`;
  return sentences(
    `You can have ${NAMES[kind]} of ${percent}%, ${span}.`,
    kind === 'retention' || kind === 'discretionary'
      ? 'Together with volume and annual discounts the limit for all of them holds.'
      : 'It takes the place of volume and annual discounts where it is better, and does not add to them.',
    'If you want it, answer with a plain yes and I set it up.',
  );
}
