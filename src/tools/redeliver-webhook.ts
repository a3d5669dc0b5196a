/** `redeliver_webhook`: failed deliveries of one endpoint, ordered once more through the desk. Says how many are on their way. */
import { z } from 'zod';
import type { WebhookDesk } from '../desk/webhook.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { defineTool } from './define-tool.ts';
import { writeAddress } from './find-webhooks.ts';
import { writeCount } from './words.ts';

const Input = z.strictObject({
  endpointId: z.string().min(1).max(64).optional().describe('The id find_webhooks gave. Left out: the endpoint the customer named, or the only one there is.'),
});
const Grant = z.strictObject({ events_max: z.number().int().min(1).max(1_000) });

export function redeliverWebhook(webhooks: WebhookDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, z.infer<typeof Grant>>({
    name: 'redeliver_webhook',
    description:
      'Orders that the failed deliveries of one endpoint are sent again. Use it once the cause is repaired and the endpoint is on; what is on its way already is not sent twice.',
    input: Input,
    grant: Grant,
    effect: 'outbound',
    infer: () => null,
    async run({ endpointId }, { events_max }, context) {
      const { endpoint, eventIds } = await webhooks.redeliver({ ...context, endpointId, eventsMax: events_max });
      return {
        summary: `${writeCount(eventIds.length, 'failed event is', 'failed events are')} on the way to ${writeAddress(endpoint.url)} once more, oldest first. They keep their ids, so a receiver that knows an id can leave it out.`,
        facts: { endpointId: endpoint.id, events: eventIds.length },
      };
    },
  });
}
