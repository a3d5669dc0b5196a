/** The people of a customer and how they sign in to the product. Read only: the product owns them. */
import type { ContactRole as ContactRoleValue, SignInMethod as SignInMethodValue } from '../store/generated/prisma/client.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { own } from './rule.ts';
import { upperCased } from './scalars.ts';

const ContactRole = builder.enumType('ContactRole', {
  description: 'What a person may do in the product.',
  values: upperCased<ContactRoleValue>({
    admin: 'Manages members, plan and settings.',
    billing: 'Sees invoices and pays.',
    technical: 'Manages API access and sign-on.',
    user: 'Works with it.',
  }),
});

const SignInMethod = builder.enumType('SignInMethod', {
  description: 'How a person signs in to the product.',
  values: upperCased<SignInMethodValue>({
    password: 'With an e-mail address and a password.',
    google: 'With a Google account.',
    sso: 'Through the single sign-on of the organisation.',
  }),
});

builder.prismaObject('Contact', {
  authScopes: own('read:customers'),
  description: 'A person of a customer.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    name: t.exposeString('name', { description: 'Full name.' }),
    email: t.exposeString('email', { description: 'The address they sign in with.' }),
    phone: t.exposeString('phone', { nullable: true, description: '`null` when unknown.' }),
    title: t.exposeString('title', { nullable: true, description: 'Job title; `null` when unknown.' }),
    role: t.field({ type: ContactRole, description: 'What they may do in the product.', resolve: (contact) => contact.role }),
    primary: t.exposeBoolean('primary', { description: 'True for the one to write to first.' }),
    signInMethod: t.field({ type: SignInMethod, description: 'How they sign in.', resolve: (contact) => contact.signInMethod }),
    twoFactor: t.exposeBoolean('twoFactor', { description: 'True when a second factor protects the account.' }),
    failedSignIns: t.exposeInt('failedSignIns', { description: 'Failed tries since the last successful one.' }),
    lockedAt: t.expose('lockedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When too many failed tries last locked the account; `null` when it is not locked.',
    }),
    lastSignInAt: t.expose('lastSignInAt', { type: 'DateTime', nullable: true, description: '`null` before the first time.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they were added.' }),
  }),
});

builder.prismaObjectField('Customer', 'contacts', (t) =>
  t.relation('contacts', {
    description: 'Its people, the primary one first; at most 100.',
    query: { orderBy: [{ primary: 'desc' }, { name: 'asc' }, { id: 'asc' }], take: 100 },
  }),
);
