/** `find_members`: who is in the customer's workspace, with which role, and how many seats are left. Changes nobody; addresses are masked. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { Member } from '../store/generated/prisma/client.ts';
import { MemberRole } from '../store/generated/prisma/enums.ts';
import { addDays } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { currentSubscription } from '../store/subscription.ts';
import { plain } from './reading.ts';
import { isAboutMembers } from './topics-account.ts';
import { capitalise, maskEmail, paragraphs, sentences, writeBullets, writeCount, writeDate, writeList } from './words.ts';

const MEMBERS_MAX = 2_000;
const SHOWN_MAX = 8;
const ROLES = ['owner', 'admin', 'member', 'viewer', 'guest'] as const;

const Input = z.strictObject({
  person: z.string().trim().min(2).max(254).optional().describe('Only the people with this name or e-mail address.'),
  role: z.enum(MemberRole).optional().describe('Only people with this role.'),
  invited: z.boolean().optional().describe('True: only those who have not accepted their invitation yet.'),
});
type Input = z.infer<typeof Input>;

export function findMembers(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_members',
    description:
      "Looks up the people of the customer's workspace: names, roles, open invitations, last activity, and how many seats are used, bought and allowed by the plan. Use it before inviting, removing or changing anybody, and for questions about who is in the workspace.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    redact: ['person'],
    infer: ({ text }) => (isAboutMembers(text) ? inferInput(text) : null),
    async run(input, _grant, { customerId, now }) {
      const [policy, subscription, all] = await Promise.all([
        readPolicy(database),
        currentSubscription(database, customerId),
        database.member.findMany({ where: { customerId, status: { not: 'removed' } }, orderBy: [{ name: 'asc' }, { id: 'asc' }], take: MEMBERS_MAX }),
      ]);
      const found = all.filter((member) => fits(member, input));
      const plan = subscription?.plan ?? 'free';
      const seats = {
        bought: subscription?.seats ?? 0,
        used: all.filter((member) => policy.roles[member.role].takesSeat).length,
        planMax: policy.plans[plan].membersMax,
      };
      const facts = { plan, seats, counts: countsOf(all), people: found.slice(0, 50).map((member) => factsOf(member, policy, now)) };
      if (all.length === 0) return { summary: 'There is nobody in your workspace yet besides yourself.', facts };
      const filtered = Object.keys(input).length > 0;
      if (filtered && found.length === 0) return { summary: sentences('Nobody in your workspace fits that.', seatsOf(seats, plan)), facts };
      return { summary: filtered ? listOf(found, policy, now, seatsOf(seats, plan)) : overview(all, policy, now, seatsOf(seats, plan)), facts };
    },
  });
}

function inferInput(text: string): Input {
  const said = plain(text);
  if (
    /\b(?:open|pending|outstanding) invit|\binvit(?:ation|e)s? (?:\w+ ){0,4}(?:not|never|pending|accepted|expired|arrive|again)|\b(?:re-?send|not arrived|hasn't (?:arrived|accepted))\b/.test(
      said,
    )
  )
    return { invited: true };
  if (/\bwho (?:is|are) (?:the |our |my )*(?:workspace )?owners?\b/.test(said)) return { role: 'owner' };
  return /\bwho (?:is|are|has) (?:the |our |my |an )*admins?\b|\b(?:list|which) (?:\w+ )?admins\b/.test(said) ? { role: 'admin' } : {};
}

function fits(member: Member, { person, role, invited }: Input): boolean {
  const wanted = person?.toLowerCase();
  return (
    (role === undefined || member.role === role) &&
    (invited !== true || member.status === 'invited') &&
    (wanted === undefined ||
      member.email.toLowerCase() === wanted ||
      member.name.toLowerCase() === wanted ||
      member.name.toLowerCase().split(' ').includes(wanted))
  );
}

function overview(all: readonly Member[], policy: Policy, now: Date, seats: string): string {
  const counts = countsOf(all);
  const roles = ROLES.filter((role) => counts[role] > 0).map((role) => writeCount(counts[role], role));
  const lead = all.filter((member) => member.role === 'owner' || member.role === 'admin');
  const invited = all.filter((member) => member.status === 'invited');
  return paragraphs(
    sentences(`Your workspace has ${writeCount(all.length, 'person', 'people')}: ${writeList(roles)}.`, seats),
    lead.length <= SHOWN_MAX && writeBullets(lead.map((member) => lineOf(member, policy, now))),
    invited.length > 0 &&
      `${writeCount(invited.length, 'invitation is', 'invitations are')} still open: ${writeList(invited.slice(0, SHOWN_MAX).map((member) => invitationOf(member, policy, now)))}.`,
  );
}

function listOf(found: readonly Member[], policy: Policy, now: Date, seats: string): string {
  const rest = found.length - SHOWN_MAX;
  return paragraphs(
    writeBullets(found.slice(0, SHOWN_MAX).map((member) => lineOf(member, policy, now))),
    sentences(rest > 0 && `${writeCount(rest, 'more person fits', 'more people fit')}.`, seats),
  );
}

function lineOf(member: Member, policy: Policy, now: Date): string {
  const who = `${member.name} (${maskEmail(member.email)}), ${member.role}`;
  if (member.status === 'invited') return `${who}: invited, ${endOf(member, policy, now)}`;
  return member.lastActiveAt ? `${who}: last active on ${writeDate(member.lastActiveAt)}` : who;
}

function invitationOf(member: Member, policy: Policy, now: Date): string {
  return `${maskEmail(member.email)} (${endOf(member, policy, now)})`;
}

function endOf(member: Member, policy: Policy, now: Date): string {
  const until = addDays(member.invitedAt, policy.invitationDays);
  return until < now ? `the link ran out on ${writeDate(until)}` : `the link works until ${writeDate(until)}`;
}

function seatsOf({ bought, used, planMax }: { readonly bought: number; readonly used: number; readonly planMax: number | null }, plan: string): string {
  const free = Math.max(0, bought - used);
  return sentences(
    `${used} of ${writeCount(bought, 'seat')} ${used === 1 ? 'is' : 'are'} taken, so ${free === 0 ? 'none is' : writeCount(free, 'is', 'are')} free.`,
    planMax === null ? `The ${capitalise(plan)} plan sets no limit to members.` : `The ${capitalise(plan)} plan allows ${planMax} members.`,
  );
}

function countsOf(all: readonly Member[]): Readonly<Record<MemberRole, number>> {
  const count = (role: MemberRole) => all.filter((member) => member.role === role).length;
  return { owner: count('owner'), admin: count('admin'), member: count('member'), viewer: count('viewer'), guest: count('guest') };
}

function factsOf(member: Member, policy: Policy, now: Date): unknown {
  return {
    name: member.name,
    email: maskEmail(member.email),
    role: member.role,
    status: member.status,
    invitationEnds: member.status === 'invited' ? addDays(member.invitedAt, policy.invitationDays).toISOString() : null,
    invitationRanOut: member.status === 'invited' && addDays(member.invitedAt, policy.invitationDays) < now,
    lastActiveAt: member.lastActiveAt?.toISOString() ?? null,
  };
}
