/**
 * `find_sharing`: who is in the workspace and with which role, what guests may do on this plan, and the ways to let somebody in. Mail
 * addresses are masked; invites nobody.
 */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { Member, MemberRole } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { plain } from './reading.ts';
import { isAboutSharing } from './topics-usage.ts';
import { maskEmail, paragraphs, sentences, writeBullets, writeCount, writeList, writeNumber } from './words.ts';

const MEMBERS_MAX = 2_000;
const GUESTS_SHOWN = 5;

export const SHARE_WITH = ['team', 'guest', 'public'] as const;
type ShareWith = (typeof SHARE_WITH)[number];

const Input = z.strictObject({
  with: z
    .enum(SHARE_WITH)
    .optional()
    .describe(
      'team: people of the workspace; guest: clients, freelancers and other outsiders with an account; public: anybody with a link, without an account.',
    ),
});
type Input = z.infer<typeof Input>;

const WAYS: Readonly<Record<ShareWith, string>> = {
  team: 'Open the project, press **Share**, enter a name and choose **Manager**, **Editor**, **Commenter** or **Viewer**.',
  guest:
    'Open the project, press **Share**, enter the address, choose **Guest** and then **Editor**, **Commenter** or **Viewer**. They see this project and nothing else; comments marked **Internal** stay hidden from them.',
  public:
    'Open the project, press **Share**, then **Public link > Create**. Whoever has the link sees tasks and dates without an account, but no comments; set an end date or a password, and **Revoke** it when it is no longer needed.',
};

export function findSharing(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_sharing',
    description:
      "Looks up who is in the customer's workspace (roles, guests, open invitations, seats) and what guests count for on their plan, with the way to share with the team, a guest or the public. Use it for sharing projects, guests, clients who should see something, and working together.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutSharing(text) ? inferInput(text) : null),
    async run({ with: whom }, _grant, { customerId }) {
      const [customer, policy, subscription, members] = await Promise.all([
        database.customer.findUnique({ where: { id: customerId }, select: { plan: true } }),
        readPolicy(database),
        database.planSubscription.findFirst({ where: { customerId }, orderBy: { startedAt: 'desc' }, select: { seats: true, seatsUsed: true } }),
        database.member.findMany({ where: { customerId, status: { not: 'removed' } }, orderBy: [{ invitedAt: 'asc' }, { id: 'asc' }], take: MEMBERS_MAX }),
      ]);
      if (!customer) throw notFound('customer');
      const people = peopleOf(members, policy);
      const { membersMax } = policy.plans[customer.plan];
      const guestsCount = policy.guestsCountOn.includes(customer.plan);
      const seats = subscription ? { bought: subscription.seats, used: subscription.seatsUsed } : null;
      const alone = people.seated === 1 || (members.length === 0 && seats?.used === 1);
      return {
        summary: paragraphs(
          whom
            ? WAYS[whom]
            : writeBullets([`**With your team:** ${WAYS.team}`, `**With clients or freelancers:** ${WAYS.guest}`, `**With anybody:** ${WAYS.public}`]),
          sentences(
            peopleWords(people, seats),
            people.guests.length > 0 && whom !== 'team' && `Guests now: ${guestWords(people.guests)}.`,
            whom !== 'public' && guestRule(guestsCount, membersMax, people.seated + people.guests.length),
            alone && 'You are the only one here so far: inviting a colleague is what makes sharing worth it.',
          ),
        ),
        facts: {
          plan: customer.plan,
          seats,
          byRole: people.byRole,
          openInvitations: people.invited,
          guests: people.guests.map(({ name, email, status }) => ({ name, email: maskEmail(email), invited: status === 'invited' })),
          guestsCountAsMembers: guestsCount,
          membersMax,
          guestsMay: policy.roles.guest.may,
          viewersMay: policy.roles.viewer.may,
          ways: WAYS,
        },
      };
    },
  });
}

function inferInput(text: string): Input {
  const said = plain(text);
  if (/\b(?:public|without (?:an )?accounts?|no accounts?|anybody|anyone|not logged in|embed|intranet)\b/.test(said)) return { with: 'public' };
  if (/\b(?:guests?|clients?|customers?|freelancers?|contractors?|suppliers?|externals?|outsiders?|partners?|sponsors?|architects)\b/.test(said))
    return { with: 'guest' };
  return /\b(?:colleagues?|team ?mates?|co-?workers?|(?:my|our) team)\b/.test(said) ? { with: 'team' } : {};
}

interface People {
  readonly byRole: Readonly<Partial<Record<MemberRole, number>>>;
  /** Active people whose role takes a seat. */
  readonly seated: number;
  readonly guests: readonly Member[];
  readonly invited: number;
}

function peopleOf(members: readonly Member[], { roles }: Policy): People {
  const active = members.filter((member) => member.status === 'active');
  const byRole: Partial<Record<MemberRole, number>> = {};
  for (const { role } of active) byRole[role] = (byRole[role] ?? 0) + 1;
  return {
    byRole,
    seated: active.filter(({ role }) => roles[role].takesSeat).length,
    guests: members.filter(({ role }) => role === 'guest'),
    invited: members.filter(({ status }) => status === 'invited').length,
  };
}

function peopleWords({ seated, guests, invited }: People, seats: { readonly bought: number; readonly used: number } | null): string {
  // Whoever was invited holds a seat already, so that the subscription's figure is the one to tell.
  const onSeats = seats ? `${writeNumber(seats.used)} of ${writeCount(seats.bought, 'seat')} in use` : writeCount(seated, 'member');
  return `Your workspace has ${onSeats}, ${guests.length === 0 ? 'no guests' : writeCount(guests.length, 'guest')}${invited > 0 ? `, and ${writeCount(invited, 'open invitation')}` : ''}.`;
}

function guestWords(guests: readonly Member[]): string {
  const names = guests.slice(0, GUESTS_SHOWN).map(({ name, email, status }) => `${name} (${maskEmail(email)}${status === 'invited' ? ', invited' : ''})`);
  return writeList(guests.length > GUESTS_SHOWN ? [...names, `${writeNumber(guests.length - GUESTS_SHOWN)} more`] : names);
}

function guestRule(count: boolean, membersMax: number | null, people: number): string {
  if (!count) return 'Guests take no seat and cost nothing on your plan.';
  return membersMax === null
    ? 'Guests count as members on your plan.'
    : `Guests count as members on your plan: ${writeNumber(people)} of ${writeNumber(membersMax)} are in use.`;
}
