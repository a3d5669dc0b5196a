/**
 * The people of a customer's workspace, as agents may change them: invited within the free seats, reminded, removed, given another
 * role. Ownership never moves here, and nobody is touched whom the customer did not name. Buys no seats.
 */
import { AppError, badInput } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { Member, MemberRole, PlanSubscription } from '../store/generated/prisma/client.ts';
import { addDays } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { actOnce, countInRun, refused, refuseForPeople, type ActScope, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { assertAsked, type Asked } from './asked-for.ts';
import { isOwnlyNamed } from './grounding.ts';
import { enqueueOutgoing } from './outbox.ts';
import { personMeant } from './person-meant.ts';
import { wordsOf } from './word-pattern.ts';

/** Invitations of one person within this are one too many. */
const RESEND_MS = 10 * 60_000;

export interface MemberGrant {
  /** Roles that may be given, and taken away. */
  readonly roles: readonly MemberRole[];
  readonly per_turn_max: number;
}

export interface MemberDesk {
  /** @throws AppError CONFLICT without a free seat or beyond the plan's members; BAD_INPUT for an address the customer did not write. */
  invite(
    call: AgentCall,
    invitation: { readonly email: string; readonly name?: string | undefined; readonly role: MemberRole },
    grant: MemberGrant,
  ): Promise<Member>;
  resendInvitation(call: AgentCall, person: string): Promise<Member>;
  remove(call: AgentCall, person: string, grant: MemberGrant): Promise<Member>;
  /** @throws AppError FORBIDDEN for ownership, and for what the grant leaves to people, with a ticket. */
  changeRole(call: AgentCall, person: string, role: MemberRole, grant: MemberGrant): Promise<Member>;
}

export function createMemberDesk(deps: AgentActDeps): MemberDesk {
  const { database } = deps;
  const memberOf = (id: string) => database.member.findUniqueOrThrow({ where: { id } });

  return Object.freeze<MemberDesk>({
    async invite(call, { email: written, name, role }, grant) {
      const email = checkEmail(written);
      if (!isOwnlyNamed(email, call)) throw badInput('input.email', 'the customer has not written this address. Ask for it.');
      const asked = await assertAsked(database, call, 'invite_member');
      // Whoever names no role invites a member.
      if (role !== 'member') assertRoleNamed(asked, role);
      if (role === 'owner' || !grant.roles.includes(role))
        return refuseForPeople(deps, call, `Invite somebody as ${role}`, `Somebody may be invited as ${role} only by an owner of the workspace.`);
      const policy = await readPolicy(database);
      const id = await actOnce(deps, call, 'member.invite', async (scope) => {
        await assertWithin(scope, call, 'member.invite', grant);
        const known = await scope.tx.member.findUnique({ where: { customerId_email: { customerId: call.customerId, email } } });
        if (known && known.status !== 'removed')
          throw refused(
            known.status === 'invited' ? 'This address was invited already; send the invitation again instead.' : 'This person is a member already.',
          );
        await assertRoom(scope, policy, role);
        if (policy.roles[role].takesSeat) await takeSeat(scope);
        const fields = { name: name?.trim() || nameFrom(email), role, status: 'invited', invitedAt: scope.now, joinedAt: null, removedAt: null } as const;
        const member = known
          ? await scope.tx.member.update({ where: { id: known.id }, data: fields })
          : await scope.tx.member.create({ data: { ...fields, id: newId('mem'), customerId: call.customerId, email } });
        await sendInvitation(scope, call, member, policy);
        return { subjectId: member.id, subjectKind: 'member', changes: { fields: ['email', 'role', 'status'] } };
      });
      return memberOf(id);
    },

    async resendInvitation(call, person) {
      const policy = await readPolicy(database);
      const id = await actOnce(deps, call, 'member.remind', async (scope) => {
        const member = personMeant(await peopleOf(scope), person, call);
        await assertAsked(scope.tx, call, 'resend_invitation');
        if (member.status !== 'invited') throw refused('This person has accepted the invitation already.');
        if (scope.now.getTime() - member.invitedAt.getTime() < RESEND_MS)
          throw refused('The invitation was sent only minutes ago; give the mail a little time.');
        const reminded = await scope.tx.member.update({ where: { id: member.id }, data: { invitedAt: scope.now } });
        await sendInvitation(scope, call, reminded, policy);
        return { subjectId: member.id, subjectKind: 'member', changes: { fields: ['invitedAt'] } };
      });
      return memberOf(id);
    },

    async remove(call, person, grant) {
      const policy = await readPolicy(database);
      const member = await meant(database, call, person);
      await assertAsked(database, call, 'remove_member');
      if (member.role === 'owner')
        return refuseForPeople(deps, call, 'Remove an owner', 'An owner can be removed only after ownership was transferred, by the owner.');
      if (!grant.roles.includes(member.role))
        return refuseForPeople(deps, call, `Remove a member with the role ${member.role}`, `Only an owner may remove somebody with the role ${member.role}.`);
      const id = await actOnce(deps, call, 'member.remove', async (scope) => {
        await assertWithin(scope, call, 'member.remove', grant);
        const now = await scope.tx.member.findUniqueOrThrow({ where: { id: member.id } });
        if (now.status === 'removed') throw refused('This person was removed already.');
        if (now.role !== member.role) throw refused('The role of this person has just changed. Look again.');
        await scope.tx.member.update({ where: { id: member.id }, data: { status: 'removed', removedAt: scope.now } });
        if (policy.roles[member.role].takesSeat) await freeSeat(scope);
        await scope.tx.signInSession.updateMany({
          where: { customerId: call.customerId, contact: { email: member.email }, endedAt: null },
          data: { endedAt: scope.now },
        });
        await orderProduct(scope, call, 'member_removed', { memberId: member.id });
        return { subjectId: member.id, subjectKind: 'member', changes: { fields: ['status'] } };
      });
      return memberOf(id);
    },

    async changeRole(call, person, role, grant) {
      const policy = await readPolicy(database);
      const member = await meant(database, call, person);
      assertRoleNamed(await assertAsked(database, call, 'change_member_role'), role);
      if (member.role === 'owner' || role === 'owner')
        return refuseForPeople(deps, call, 'Transfer ownership', 'Ownership of a workspace is transferred by its owner alone, under Settings > Members.');
      const beyond = [role, member.role].find((one) => !grant.roles.includes(one));
      if (beyond)
        return refuseForPeople(
          deps,
          call,
          `Change a role: ${beyond}`,
          `Whether somebody becomes or stops being ${beyond} is decided by an owner of the workspace.`,
        );
      const id = await actOnce(deps, call, 'member.role', async (scope) => {
        await assertWithin(scope, call, 'member.role', grant);
        const before = await scope.tx.member.findUniqueOrThrow({ where: { id: member.id } });
        if (before.status === 'removed' || before.role === 'owner') throw refused('The role of this person has just changed. Look again.');
        if (before.role === role) throw refused(`This person has the role ${role} already.`);
        const [takes, took] = [policy.roles[role].takesSeat, policy.roles[before.role].takesSeat];
        if (takes && !took) {
          await assertRoom(scope, policy, role, 1);
          await takeSeat(scope);
        }
        if (took && !takes) await freeSeat(scope);
        await scope.tx.member.update({ where: { id: member.id }, data: { role } });
        await orderProduct(scope, call, 'member_role_changed', { memberId: member.id, role });
        return { subjectId: member.id, subjectKind: 'member', changes: { fields: ['role'] } };
      });
      return memberOf(id);
    },
  });
}

/** What people call each role, or what it lets somebody do. */
const ROLE_WORDS: Readonly<Record<MemberRole, RegExp>> = {
  owner: wordsOf('own*; take over; chef*; inhaber*; eigentümer*; besitz*; propiet*; dueñ*; propri*; don[oa]'),
  admin: wordsOf('admin*; manag*; full (?:rights|access); everything; verwalt*; gestion*; gerenci*'),
  member: wordsOf('member*; edit*; writ*; normal; regular; full; work*; contribut*; mitglied*; bearbeit*; miembro*; editar; membr*; modifier; colabora*'),
  viewer: wordsOf('view*; read*; look*; see; watch*; lese*; ansehen; lector*; ver; lect*; voir; leitor*'),
  guest: wordsOf('guest*; client*; extern*; outside*; contractor*; freelanc*; gast*; kunde*; invitad*; invité*; convidad*; cliente*'),
};

/** The role must be the customer's wish too: a person they named is not to be lifted to another than they said. */
function assertRoleNamed({ said }: Asked, role: MemberRole): void {
  if (!ROLE_WORDS[role].test(said)) throw refused(`The customer has not said that the role shall be ${role}. Ask which role is meant.`);
}

async function meant(database: Database, call: AgentCall, person: string): Promise<Member> {
  const people = await database.member.findMany({ where: { customerId: call.customerId } });
  // Somebody removed long ago must not stand in the way of a namesake; a repeated call still finds whom it removed.
  const present = people.filter((one) => one.status !== 'removed');
  try {
    return personMeant(present, person, call);
  } catch (error) {
    if (error instanceof AppError && error.code === 'NOT_FOUND') return personMeant(people, person, call);
    throw error;
  }
}

function peopleOf({ tx, customer }: ActScope): Promise<Member[]> {
  return tx.member.findMany({ where: { customerId: customer.id, status: { not: 'removed' } } });
}

async function assertWithin(scope: ActScope, call: AgentCall, action: string, { per_turn_max: most }: MemberGrant): Promise<void> {
  if ((await countInRun(scope, call, action)) >= most)
    throw new AppError('FORBIDDEN', `That is more than I may do in one go (${most}). An owner or admin can do the rest at once under Settings > Members.`);
}

/** The plan's own limit, whatever was bought. `already`: the person is counted among those who are there. */
async function assertRoom({ tx, customer }: ActScope, policy: Policy, role: MemberRole, already = 0): Promise<void> {
  const { membersMax } = policy.plans[customer.plan];
  const guestsCount = policy.guestsCountOn.includes(customer.plan);
  if (membersMax === null || (!policy.roles[role].takesSeat && !guestsCount)) return;
  const people = await tx.member.findMany({ where: { customerId: customer.id, status: { not: 'removed' } }, select: { role: true } });
  const counted = people.filter((one) => guestsCount || policy.roles[one.role].takesSeat).length - (guestsCount ? already : 0);
  if (counted >= membersMax)
    throw refused(
      `The ${customer.plan} plan allows ${membersMax} members${guestsCount ? ', guests included' : ''}, and there are ${counted}. More need a larger plan.`,
    );
}

async function takeSeat(scope: ActScope): Promise<void> {
  const { id, seats, seatsUsed } = await seatsOf(scope);
  if (seatsUsed >= seats) throw refused(`All ${seats} seats are taken. Another seat must be bought, or somebody removed, before the invitation.`);
  await scope.tx.planSubscription.update({ where: { id }, data: { seatsUsed: seatsUsed + 1 } });
}

async function freeSeat(scope: ActScope): Promise<void> {
  const { id, seatsUsed } = await seatsOf(scope);
  await scope.tx.planSubscription.update({ where: { id }, data: { seatsUsed: Math.max(0, seatsUsed - 1) } });
}

async function seatsOf({ tx, customer }: ActScope): Promise<PlanSubscription> {
  const subscription = await tx.planSubscription.findFirst({ where: { customerId: customer.id }, orderBy: [{ startedAt: 'desc' }, { id: 'desc' }] });
  if (!subscription || subscription.status === 'canceled') throw refused('There is no running subscription, so there are no seats.');
  return subscription;
}

async function sendInvitation({ tx, now }: ActScope, call: AgentCall, member: Member, policy: Policy): Promise<void> {
  const payload = { memberId: member.id, role: member.role, validUntil: addDays(now, policy.invitationDays).toISOString() };
  const { customerId, conversationId } = call;
  await enqueueOutgoing(tx, { kind: 'email', customerId, conversationId, subject: 'invitation', recipient: member.email, payload }, now);
}

async function orderProduct(
  { tx, now }: ActScope,
  { customerId, conversationId }: AgentCall,
  subject: string,
  payload: { readonly [key: string]: string },
): Promise<void> {
  await enqueueOutgoing(tx, { kind: 'product', customerId, conversationId, subject, payload }, now);
}

function checkEmail(written: string): string {
  const email = written.trim().toLowerCase();
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) || email.length > 254) throw badInput('input.email', 'is not an e-mail address.');
  return email;
}

/** "anna.berg@x.example" -> "Anna Berg", until the person says otherwise. */
function nameFrom(email: string): string {
  const words = email
    .slice(0, email.indexOf('@'))
    .split(/[._+-]+/)
    .filter((word) => word !== '');
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join(' ') || email;
}
