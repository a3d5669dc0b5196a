/** `revoke_api_key`: ends one key of the workspace for good, through the desk. Makes no new one: secrets are shown only in the product. */
import { z } from 'zod';
import type { WorkspaceKeyDesk } from '../desk/workspace-key.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { defineTool } from './define-tool.ts';

const Input = z.strictObject({
  keyId: z.string().min(1).max(64).optional().describe('The id find_api_keys gave. Left out: the key the customer named by name or first characters.'),
});

export function revokeApiKey(keys: WorkspaceKeyDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, Record<string, never>>({
    name: 'revoke_api_key',
    description:
      'Revokes one API key of the workspace for good. Use it when the customer named the key and asked for it, for example because it leaked. It cannot be undone, and programs that use the key stop working.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'outbound',
    infer: () => null,
    async run({ keyId }, _grant, context) {
      const key = await keys.revoke({ ...context, keyId });
      return {
        summary: `The key "${key.name}" (${key.prefix}…) is revoked: within a minute every request with it answers 401. Create its successor under Settings > Developer > API tokens.`,
        facts: { keyId: key.id, name: key.name, prefix: key.prefix, revokedAt: key.revokedAt?.toISOString() ?? null },
      };
    },
  });
}
