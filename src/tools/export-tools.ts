/** `request_export` and `find_exports`: copies of a workspace's data. The product makes the file and mails its link to the address on file. */
import { z } from 'zod';
import { EXPORT_FORMATS, type PrivacyDesk } from '../desk/privacy.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { ExportRequest } from '../store/generated/prisma/client.ts';
import { ExportKind } from '../store/generated/prisma/enums.ts';
import { readPolicy } from '../store/policy.ts';
import { defineTool } from './define-tool.ts';
import { isAboutDataExport } from './topics-account.ts';
import { maskEmail, paragraphs, writeBullets, writeCount, writeDate } from './words.ts';

export const EXPORT_WORDS: Readonly<Record<ExportKind, string>> = {
  full: 'the whole workspace',
  personal: 'personal data',
  projects: 'all projects',
  tasks: 'all tasks',
  audit_log: 'the audit log',
};

const Wish = z.strictObject({
  kind: z.enum(ExportKind).describe('What to export: the whole workspace, the personal data of one person, projects, tasks or the audit log.'),
  format: z.enum(EXPORT_FORMATS).describe('The format of the file.'),
  person: z
    .string()
    .trim()
    .min(2)
    .max(254)
    .optional()
    .describe('Whose data and to whom, as the customer wrote the name or address; the primary contact when left out.'),
});
const Grant = z.strictObject({ kinds: z.array(z.enum(ExportKind)).min(1) });

export function requestExport(privacy: PrivacyDesk): AnyTool {
  return defineTool<z.infer<typeof Wish>, z.infer<typeof Grant>>({
    name: 'request_export',
    description:
      'Orders an export of data; the link to the file goes by e-mail to the address on file and nowhere else. Use it when the customer said what they want exported; one export is made at a time.',
    input: Wish,
    grant: Grant,
    effect: 'outbound',
    redact: ['person'],
    infer: () => null,
    async run(input, grant, context) {
      const made = await privacy.requestExport(context, input, grant);
      return {
        summary: `The export of ${EXPORT_WORDS[made.kind]} as ${made.format.toUpperCase()} is ordered. The link will come by e-mail to ${maskEmail(made.recipient)} when the file is ready.`,
        facts: factsOf(made),
      };
    },
  });
}

export function findExports(database: Database): AnyTool {
  return defineTool<Record<string, never>, Record<string, never>>({
    name: 'find_exports',
    description:
      "Looks up the exports of the customer's data: what, when, ready or not, until when the link works. Use it for the state of an export and before ordering another.",
    input: z.strictObject({}),
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutDataExport(text) ? {} : null),
    async run(_input, _grant, { customerId, now }) {
      const [policy, rows] = await Promise.all([
        readPolicy(database),
        database.exportRequest.findMany({ where: { customerId }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], take: 10 }),
      ]);
      const facts = { linkDays: policy.exports.linkDays, exports: rows.map(factsOf) };
      if (rows.length === 0) return { summary: 'No export of your data was made so far.', facts };
      return {
        summary: paragraphs(
          `Your latest ${rows.length === 1 ? 'export' : 'exports'}:`,
          writeBullets(rows.slice(0, 5).map((row) => lineOf(row, policy.exports.linkDays, now))),
        ),
        facts,
      };
    },
  });
}

function lineOf(row: ExportRequest, linkDays: number, now: Date): string {
  const what = `${EXPORT_WORDS[row.kind]} as ${row.format.toUpperCase()}, asked for on ${writeDate(row.createdAt)}`;
  switch (row.status) {
    case 'requested':
    case 'running':
      return `${what}: being made; its link will work for ${writeCount(linkDays, 'day')}`;
    case 'done':
      if (row.expiresAt === null || row.expiresAt > now)
        return `${what}: ready, sent to ${maskEmail(row.recipient)}${row.expiresAt ? `, the link works until ${writeDate(row.expiresAt)}` : ''}`;
      return `${what}: the link ran out on ${writeDate(row.expiresAt)}`;
    case 'refused':
      return `${what}: refused`;
    case 'canceled':
      return `${what}: canceled`;
  }
}

function factsOf(row: ExportRequest): unknown {
  return {
    exportId: row.id,
    kind: row.kind,
    format: row.format,
    status: row.status,
    recipient: maskEmail(row.recipient),
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
    expiresAt: row.expiresAt?.toISOString() ?? null,
  };
}
