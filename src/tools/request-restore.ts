/** `request_restore`: brings one item back from the trash, as an order through the desk. Says that it is on its way, never that it is back. */
import { z } from 'zod';
import type { RestoreDesk } from '../desk/restore.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { defineTool } from './define-tool.ts';

const Input = z.strictObject({
  itemId: z.string().min(1).max(64).optional().describe('The id find_deleted_items gave. Left out: the item the customer named, or the only one there is.'),
});
const Grant = z.strictObject({ megabytes_max: z.number().int().min(1) });

export function requestRestore(restores: RestoreDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, z.infer<typeof Grant>>({
    name: 'request_restore',
    description:
      'Orders that one deleted item comes back from the trash. Use it once the customer has named the item they want back. It refuses what was erased for good or was not named, and passes large items to a person.',
    input: Input,
    grant: Grant,
    effect: 'outbound',
    infer: () => null,
    async run({ itemId }, { megabytes_max }, context) {
      const { id, item, createdAt } = await restores.request({ ...context, itemId, megabytesMax: megabytes_max });
      return {
        summary: `The restore of ${item.kind} "${item.name}" is on its way. It returns to its place with its comments and files; large items take up to an hour.`,
        facts: { restoreId: id, itemId: item.id, kind: item.kind, name: item.name, requestedAt: createdAt.toISOString() },
      };
    },
  });
}
