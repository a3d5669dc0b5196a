/** `retry_sync`: another synchronisation with a connected service, ordered through the desk. Says that it was ordered, never that it worked. */
import { z } from 'zod';
import type { ConnectionDesk } from '../desk/connection.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { defineTool } from './define-tool.ts';
import { writeService } from './find-connections.ts';
import { writeCount } from './words.ts';

const Input = z.strictObject({
  connectionId: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('The id find_connections gave. Left out: the connection the customer named, or the only one in trouble.'),
});

export function retrySync(connections: ConnectionDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, Record<string, never>>({
    name: 'retry_sync',
    description:
      'Orders another synchronisation of one connected service or device. Use it when find_connections shows waiting changes or a passing error; it resolves no conflicts and cannot reconnect what is cut off.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'outbound',
    infer: () => null,
    async run({ connectionId }, _grant, context) {
      const connection = await connections.retrySync({ ...context, connectionId });
      const waiting = connection.pendingItems > 0 ? ` ${writeCount(connection.pendingItems, 'change waits', 'changes wait')} to be carried over.` : '';
      return {
        summary: `Another synchronisation of ${writeService(connection.service).replace(/^The/, 'the')} is on its way.${waiting} It usually takes a few minutes.`,
        facts: { connectionId: connection.id, service: connection.service, ordered: true },
      };
    },
  });
}
