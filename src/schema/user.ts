/** The people of the desk, and the verbs that say what each may do. */
import { requireViewer } from '../desk/access.ts';
import { ApprovalLevel } from './approval.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { idOf } from './input.ts';
import { page } from './page.ts';
import { staff } from './rule.ts';
import { UserRole } from './viewer.ts';

const User = builder.prismaObject('User', {
  authScopes: staff('read:users'),
  description: 'A person of the desk.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    name: t.exposeString('name', { description: 'Full name, as customers read it.' }),
    email: t.exposeString('email', { description: 'Their address at work.' }),
    role: t.field({ type: UserRole, description: 'What they may do.', resolve: ({ role }) => role }),
    approvalLevel: t.field({
      type: ApprovalLevel,
      nullable: true,
      description: 'How much they may decide for agents; `null`: what the policy says of their role.',
      resolve: ({ approvalLevel }) => approvalLevel,
    }),
    active: t.exposeBoolean('active', { description: 'False while they may not sign in.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they were added.' }),
  }),
});

const UserConnection = builder.connectionObject({ type: User, name: 'UserConnection' }, { name: 'UserEdge' });

builder.queryField('users', (t) =>
  t.connection(
    {
      authScopes: staff('read:users'),
      type: User,
      nullable: true,
      description: 'The people of the desk, the latest first. Takes the scope `read:users`.',
      args: {
        role: t.arg({ type: UserRole, description: 'Only those of this role.' }),
        active: t.arg.boolean({ description: 'Only those who may sign in, or may not.' }),
      },
      resolve: (_root, args, { database }) => {
        const chosen = { ...(args.role ? { role: args.role } : {}), ...(args.active == null ? {} : { active: args.active }) };
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          database.user.findMany({ where: { AND: [chosen, where] }, orderBy, take }),
        );
      },
    },
    UserConnection,
  ),
);

builder.relayMutationField(
  'setUserRole',
  {
    description: 'Whose role, and which.',
    inputFields: (t) => ({
      userId: t.id({ required: true, description: 'The person.' }),
      role: t.field({ type: UserRole, required: true, description: 'The role.' }),
    }),
  },
  {
    authScopes: staff('manage:roles'),
    description:
      'Gives somebody of the desk a role. Takes the scope `manage:roles`; FORBIDDEN for one’s own, CONFLICT when nobody would be left who may give roles.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.users.setRole(requireViewer(viewer), { userId: idOf('input.userId', 'usr', input.userId), role: input.role }),
  },
  { outputFields: (t) => ({ user: t.field({ type: User, description: 'The person as they are now.', resolve: ({ user }) => user }) }) },
);

builder.relayMutationField(
  'setApprovalLevel',
  {
    description: 'Whose level, and which.',
    inputFields: (t) => ({
      userId: t.id({ required: true, description: 'The person.' }),
      level: t.field({ type: ApprovalLevel, description: 'How much they may decide; left out: what the policy says of their role.' }),
    }),
  },
  {
    authScopes: staff('manage:roles'),
    description: 'Says how much somebody of the desk may decide for agents, at once. Takes the scope `manage:roles`; FORBIDDEN for one’s own.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.users.setApprovalLevel(requireViewer(viewer), { userId: idOf('input.userId', 'usr', input.userId), level: input.level ?? null }),
  },
  { outputFields: (t) => ({ user: t.field({ type: User, description: 'The person as they are now.', resolve: ({ user }) => user }) }) },
);
