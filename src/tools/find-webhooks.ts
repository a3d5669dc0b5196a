/**
 * `find_webhooks`: the workspace's webhook endpoints, how the latest deliveries went, why they fail and when the next try is. Sends,
 * changes and enables nothing.
 */
import { z } from 'zod';
import { isNamed } from '../desk/grounding.ts';
import { addressOf } from '../desk/webhook.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { WebhookAttempt, WebhookEndpoint } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { isAboutWebhooks, textAbout } from './topics-technical.ts';
import { paragraphs, sentences, writeBullets, writeCount, writeDate, writeTime } from './words.ts';

const ENDPOINTS_MAX = 50;
const ATTEMPTS_MAX = 200;
const SHOWN_MAX = 4;
const DAY_MS = 86_400_000;

const Input = z.strictObject({
  endpoint: z.string().trim().min(3).max(300).optional().describe("The endpoint's address or host, or the customer's words that hold it; all when left out."),
});
type Input = z.infer<typeof Input>;
type Row = WebhookEndpoint & { readonly attempts: readonly WebhookAttempt[] };

/** What each kind of failure means and what the receiver has to change. */
const DIAGNOSES: Readonly<Record<string, { readonly means: string; readonly fix: string }>> = {
  timeout: { means: 'your server did not answer in time', fix: 'answer with 200 at once and do the work afterwards, in a queue.' },
  tls: { means: 'the certificate of your server was not accepted', fix: 'renew the certificate and send the whole chain, the intermediate ones included.' },
  connection_refused: {
    means: 'nothing accepted the connection',
    fix: 'check that the service runs, listens on 443, and that the firewall lets our addresses in.',
  },
  dns: {
    means: "the server's name could not be found",
    fix: 'check the host name for a slip and its public DNS entry; private names and localhost cannot be reached.',
  },
};

export function findWebhooks(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_webhooks',
    description:
      "Looks up the customer's webhook endpoints with their latest deliveries: failures with cause and fix, retries left and when the next one is, and whether an endpoint was switched off. Use it when webhooks are missing, late, failing or disabled.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer(turn) {
      const text = textAbout(turn, isAboutWebhooks);
      return text === null ? null : { endpoint: text.trim().slice(0, 300) };
    },
    async run({ endpoint }, _grant, { customerId, now }) {
      const policy = await readPolicy(database);
      const since = new Date(now.getTime() - policy.webhookDelivery.keptDays * DAY_MS);
      const rows = await database.webhookEndpoint.findMany({
        where: { customerId },
        include: { attempts: { where: { at: { gte: since } }, orderBy: [{ at: 'desc' }, { id: 'asc' }], take: ATTEMPTS_MAX } },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
        take: ENDPOINTS_MAX,
      });
      const named = endpoint === undefined ? [] : rows.filter(({ url }) => isNamed(addressOf(url).host, { said: endpoint, earlier: [] }));
      const shown = named.length > 0 ? named : rows;
      return { summary: summaryOf(shown, policy, now), facts: { keptDays: policy.webhookDelivery.keptDays, endpoints: shown.map((row) => factsOf(row, now)) } };
    },
  });
}

/** "hooks.example.com/loomwork". */
export function writeAddress(url: string): string {
  const { host, path } = addressOf(url);
  return `${host}${path}`;
}

function summaryOf(rows: readonly Row[], policy: Policy, now: Date): string {
  if (rows.length === 0) return 'There is no webhook endpoint in your workspace, so nothing is sent. Add one under Settings > Developer > Webhooks.';
  const [only] = rows;
  if (only && rows.length === 1) return describe(only, policy, now);
  return paragraphs(
    `Your workspace has ${writeCount(rows.length, 'webhook endpoint')}:`,
    writeBullets(rows.slice(0, SHOWN_MAX).map((row) => describe(row, policy, now))),
    rows.length > SHOWN_MAX && `${writeCount(rows.length - SHOWN_MAX, 'more is', 'more are')} not shown; name a host and I look it up.`,
  );
}

function describe(row: Row, policy: Policy, now: Date): string {
  const { webhookDelivery } = policy;
  const address = writeAddress(row.url);
  const { failed, delivered, latestFailure, next } = stateOf(row, now);
  const off =
    row.status === 'disabled' &&
    sentences(
      `${address} is switched off${row.disabledReason ? `: ${row.disabledReason}` : ` after ${webhookDelivery.disabledAfterDays} days without a success`}.`,
      'Events of the time since are not sent afterwards. Once your server answers again, I can switch it on.',
    );
  const counts =
    row.attempts.length === 0
      ? `Nothing was sent to ${address} in the last ${webhookDelivery.keptDays} days.`
      : `In the last ${webhookDelivery.keptDays} days ${writeCount(delivered, 'event')} arrived at ${address} and ${writeCount(failed.length, 'event')} failed.`;
  const cause = latestFailure && failed.length > 0 && diagnose(latestFailure, policy);
  const retry =
    next?.nextAttemptAt &&
    `Try ${next.attempt + 1} of ${policy.webhook.attemptsMax} follows on ${writeDate(next.nextAttemptAt)} at ${writeTime(next.nextAttemptAt)}.`;
  const well = row.status === 'active' && row.attempts.length > 0 && failed.length === 0 && 'Everything was delivered.';
  return sentences(off, counts, cause, retry, well);
}

function diagnose({ error, responseStatus, at, event }: WebhookAttempt, { webhookDelivery }: Policy): string {
  const known = error === null ? undefined : DIAGNOSES[error];
  const when = `The latest failure (${event}, ${writeDate(at)} ${writeTime(at)}):`;
  if (error === 'timeout' && known) return `${when} ${known.means} (${webhookDelivery.timeoutSeconds} seconds). The fix: ${known.fix}`;
  if (known) return `${when} ${known.means}. The fix: ${known.fix}`;
  return `${when} your server answered ${responseStatus ?? 'with an error'}. The fix: ${fixOfStatus(responseStatus)}`;
}

function fixOfStatus(status: number | null): string {
  if (status === 401 || status === 403)
    return "your own check refused it: compare the signature with the endpoint's present secret on the raw body, and let our addresses through the firewall.";
  if (status === 404 || status === 410) return 'the path does not exist there: correct the address of the endpoint.';
  if (status !== null && status >= 300 && status < 400) return 'redirects are not followed: enter the final address.';
  if (status === 413) return 'your server limits the size of a body: allow at least 1 MB.';
  if (status === 429) return 'your server limits requests: let ours through and work through them in a queue.';
  return "look in your server's log at that time, and answer with 200 before doing the work.";
}

/** Events by how they stand: each counts once, whatever its tries. */
function stateOf({ attempts, status }: Row, now: Date) {
  const byEvent = Map.groupBy(attempts, ({ eventId }) => eventId);
  const failed = [...byEvent].flatMap(([eventId, tries]) => (tries.some((one) => one.status === 'succeeded') ? [] : [eventId]));
  const open = attempts.filter(({ eventId, nextAttemptAt }) => failed.includes(eventId) && nextAttemptAt !== null && nextAttemptAt > now);
  return {
    failed,
    delivered: byEvent.size - failed.length,
    latestFailure: attempts.find(({ status: one }) => one === 'failed'),
    next: status === 'disabled' ? undefined : open.toSorted((a, b) => (a.nextAttemptAt?.getTime() ?? 0) - (b.nextAttemptAt?.getTime() ?? 0))[0],
  };
}

function factsOf(row: Row, now: Date): unknown {
  const { failed, delivered, latestFailure, next } = stateOf(row, now);
  return {
    endpointId: row.id,
    address: writeAddress(row.url),
    events: row.events,
    status: row.status,
    disabledReason: row.disabledReason,
    delivered,
    failed: failed.length,
    latestFailure: latestFailure
      ? {
          event: latestFailure.event,
          error: latestFailure.error,
          responseStatus: latestFailure.responseStatus,
          attempt: latestFailure.attempt,
          at: latestFailure.at.toISOString(),
        }
      : null,
    nextAttemptAt: next?.nextAttemptAt?.toISOString() ?? null,
  };
}
