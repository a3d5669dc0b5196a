/**
 * `find_workspace_events`: who did what in the customer's workspace, as far back as the plan's audit log reaches. Shows names of
 * things, never their content; knows nothing of what happened inside Parley.
 */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { WorkspaceEvent } from '../store/generated/prisma/client.ts';
import { addDays } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import { defineTool } from './define-tool.ts';
import { plain } from './reading.ts';
import { isAboutAuditLog } from './topics-account.ts';
import { capitalise, maskEmail, paragraphs, sentences, writeBullets, writeCount, writeDate, writeTime } from './words.ts';

const READ_MAX = 500;
const SHOWN_MAX = 8;

/** Groups of actions by what customers call them; each is the part before the dot. */
const ABOUT = ['member', 'role', 'project', 'export', 'sign_in', 'token', 'security', 'plan'] as const;
type About = (typeof ABOUT)[number];

const ACTIONS: Readonly<Record<string, string>> = {
  'member.invited': 'invited',
  'member.joined': 'joined as',
  'member.removed': 'removed',
  'role.changed': 'changed the role of',
  'project.created': 'created the project',
  'project.deleted': 'deleted the project',
  'project.archived': 'archived the project',
  'export.made': 'exported',
  'sign_in.failed': 'failed to sign in as',
  'sign_in.succeeded': 'signed in as',
  'token.created': 'created the API token',
  'token.revoked': 'revoked the API token',
  'security.changed': 'changed the security setting',
  'plan.changed': 'changed the plan to',
};

const Input = z.strictObject({
  about: z.enum(ABOUT).optional().describe('Only this kind of event.'),
  verb: z.enum(['deleted', 'changed', 'invited', 'removed', 'created', 'failed', 'archived', 'revoked']).optional().describe('Only events with this verb.'),
  person: z.string().trim().min(2).max(254).optional().describe('Only what this person did: mail address or part of it.'),
  days: z.number().int().min(1).max(3_650).optional().describe('Only the last so many days.'),
});
type Input = z.infer<typeof Input>;

export function findWorkspaceEvents(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_workspace_events',
    description:
      "Searches the audit log of the customer's workspace: who did what and when (members, roles, projects deleted, exports, failed sign-ins, tokens, security settings), as far back as the plan allows. Use it for who-did-it questions and for how long the log is kept.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    redact: ['person'],
    infer: ({ text }) => (isAboutAuditLog(text) ? inferInput(text) : null),
    async run(input, _grant, { customerId, now }) {
      const [policy, customer] = await Promise.all([
        readPolicy(database),
        database.customer.findUniqueOrThrow({ where: { id: customerId }, select: { plan: true } }),
      ]);
      const kept = policy.auditLogDays[customer.plan];
      const since = addDays(now, -Math.min(kept, input.days ?? kept));
      const events = await database.workspaceEvent.findMany({
        where: {
          customerId,
          at: { gte: since, lte: now },
          ...(input.person === undefined ? {} : { actor: { contains: input.person.replaceAll(/[\\%_]/g, String.raw`\$&`), mode: 'insensitive' as const } }),
          ...(input.about === undefined ? {} : { action: { startsWith: `${input.about}.` } }),
        },
        orderBy: [{ at: 'desc' }, { id: 'desc' }],
        take: READ_MAX,
      });
      const found = events.filter((event) => input.verb === undefined || event.action.endsWith(`.${input.verb}`));
      const people = await database.member.findMany({ where: { customerId }, select: { email: true, name: true } });
      const names = new Map(people.map((member) => [member.email, `${member.name} (${maskEmail(member.email)})`]));
      const reach = `The log of the ${capitalise(customer.plan)} plan reaches back ${writeCount(kept, 'day')}, to ${writeDate(addDays(now, -kept))}.`;
      const facts = {
        plan: customer.plan,
        retentionDays: kept,
        since: since.toISOString(),
        count: found.length,
        events: found.slice(0, 50).map((event) => factsOf(event, names)),
      };
      if (found.length === 0) return { summary: sentences('The audit log holds nothing like that.', reach), facts };
      const rest = found.length - SHOWN_MAX;
      return {
        summary: paragraphs(
          writeBullets(found.slice(0, SHOWN_MAX).map((event) => lineOf(event, names))),
          sentences(rest > 0 && `${writeCount(rest, 'more entry', 'more entries')} ${rest === 1 ? 'fits' : 'fit'}.`, reach),
        ),
        facts,
      };
    },
  });
}

const VERBS = ['deleted', 'removed', 'invited', 'revoked', 'archived', 'created', 'changed'] as const;

function inferInput(text: string): Input {
  const said = plain(text);
  const verb = VERBS.find((one) => new RegExp(`\\bwho (?:\\w+ )?${one}\\b|\\b(?:was|were|got) ${one}\\b`).test(said));
  const person = readActor(said);
  const asked = verb ?? VERBS.find((one) => person !== undefined && new RegExp(`\\b${one.slice(0, -1)}d?\\b`).test(said));
  // "The settings" are all there is to change; with a person named the word narrows nothing down.
  const about = READ_ABOUT.find(
    ([what, pattern]) => pattern.test(said) && (what !== 'security' || person === undefined || /\b(?:security|two-factor|2fa)\b/.test(said)),
  )?.[0];
  const days = readDays(said);
  return {
    ...(about === undefined ? {} : { about }),
    ...(person === undefined ? {} : { person }),
    // A project is deleted, a person removed: the word alone must not hide the other.
    ...(asked === undefined || (about === undefined && (asked === 'deleted' || asked === 'removed')) ? {} : { verb: asked }),
    ...(days === undefined ? {} : { days }),
  };
}

/** Whose acts are asked for: "what did Marcus change", "changes by marcus.lee@…". */
function readActor(said: string): string | undefined {
  const name = /\b(?:what (?:all |else )?(?:did|has|have)|(?:changes|actions|activity|activities) (?:made |done )?by) ([\p{L}][\p{L}\p{N}@._'-]{1,252})/u.exec(
    said,
  )?.[1];
  return name === undefined || NOBODY.has(name) ? undefined : name.replace(/[.'-]+$|'s$/, '');
}

const NOBODY = new Set(
  'the a an our my your this that these those his her their somebody someone anybody anyone everybody everyone people users admins members colleagues whom who'.split(
    ' ',
  ),
);

/** A week that is over may have begun thirteen days ago. */
function readDays(said: string): number | undefined {
  const counted = Number(/\b(?:last|past) (\d{1,3}) days\b/.exec(said)?.[1] ?? 0);
  if (counted > 0) return counted;
  if (/\b(?:last|previous) week\b/.test(said)) return 14;
  if (/\b(?:this|past) week\b/.test(said)) return 7;
  if (/\b(?:yesterday|today)\b/.test(said)) return 2;
  return /\b(?:last|previous) month\b/.test(said) ? 62 : undefined;
}

const READ_ABOUT: readonly (readonly [About, RegExp])[] = [
  ['project', /\b(?:projects?|boards?)\b/],
  ['role', /\b(?:roles?|admin rights|permissions?|made .{1,30} (?:admin|owner))\b/],
  ['export', /\b(?:exported|downloaded|who (?:made|ran) (?:an|the) export)\b/],
  ['sign_in', /\b(?:log(?:ged)?|sign(?:ed)?)[ -]?(?:in|ins|into)\b|\bfailed (?:login|sign-in|attempt)s?\b/],
  ['token', /\b(?:api )?(?:tokens?|keys?)\b/],
  ['member', /\b(?:members?|users?|invited|colleagues?|people from)\b/],
  ['security', /\b(?:security|two-factor|2fa|settings?)\b/],
  ['plan', /\b(?:plan|subscription)\b/],
];

type Names = ReadonlyMap<string, string>;

/** People by name, their addresses masked; keys and things as they stand in the log. */
function tell(who: string, names: Names): string {
  return names.get(who) ?? (who.includes('@') ? maskEmail(who) : who);
}

function lineOf(event: WorkspaceEvent, names: Names): string {
  const did = ACTIONS[event.action] ?? event.action.replaceAll(/[._]/g, ' ');
  const own = event.actor === event.target && event.action.startsWith('sign_in.');
  const what = own ? did.replace(/ as$/, '') : `${did} ${tell(event.target, names)}`;
  return `${writeDate(event.at)}, ${writeTime(event.at)}: ${tell(event.actor, names)} ${what}${event.country ? ` (from ${event.country})` : ''}`;
}

function factsOf({ at, actor, action, target, country }: WorkspaceEvent, names: Names): unknown {
  return { at: at.toISOString(), actor: tell(actor, names), action, target: tell(target, names), country };
}
