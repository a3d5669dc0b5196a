/** Who is asking, as they may know it themselves. */
import { customersVisibleTo } from '../desk/access.ts';
import type { UserRole as UserRoleValue } from '../store/roles.ts';
import { viewerKey, type Viewer as ViewerValue } from '../store/viewer.ts';
import { builder } from './builder.ts';
import { ANYONE, SIGNED_IN } from './rule.ts';
import { upperCased } from './scalars.ts';

const ViewerKind = builder.enumType('ViewerKind', {
  description: 'In what capacity someone is here.',
  values: upperCased<ViewerValue['kind']>({
    staff: 'A person of the desk.',
    customer: 'A customer.',
    partner: 'A partner’s system.',
  }),
});

export const UserRole = builder.enumType('UserRole', {
  description: 'What a person of the desk may do.',
  values: upperCased<UserRoleValue>({
    super_admin: 'Everything, roles and security included.',
    admin: 'Leads the desk: assigns, changes customers and schedules, sees personal data.',
    user: 'Serves customers, without seeing how else to reach them.',
    readonly: 'Looks on.',
  }),
});

export const Viewer = builder.objectRef<ViewerValue>('Viewer').implement({
  authScopes: SIGNED_IN,
  description: 'Who is asking.',
  fields: (t) => ({
    id: t.id({ description: 'Of the user, the customer or the partner.', resolve: (viewer) => viewerKey(viewer).replace(/^[^:]*:/, '') }),
    kind: t.field({ type: ViewerKind, description: 'In what capacity.', resolve: (viewer) => viewer.kind }),
    name: t.string({
      nullable: true,
      description: 'The name of a person of the desk; `null` for others.',
      resolve: (viewer) => (viewer.kind === 'staff' ? viewer.name : null),
    }),
    role: t.field({
      type: UserRole,
      nullable: true,
      description: 'What a person of the desk may do; `null` for others.',
      resolve: (viewer) => (viewer.kind === 'staff' ? viewer.role : null),
    }),
    scopes: t.stringList({
      description: 'What the credential may do, by name: "read:conversations". Empty for customers, who may do with their own what customers do.',
      resolve: (viewer) => (viewer.kind === 'customer' ? [] : [...viewer.scopes]),
    }),
    customer: t.prismaField({
      type: 'Customer',
      nullable: true,
      description: 'The customer that is asking; `null` for others.',
      resolve: (query, viewer, _args, { database }) =>
        viewer.kind === 'customer' ? database.customer.findFirst({ ...query, where: customersVisibleTo(viewer) }) : null,
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    authScopes: ANYONE,
    type: Viewer,
    nullable: true,
    description: 'Who is asking; `null` when nobody signed in.',
    resolve: (_root, _args, { viewer }) => viewer,
  }),
);
