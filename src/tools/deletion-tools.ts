/**
 * The end of an account: `quote_deletion` tells what it means and records the offer, `request_deletion` acts on the customer's yes,
 * `cancel_deletion` calls it back, `find_deletion` says where it stands. The delay and the yes are the desk's to keep.
 */
import { z } from 'zod';
import type { DeletionDesk } from '../desk/deletion.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { wholeDays } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import { defineTool } from './define-tool.ts';
import { plain } from './reading.ts';
import { isAboutDeletion } from './topics-account.ts';
import { paragraphs, sentences, writeCount, writeDate } from './words.ts';

const Nothing = z.strictObject({});
const Reason = z.strictObject({ reason: z.string().trim().min(1).max(300).optional().describe("The customer's reason in a few words, if they gave one.") });

export function quoteDeletion(deletions: DeletionDesk, database: Database): AnyTool {
  return defineTool<Record<string, never>, Record<string, never>>({
    name: 'quote_deletion',
    description:
      'Says what deleting the account means: when it becomes final, what is kept by law, which export exists; and asks for a yes. Use it before every deletion. It deletes nothing.',
    input: Nothing,
    grant: Nothing,
    effect: 'read',
    infer: ({ text }) => (wantsDeletion(text) ? {} : null),
    async run(_input, _grant, context) {
      const { terms, executeAt } = await deletions.quote(context);
      const [policy, last] = await Promise.all([
        readPolicy(database),
        database.exportRequest.findFirst({ where: { customerId: context.customerId, kind: 'full', status: 'done' }, orderBy: { finishedAt: 'desc' } }),
      ]);
      const { invoiceYears, auditDays, conversationYears } = policy.keptAfterDeletion;
      return {
        summary: paragraphs(
          sentences(
            `If you delete the account today, everybody is signed out and all projects, tasks, files and members are erased for good on ${writeDate(executeAt)}, ${writeCount(terms.delayDays, 'day')} from now.`,
            'Until then you can call it back at any time.',
          ),
          `Kept after that: invoices for ${writeCount(invoiceYears, 'year')} by law, audit entries for ${writeCount(auditDays, 'day')}, support conversations for ${writeCount(conversationYears, 'year')}.`,
          sentences(
            last?.finishedAt ? `Your last full export is from ${writeDate(last.finishedAt)}.` : 'There is no full export of your workspace yet.',
            'I can order one first. If you want the account deleted, answer with a plain yes.',
          ),
        ),
        facts: { ...terms, executeAt: executeAt.toISOString(), kept: policy.keptAfterDeletion, lastFullExportAt: last?.finishedAt?.toISOString() ?? null },
      };
    },
  });
}

export function requestDeletion(deletions: DeletionDesk): AnyTool {
  return defineTool<z.infer<typeof Reason>, { readonly after: 'customer_yes' }>({
    name: 'request_deletion',
    description:
      'Schedules the deletion of the account after the legal delay. Use it only when your last answer quoted the deletion and the customer has just said a plain yes.',
    input: Reason,
    grant: z.strictObject({ after: z.literal('customer_yes') }),
    effect: 'write',
    redact: ['reason'],
    infer: () => null,
    async run({ reason }, _grant, context) {
      const row = await deletions.request(context, reason);
      return {
        summary: `The deletion of your account is scheduled for ${writeDate(row.executeAt)}. Until then you can call it back here at any time; a confirmation to the address on file is on its way.`,
        facts: { requestId: row.id, status: row.status, executeAt: row.executeAt.toISOString() },
      };
    },
  });
}

export function cancelDeletion(deletions: DeletionDesk): AnyTool {
  return defineTool<Record<string, never>, Record<string, never>>({
    name: 'cancel_deletion',
    description: 'Calls back a pending deletion of the account. Use it when the customer wants to keep the account.',
    input: Nothing,
    grant: Nothing,
    effect: 'write',
    infer: () => null,
    async run(_input, _grant, context) {
      const row = await deletions.cancel(context);
      return {
        summary: 'The deletion is called back: your account stays, with everything in it. A confirmation is on its way to the address on file.',
        facts: { requestId: row.id, status: row.status },
      };
    },
  });
}

export function findDeletion(database: Database): AnyTool {
  return defineTool<Record<string, never>, Record<string, never>>({
    name: 'find_deletion',
    description:
      'Looks up whether a deletion of the account is pending, since when and until when it can be called back. Use it first for every question about deleting or keeping the account.',
    input: Nothing,
    grant: Nothing,
    effect: 'read',
    infer: ({ text }) => (isAboutDeletion(text) ? {} : null),
    async run(_input, _grant, { customerId, now }) {
      const row = await database.deletionRequest.findFirst({ where: { customerId }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] });
      const facts = row && {
        requestId: row.id,
        status: row.status,
        createdAt: row.createdAt.toISOString(),
        executeAt: row.executeAt.toISOString(),
        canceledAt: row.canceledAt?.toISOString() ?? null,
      };
      if (!row) return { summary: 'No deletion of your account is pending, and none was asked for before.', facts };
      if (row.status === 'requested')
        return {
          summary: `A deletion of your account was asked for on ${writeDate(row.createdAt)}. It becomes final on ${writeDate(row.executeAt)}, ${writeCount(wholeDays(now, row.executeAt), 'day')} from now; until then it can be called back.`,
          facts,
        };
      if (row.status === 'canceled')
        return {
          summary: `No deletion is pending: the one of ${writeDate(row.createdAt)} was called back${row.canceledAt ? ` on ${writeDate(row.canceledAt)}` : ''}.`,
          facts,
        };
      return { summary: `The deletion asked for on ${writeDate(row.createdAt)} is ${row.status === 'done' ? 'done' : row.status}.`, facts };
    },
  });
}

/** They want it gone, and do not ask to have that undone. */
function wantsDeletion(text: string): boolean {
  return (
    isAboutDeletion(text) &&
    !/\b(?:cancel|stop|undo|revert|reverse|call(?:ed)? back|keep|changed my mind|pending|scheduled|status|by mistake|accident\w*|not to delete|don't delete)\b/.test(
      plain(text),
    )
  );
}
