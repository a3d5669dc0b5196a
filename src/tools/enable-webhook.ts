/** `enable_webhook`: switches an endpoint on again, through the desk. Sends nothing that was missed meanwhile. */
import { z } from 'zod';
import type { WebhookDesk } from '../desk/webhook.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { defineTool } from './define-tool.ts';
import { writeAddress } from './find-webhooks.ts';

const Input = z.strictObject({
  endpointId: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('The id find_webhooks gave. Left out: the endpoint the customer named, or the only one that is off.'),
});

export function enableWebhook(webhooks: WebhookDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, Record<string, never>>({
    name: 'enable_webhook',
    description:
      'Switches a disabled webhook endpoint on again. Use it when the customer says that their server answers again and asks for it. Missed events are another matter: redeliver_webhook.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'outbound',
    infer: () => null,
    async run({ endpointId }, _grant, context) {
      const endpoint = await webhooks.enable({ ...context, endpointId });
      return {
        summary: `I have switched the endpoint ${writeAddress(endpoint.url)} on again; new events are sent to it within a minute. Events of the time when it was off are not sent by themselves.`,
        facts: { endpointId: endpoint.id, status: endpoint.status },
      };
    },
  });
}
