/** `trace_handovers`: which agents answered in the customer's latest conversation, one after the other, and why each was called. Hands nothing over. */
import { z } from 'zod';
import type { Catalog } from '../catalog/agent.ts';
import { TURNS } from '../desk/desk-run.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { defineTool } from './define-tool.ts';
import { sentences, writeBullets, paragraphs, writeTime, writeDate } from './words.ts';

const STEPS_MAX = 20;
const Output = z.object({ handedOverTo: z.string(), reason: z.string(), hop: z.number() });

export interface TraceHandoversDeps {
  readonly database: Database;
  readonly catalog: Pick<Catalog, 'get'>;
}

export function traceHandovers({ database, catalog }: TraceHandoversDeps): AnyTool {
  return defineTool({
    name: 'trace_handovers',
    description: "Shows the chain of agents of the customer's latest conversation: who answered, who handed over to whom, and why.",
    input: z.strictObject({}),
    grant: z.strictObject({}),
    effect: 'read',
    infer: () => ({}),
    async run(_input, _grant, { customerId, conversationId, beside, runId }) {
      const given = conversationId ?? beside;
      const conversation =
        given == null
          ? await database.conversation.findFirst({ where: { customerId }, orderBy: [{ lastMessageAt: 'desc' }, { id: 'desc' }], select: { id: true } })
          : { id: given };
      const steps = conversation
        ? await database.runStep.findMany({
            where: { agentId: { not: null }, run: { customerId, conversationId: conversation.id, id: { not: runId }, ...TURNS } },
            orderBy: [{ startedAt: 'desc' }, { id: 'desc' }],
            take: STEPS_MAX,
            select: { agentId: true, output: true, startedAt: true },
          })
        : [];
      const title = (agentId: string): string => catalog.get(agentId)?.title ?? agentId;
      const chain = steps.toReversed().flatMap(({ agentId, output, startedAt }) => {
        const handed = Output.safeParse(output);
        return agentId === null ? [] : [{ agentId, startedAt, handed: handed.success ? handed.data : null }];
      });
      if (chain.length === 0) return { summary: 'No agent has answered this customer yet, so there is no chain of hand-overs.', facts: { chain: [] } };
      const lines = chain.map(({ agentId, startedAt, handed }) =>
        sentences(
          `${title(agentId)} answered on ${writeDate(startedAt)} at ${writeTime(startedAt)}.`,
          handed && `It handed over to ${title(handed.handedOverTo)} (hop ${handed.hop}): ${handed.reason}`,
        ),
      );
      return {
        summary: paragraphs('The agents of the latest conversation, first to last:', writeBullets(lines)),
        facts: { chain: chain.map(({ agentId, handed }) => ({ agentId, handed })) },
      };
    },
  });
}
