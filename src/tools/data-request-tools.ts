/** `open_data_request` and `find_data_requests`: rights under privacy law and compliance documents, with the day an answer is due. Answers none of them. */
import { z } from 'zod';
import { LAWS, type Law, type PrivacyDesk } from '../desk/privacy.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { DataRequest } from '../store/generated/prisma/client.ts';
import { DataRequestKind } from '../store/generated/prisma/enums.ts';
import { defineTool } from './define-tool.ts';
import { isAboutCompliance } from './topics-account.ts';
import { paragraphs, sentences, writeBullets, writeDate } from './words.ts';

const KINDS: Readonly<Record<DataRequestKind, string>> = {
  access: 'access to personal data',
  portability: 'portability of personal data',
  rectification: 'correction of personal data',
  restriction: 'restriction of processing',
  objection: 'objection to processing',
  agreement: 'agreement to sign',
  report: 'compliance report',
};
const LAW_NAMES: Readonly<Record<Law, string>> = { gdpr: 'GDPR', ccpa: 'CCPA', hipaa: 'HIPAA', soc2: 'SOC 2', iso27001: 'ISO 27001' };

const Wish = z.strictObject({
  kind: z.enum(DataRequestKind).describe('The right that is used, or agreement (DPA, BAA) or report (SOC 2, ISO 27001).'),
  law: z.enum(LAWS).describe('The law or standard.'),
  details: z.string().trim().min(3).max(1_000).describe('What exactly is wanted, self-contained, in plain words.'),
});
const Grant = z.strictObject({ kinds: z.array(z.enum(DataRequestKind)).min(1) });

export function openDataRequest(privacy: PrivacyDesk): AnyTool {
  return defineTool<z.infer<typeof Wish>, z.infer<typeof Grant>>({
    name: 'open_data_request',
    description:
      'Opens a request under privacy law, or for a compliance document, and gives the day it must be answered by. Use it when the customer clearly wants such a request made; the privacy team answers it.',
    input: Wish,
    grant: Grant,
    effect: 'write',
    redact: ['details'],
    infer: () => null,
    async run(input, grant, context) {
      const row = await privacy.openRequest(context, input, grant);
      return {
        summary: `The request (${KINDS[row.kind]}, ${lawOf(row.law)}) is open. It is due by ${writeDate(row.dueAt)}; a confirmation is on its way to the address on file.`,
        facts: factsOf(row),
      };
    },
  });
}

export function findDataRequests(database: Database): AnyTool {
  return defineTool<Record<string, never>, Record<string, never>>({
    name: 'find_data_requests',
    description:
      "Looks up the customer's requests under privacy law and for compliance documents: kind, state, and the day an answer is due. Use it before opening another and for the state of one.",
    input: z.strictObject({}),
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutCompliance(text) ? {} : null),
    async run(_input, _grant, { customerId, now }) {
      const rows = await database.dataRequest.findMany({ where: { customerId }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], take: 10 });
      const facts = { requests: rows.map(factsOf) };
      if (rows.length === 0) return { summary: 'There is no privacy or compliance request of yours on file.', facts };
      return { summary: paragraphs(sentences('Your privacy and compliance requests:'), writeBullets(rows.slice(0, 5).map((row) => lineOf(row, now)))), facts };
    },
  });
}

function lineOf(row: DataRequest, now: Date): string {
  const what = `${KINDS[row.kind]} (${lawOf(row.law)}), asked for on ${writeDate(row.createdAt)}`;
  if (row.status === 'requested' || row.status === 'running') return `${what}: open, due ${row.dueAt < now ? 'since' : 'by'} ${writeDate(row.dueAt)}`;
  return `${what}: ${row.status}${row.finishedAt ? ` on ${writeDate(row.finishedAt)}` : ''}`;
}

function lawOf(law: string): string {
  const known = LAWS.find((one) => one === law);
  return known ? LAW_NAMES[known] : law;
}

function factsOf({ id, kind, law, status, createdAt, dueAt, finishedAt }: DataRequest): unknown {
  return { requestId: id, kind, law, status, createdAt: createdAt.toISOString(), dueAt: dueAt.toISOString(), finishedAt: finishedAt?.toISOString() ?? null };
}
