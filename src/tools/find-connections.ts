/**
 * `find_connections`: other services and devices the workspace synchronises with, what keeps them behind and what helps, by rule.
 * Starts no synchronisation and connects nothing.
 */
import { z } from 'zod';
import { isTroubled, namesService } from '../desk/connection.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { Connection } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { isAboutSync, textAbout } from './topics-technical.ts';
import { capitalise, paragraphs, sentences, writeBullets, writeCount, writeDate, writeList, writeTime } from './words.ts';

const SHOWN_MAX = 6;

const Input = z.strictObject({
  service: z
    .string()
    .trim()
    .min(2)
    .max(200)
    .optional()
    .describe('The service or device meant, as the customer calls it ("Slack", "my phone"); all when left out.'),
});
type Input = z.infer<typeof Input>;

const NAMES: Readonly<Record<string, string>> = {
  github: 'GitHub',
  google_calendar: 'Google Calendar',
  microsoft_teams: 'Microsoft Teams',
  mobile_app: 'The mobile app',
  desktop_app: 'The desktop app',
};

/** What the other side answered, and what helps against it. */
const ERRORS: Readonly<Record<string, { readonly means: string; readonly help: string }>> = {
  token_expired: { means: 'the permission has run out', help: 'connect it again under Settings > Integrations; nothing is lost by that.' },
  permission_revoked: {
    means: 'the permission was taken back on the other side',
    help: 'an admin of the other service allows Loomwork again, then connect it again under Settings > Integrations.',
  },
  channel_archived: { means: 'the channel it posts to was archived', help: 'choose another channel in the settings of the integration.' },
  rate_limited: { means: 'the other side takes no more for now', help: 'wait an hour; it goes on by itself.' },
  timeout: { means: 'the other side did not answer in time', help: 'another try usually works; I can order one.' },
  clock_skew: { means: "the device's clock is wrong", help: 'set the clock of the device to automatic, then try again.' },
};

export function findConnections(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_connections',
    description:
      "Looks up the services and devices the customer's workspace synchronises with: last synchronisation, waiting changes, conflicts, errors, and what helps. Use it when data does not arrive, differs or is delayed between devices, people or connected tools.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer(turn) {
      const text = textAbout(turn, isAboutSync);
      return text === null ? null : { service: text.trim().slice(0, 200) };
    },
    async run({ service }, _grant, { customerId, now }) {
      const [policy, rows] = await Promise.all([
        readPolicy(database),
        database.connection.findMany({ where: { customerId }, orderBy: [{ service: 'asc' }, { connectedBy: 'asc' }] }),
      ]);
      const named = service === undefined ? [] : rows.filter((row) => namesService(row.service, { said: service, earlier: [] }));
      const shown = named.length > 0 ? named : rows;
      return { summary: summaryOf(shown, named.length > 0, policy, now), facts: { connections: shown.map((row) => factsOf(row, policy, now)) } };
    },
  });
}

/** "Google Calendar". */
export function writeService(service: string): string {
  return NAMES[service] ?? capitalise(service.replaceAll('_', ' '));
}

function summaryOf(rows: readonly Connection[], named: boolean, policy: Policy, now: Date): string {
  if (rows.length === 0) return 'No other service or device is connected with your workspace.';
  const ill = rows.filter(isTroubled);
  const well = rows.filter((row) => !ill.includes(row));
  if (ill.length === 0)
    return named
      ? writeBulletsOrOne(well.map(line))
      : `All ${writeCount(well.length, 'connection')} of your workspace are in order: ${writeList(well.map(({ service }) => writeService(service)))}.`;
  return paragraphs(
    writeBulletsOrOne(ill.slice(0, SHOWN_MAX).map((row) => sentences(line(row), advice(row, policy, now)))),
    well.length > 0 && `In order: ${writeList([...new Set(well.map(({ service }) => writeService(service)))])}.`,
  );
}

function writeBulletsOrOne(lines: readonly string[]): string {
  const [only] = lines;
  return only !== undefined && lines.length === 1 ? only : writeBullets(lines);
}

function line({ service, connectedBy, status, lastSyncAt, pendingItems, conflicts }: Connection): string {
  const state = { connected: 'is connected', failing: 'is failing', disconnected: 'is cut off' }[status];
  const waiting = [pendingItems > 0 && writeCount(pendingItems, 'change waits', 'changes wait'), conflicts > 0 && writeCount(conflicts, 'conflict')].filter(
    (part): part is string => part !== false,
  );
  return sentences(
    `${writeService(service)} (set up by ${connectedBy}) ${state}; ${lastSyncAt ? `the last synchronisation was on ${writeDate(lastSyncAt)} at ${writeTime(lastSyncAt)}` : 'it has never synchronised'}.`,
    waiting.length > 0 && `${writeList(waiting)}.`,
  );
}

function advice(row: Connection, policy: Policy, now: Date): string {
  const known = row.lastError === null ? undefined : ERRORS[row.lastError];
  const cause = row.lastError !== null && `The reason: ${known?.means ?? `the other side answered "${row.lastError.replaceAll('_', ' ')}"`}.`;
  if (row.status === 'disconnected') return sentences(cause, `What helps: ${known?.help ?? 'connect it again under Settings > Integrations.'}`);
  const conflicts =
    row.conflicts > 0 && 'Conflicts: open the cloud symbol at the top right and choose for each which version stays; nothing is overwritten before.';
  if (known) return sentences(cause, `What helps: ${known.help}`, conflicts);
  const retry = (row.lastError !== null || isStale(row, policy, now)) && 'I can order another synchronisation; tell me if you would like that.';
  return sentences(cause, conflicts, retry);
}

/** What has nothing to carry over is not behind, however long ago it last had. */
function isStale({ pendingItems, lastSyncAt }: Connection, { sync }: Policy, now: Date): boolean {
  return pendingItems > 0 && lastSyncAt !== null && now.getTime() - lastSyncAt.getTime() > sync.staleMinutes * 60_000;
}

function factsOf(row: Connection, policy: Policy, now: Date): unknown {
  const { id, service, status, connectedBy, lastSyncAt, pendingItems, conflicts, lastError } = row;
  return {
    connectionId: id,
    service,
    status,
    connectedBy,
    lastSyncAt: lastSyncAt?.toISOString() ?? null,
    pendingItems,
    conflicts,
    lastError,
    behind: isStale(row, policy, now),
  };
}
