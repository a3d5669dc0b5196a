/**
 * The tools that change who is in the workspace: `invite_member`, `resend_invitation`, `remove_member`, `change_member_role`. Each is
 * one verb of the desk; seats, roles and names are checked there.
 */
import { z } from 'zod';
import type { MemberDesk } from '../desk/member.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { MemberRole } from '../store/generated/prisma/enums.ts';
import { defineTool } from './define-tool.ts';
import { maskEmail } from './words.ts';

const Grant = z.strictObject({ roles: z.array(z.enum(MemberRole)).min(1), per_turn_max: z.number().int().min(1).max(20) });
type Grant = z.infer<typeof Grant>;

const person = z.string().trim().min(2).max(254).describe('The e-mail address or name of the person, as the customer wrote it.');

const Invitation = z.strictObject({
  email: z.string().trim().min(3).max(254).describe('The address to invite, as the customer wrote it.'),
  name: z.string().trim().min(1).max(120).optional().describe("The person's name, if the customer gave it."),
  role: z.enum(MemberRole).default('member').describe('What the person shall be; member when the customer said nothing.'),
});
const Person = z.strictObject({ person });
const RoleChange = z.strictObject({ person, role: z.enum(MemberRole).describe('The new role.') });

export function inviteMember(members: MemberDesk): AnyTool {
  return defineTool<z.infer<typeof Invitation>, Grant>({
    name: 'invite_member',
    description:
      'Invites one person into the workspace by e-mail, within the free seats. Use it when the customer has given the address and the role is clear. It buys no seat.',
    input: Invitation,
    grant: Grant,
    effect: 'outbound',
    redact: ['email', 'name'],
    infer: () => null,
    async run(input, grant, context) {
      const member = await members.invite(context, input, grant);
      return {
        summary: `The invitation for ${maskEmail(member.email)} as ${member.role} is on its way${member.role === 'guest' ? '; a guest takes no seat' : '; it takes one seat'}.`,
        facts: { memberId: member.id, role: member.role, status: member.status },
      };
    },
  });
}

export function resendInvitation(members: MemberDesk): AnyTool {
  return defineTool<z.infer<typeof Person>, Record<string, never>>({
    name: 'resend_invitation',
    description: 'Sends an open invitation again, to the same address, with a new link. Use it when somebody has not received it or it has run out.',
    input: Person,
    grant: z.strictObject({}),
    effect: 'outbound',
    redact: ['person'],
    infer: () => null,
    async run(input, _grant, context) {
      const member = await members.resendInvitation(context, input.person);
      return {
        summary: `A new invitation for ${maskEmail(member.email)} is on its way; the old link no longer counts.`,
        facts: { memberId: member.id, role: member.role },
      };
    },
  });
}

export function removeMember(members: MemberDesk): AnyTool {
  return defineTool<z.infer<typeof Person>, Grant>({
    name: 'remove_member',
    description:
      'Removes one person from the workspace, or takes back their invitation: they are signed out and their seat becomes free. Use it only when the customer named the person and clearly wants them removed. Their work stays.',
    input: Person,
    grant: Grant,
    effect: 'write',
    redact: ['person'],
    infer: () => null,
    async run(input, grant, context) {
      const member = await members.remove(context, input.person, grant);
      return {
        summary: `${member.name} (${maskEmail(member.email)}) is removed from the workspace and signed out. What they made stays. The seat is free now and stays paid until the number of seats is lowered.`,
        facts: { memberId: member.id, status: member.status },
      };
    },
  });
}

export function changeMemberRole(members: MemberDesk): AnyTool {
  return defineTool<z.infer<typeof RoleChange>, Grant>({
    name: 'change_member_role',
    description: 'Gives one person of the workspace another role. Use it when the customer named the person and the role. Ownership cannot be given this way.',
    input: RoleChange,
    grant: Grant,
    effect: 'write',
    redact: ['person'],
    infer: () => null,
    async run(input, grant, context) {
      const member = await members.changeRole(context, input.person, input.role, grant);
      return { summary: `${member.name} (${maskEmail(member.email)}) has the role ${member.role} now.`, facts: { memberId: member.id, role: member.role } };
    },
  });
}
