/**
 * `find_known_issues`: whether a report fits a fault of the product that is known, incidents of the status page first, with the way
 * round it. Opens no ticket and promises no day.
 */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { KnownIssue } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import { defineTool } from './define-tool.ts';
import { AREAS, issuesFitting, mayBeOfPlatform, startsOf } from './known-issues.ts';
import { isAboutFault, textAbout } from './topics-technical.ts';
import { paragraphs, sentences, writeBullets, writeDate, writeTime } from './words.ts';

const SHOWN_MAX = 3;
const DAY_MS = 86_400_000;

/** Words of a report that may concern everybody. */
const OUTAGE = startsOf('down outage incident everybody everyone nobody status unreachable offline');

const Input = z.strictObject({
  report: z
    .string()
    .trim()
    .min(3)
    .max(1_000)
    .optional()
    .describe("What goes wrong, in the customer's words with the error's words; left out: open incidents only."),
  area: z.enum(AREAS).optional().describe('Only faults of this part of the product.'),
});
type Input = z.infer<typeof Input>;

export function findKnownIssues(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_known_issues',
    description:
      'Compares a report with the known faults of the product and the incidents of the status page, and gives state, workaround and the version with the fix. Use it first for anything that is broken, crashes, is slow, down or out of sync.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer(turn) {
      const text = textAbout(turn, isAboutFault);
      return text === null ? null : { report: text.trim().slice(0, 1_000) };
    },
    async run({ report, area }, _grant, { now }) {
      const { knownIssueShownDays } = await readPolicy(database);
      const rows = await database.knownIssue.findMany({
        where: {
          ...(area ? { area } : {}),
          OR: [{ status: { not: 'fixed' } }, { fixedAt: { gte: new Date(now.getTime() - knownIssueShownDays * DAY_MS) } }],
        },
        orderBy: [{ startedAt: 'desc' }, { id: 'asc' }],
      });
      const like = report === undefined ? [] : issuesFitting(rows, report);
      const fitting = like.filter((row) => mayBeOfPlatform(row, report ?? '')).slice(0, SHOWN_MAX);
      const elsewhere = fitting.length > 0 ? [] : like.slice(0, SHOWN_MAX);
      const incidents = rows.filter((row) => row.incident && row.status !== 'fixed');
      const others = incidents.filter(
        (incident) => ![...fitting, ...elsewhere].includes(incident) && (report === undefined || area !== undefined || asksForOutage(report)),
      );
      return {
        summary: summaryOf({ fitting, elsewhere, incidents: others, report, anyOpen: incidents.length > 0 }),
        facts: {
          fitting: fitting.map(factsOf),
          onOtherPlatforms: elsewhere.map(factsOf),
          openIncidents: incidents.map(factsOf),
          statusPage: 'https://status.loomwork.example',
        },
      };
    },
  });
}

function asksForOutage(report: string): boolean {
  const said = startsOf(report);
  return [...OUTAGE].some((start) => said.has(start));
}

interface Findings {
  readonly fitting: readonly KnownIssue[];
  /** Like the report, but of another platform than it names; only when none fits. */
  readonly elsewhere: readonly KnownIssue[];
  readonly incidents: readonly KnownIssue[];
  readonly report: string | undefined;
  readonly anyOpen: boolean;
}

function summaryOf({ fitting, elsewhere, incidents, report, anyOpen }: Findings): string {
  const [first, ...more] = fitting;
  const running = incidents.length > 0 && `There is an open incident on the status page: ${incidents.map(describe).join(' ')}`;
  if (!first) {
    if (elsewhere.length > 0)
      return paragraphs(
        running,
        'I found no known fault of this platform that fits this description. Something like it is known elsewhere:',
        writeBullets(elsewhere.map(describe)),
      );
    const none = report === undefined ? '' : 'I found no known fault that fits this description.';
    return sentences(running || (!anyOpen && 'The status page shows no open incident.'), none);
  }
  return paragraphs(
    running,
    `This fits a known ${first.incident ? 'incident' : 'fault'}. ${describe(first)}`,
    more.length > 0 && `It may also be one of these:\n\n${writeBullets(more.map(describe))}`,
  );
}

function describe({ title, status, startedAt, workaround, fixedIn, fixedAt }: KnownIssue): string {
  if (status === 'fixed')
    return sentences(
      `"${title}" was fixed${fixedIn ? ` in version ${fixedIn}` : ''}${fixedAt ? ` on ${writeDate(fixedAt)}` : ''}.`,
      fixedIn ? 'Update the app or reload the page to get the fix.' : 'If you still see it, reload the page and tell me.',
    );
  const state = status === 'investigating' ? 'our engineers are looking for the cause' : 'the cause is found and a fix is being made';
  return sentences(`"${title}", since ${writeDate(startedAt)} ${writeTime(startedAt)}: ${state}.`, workaround && `Until then: ${workaround}`);
}

function factsOf({ id, title, incident, area, status, severity, workaround, fixedIn, startedAt, fixedAt }: KnownIssue): unknown {
  return {
    knownIssueId: id,
    title,
    incident,
    area,
    status,
    severity,
    workaround,
    fixedIn,
    startedAt: startedAt.toISOString(),
    fixedAt: fixedAt?.toISOString() ?? null,
  };
}
