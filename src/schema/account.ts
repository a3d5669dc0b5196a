/** Accounts of the people of the desk: the form of what is sent is checked here, all else in identity/accounts.ts. */
import { requirePerson, requireStaff } from '../desk/access.ts';
import { badInput } from '../foundation/errors.ts';
import type { Caller, LoggedIn } from '../identity/account.ts';
import type { SessionTokens } from '../identity/session.ts';
import { builder, ID_DESCRIPTION, type Context } from './builder.ts';
import { email, given, idOf, key, line } from './input.ts';
import { ANYONE, DESK, PART, staff } from './rule.ts';
import { UserRole, Viewer } from './viewer.ts';

/** So long a password is refused with its own words; longer ones are not even looked at. */
const PASSWORD_UNITS_MAX = 2_000;

function password(field: string, value: string): string {
  if (value === '') throw badInput(field, 'must not be empty.');
  if (value.length > PASSWORD_UNITS_MAX) throw badInput(field, 'must have at most 128 characters.');
  return value;
}

/** Tokens and links as they were sent; what is none of ours is refused as one that does not work. */
function secret(field: string, value: string): string {
  return key(field, value);
}

function deviceTokenOf(value: string | null | undefined): string | null {
  return given(value, (text) => key('input.deviceToken', text)) ?? null;
}

function callerOf({ origin }: Context, deviceToken: string | null = null): Caller {
  return { address: origin?.address ?? null, userAgent: origin?.userAgent ?? null, deviceToken };
}

const Tokens = builder.objectRef<SessionTokens>('SessionTokens').implement({
  ...PART,
  description: 'What a log-in is held with. Keep the refresh token where scripts of others cannot read it.',
  fields: (t) => ({
    accessToken: t.exposeString('accessToken', { description: 'To send as `Authorization: Bearer`. Good for 15 minutes.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'When the access token ends.', resolve: (tokens) => tokens.expiresAt }),
    refreshToken: t.exposeString('refreshToken', {
      description: 'For `refreshTokens`, good once. Used a second time it ends the log-in, since one of the two users is a thief.',
    }),
    sessionId: t.exposeID('sessionId', { description: 'The log-in they belong to.' }),
    sessionExpiresAt: t.field({ type: 'DateTime', description: 'The latest the log-in can last.', resolve: (tokens) => tokens.sessionExpiresAt }),
  }),
});

const Session = builder.prismaObject('StaffSession', {
  ...PART,
  name: 'Session',
  description: 'A log-in of a person of the desk that has not ended.',
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began.' }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', description: 'When its tokens were refreshed last.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'The latest it can last.' }),
    userAgent: t.exposeString('userAgent', { nullable: true, description: 'What the client said it is; `null` when it said nothing.' }),
    network: t.exposeString('network', { nullable: true, description: 'The network it was begun from: "203.0.113.0/24". `null` when it is not known.' }),
    current: t.boolean({
      description: 'True for the one that asks.',
      resolve: ({ id }, _args, { viewer }) => viewer?.kind === 'staff' && viewer.sessionId === id,
    }),
  }),
});

builder.objectField(Viewer, 'sessions', (t) =>
  t.prismaField({
    type: [Session],
    nullable: true,
    description: 'Log-ins of a person of the desk that last, newest first, at most 100; `null` for others.',
    resolve: (query, viewer, _args, { database }) =>
      viewer.kind === 'staff'
        ? database.staffSession.findMany({
            ...query,
            where: { userId: viewer.userId, endedAt: null, expiresAt: { gt: new Date() } },
            orderBy: { createdAt: 'desc' },
            take: 100,
          })
        : null,
  }),
);

const accepted = { description: 'Always true: nothing here tells whether an address has an account.', resolve: () => true } as const;

builder.relayMutationField(
  'register',
  {
    description: 'Who wants an account of the desk.',
    inputFields: (t) => ({
      email: t.string({ description: 'The address of the account. Left out with an invitation, which knows it.' }),
      name: t.string({ required: true, description: 'What people call you: one line of at most 100 characters.' }),
      password: t.string({ required: true, description: 'Of 15 to 128 characters where nothing else is set; any characters, none of the common ones.' }),
      invitation: t.string({ description: 'The token of the invitation. Needed unless registering is open.' }),
    }),
  },
  {
    authScopes: ANYONE,
    description:
      'Makes an account of the desk. With an invitation it can be used at once; where registering is open, after the link in the mail was followed. The answer is the same when the address has an account: its owner gets a mail that says so. FORBIDDEN without an invitation where one is needed.',
    resolve: async (_root, { input }, context) => {
      await context.accounts.register(
        {
          email: given(input.email, (value) => email('input.email', value)) ?? null,
          name: line('input.name', input.name, 100),
          password: password('input.password', input.password),
          invitation: given(input.invitation, (value) => secret('input.invitation', value)) ?? null,
        },
        callerOf(context),
      );
      return {};
    },
  },
  { outputFields: (t) => ({ accepted: t.boolean(accepted) }) },
);

builder.relayMutationField(
  'verifyEmail',
  {
    description: 'What the mail brought.',
    inputFields: (t) => ({ token: t.string({ required: true, description: 'The token of the link. Works once, for a day.' }) }),
  },
  {
    authScopes: ANYONE,
    description: 'Confirms the address of an account, which can log in from then on.',
    resolve: async (_root, { input }, { accounts }) => {
      await accounts.verifyEmail(secret('input.token', input.token));
      return {};
    },
  },
  { outputFields: (t) => ({ verified: t.boolean({ description: 'True.', resolve: () => true }) }) },
);

builder.relayMutationField(
  'logIn',
  {
    description: 'Who logs in.',
    inputFields: (t) => ({
      email: t.string({ required: true, description: 'The address of the account.' }),
      password: t.string({ required: true, description: 'Its password.' }),
      deviceToken: t.string({ description: 'What an earlier log-in gave to this device: tries of strangers do not count against it.' }),
    }),
  },
  {
    authScopes: ANYONE,
    description:
      'Logs a person of the desk in. UNAUTHENTICATED, the same for a wrong password and for an address without an account; RATE_LIMITED with `retryAfterMs` after several wrong tries.',
    resolve: (_root, { input }, context) =>
      context.accounts.logIn(
        { email: email('input.email', input.email), password: password('input.password', input.password) },
        callerOf(context, deviceTokenOf(input.deviceToken)),
      ),
  },
  {
    outputFields: (t) => ({
      tokens: t.field({ type: Tokens, description: 'What the log-in is held with.', resolve: (payload: LoggedIn) => payload }),
      deviceToken: t.string({
        description: 'For this device to keep, also after logging out. It grants nothing.',
        resolve: (payload: LoggedIn) => payload.deviceToken,
      }),
    }),
  },
);

builder.relayMutationField(
  'refreshTokens',
  {
    description: 'What is to be refreshed.',
    inputFields: (t) => ({ refreshToken: t.string({ required: true, description: 'The newest refresh token of the log-in.' }) }),
  },
  {
    authScopes: ANYONE,
    description: 'Fresh tokens for the same log-in. Only the newest refresh token works, once; one that comes again ends the log-in.',
    resolve: async (_root, { input }, { accounts }) => ({ tokens: await accounts.refresh(secret('input.refreshToken', input.refreshToken)) }),
  },
  { outputFields: (t) => ({ tokens: t.field({ type: Tokens, description: 'The fresh ones.', resolve: ({ tokens }) => tokens }) }) },
);

builder.relayMutationField(
  'exchangeSignInCode',
  {
    description: 'What came back in the fragment of your address.',
    inputFields: (t) => ({
      code: t.string({ required: true, description: 'The value of `code` in the fragment.' }),
      codeVerifier: t.string({ required: true, description: 'Whose SHA-256 you sent as `code_challenge` (RFC 7636).' }),
    }),
  },
  {
    authScopes: ANYONE,
    description: 'Logs in a person of the desk who signed in at `/auth/google` or `/auth/github`. Works once, within a minute; UNAUTHENTICATED otherwise.',
    resolve: async (_root, { input }, context) => ({
      tokens: await context.accounts.external.exchange(secret('input.code', input.code), secret('input.codeVerifier', input.codeVerifier), callerOf(context)),
    }),
  },
  { outputFields: (t) => ({ tokens: t.field({ type: Tokens, description: 'What the log-in is held with.', resolve: ({ tokens }) => tokens }) }) },
);

builder.relayMutationField(
  'logOut',
  {
    description: 'Which log-in is to end: by default the one that asks.',
    inputFields: (t) => ({
      sessionId: t.id({ description: 'Another one of your own.' }),
      all: t.boolean({ description: 'True: all of your own, on every device.' }),
    }),
  },
  {
    authScopes: DESK,
    description: 'Ends log-ins at once, also on open sockets. For the staff.',
    resolve: async (_root, { input }, { viewer, accounts }) => ({
      ended: await accounts.logOut(requirePerson(viewer), {
        all: input.all ?? false,
        sessionId: given(input.sessionId, (id) => idOf('input.sessionId', 'login', id)) ?? null,
      }),
    }),
  },
  { outputFields: (t) => ({ ended: t.int({ description: 'How many ended.', resolve: ({ ended }) => ended }) }) },
);

builder.relayMutationField(
  'requestPasswordReset',
  { description: 'Whose password.', inputFields: (t) => ({ email: t.string({ required: true, description: 'The address of the account.' }) }) },
  {
    authScopes: ANYONE,
    description: 'Sends a link to set a new password, when the address has an account. The answer is the same when it has none.',
    resolve: async (_root, { input }, context) => {
      await context.accounts.requestPasswordReset(email('input.email', input.email), callerOf(context));
      return {};
    },
  },
  { outputFields: (t) => ({ accepted: t.boolean(accepted) }) },
);

builder.relayMutationField(
  'resetPassword',
  {
    description: 'The new password.',
    inputFields: (t) => ({
      token: t.string({ required: true, description: 'The token of the link. Works once, for an hour.' }),
      password: t.string({ required: true, description: 'The new password.' }),
    }),
  },
  {
    authScopes: ANYONE,
    description: 'Sets a new password and ends every log-in of the account.',
    resolve: async (_root, { input }, { accounts }) => {
      await accounts.resetPassword({ token: secret('input.token', input.token), password: password('input.password', input.password) });
      return {};
    },
  },
  { outputFields: (t) => ({ changed: t.boolean({ description: 'True.', resolve: () => true }) }) },
);

builder.relayMutationField(
  'changePassword',
  {
    description: 'The old password and the new one.',
    inputFields: (t) => ({
      currentPassword: t.string({ required: true, description: 'The one you have.' }),
      newPassword: t.string({ required: true, description: 'The one you want.' }),
      deviceToken: t.string({ description: 'As for `logIn`.' }),
    }),
  },
  {
    authScopes: DESK,
    description: 'Changes your own password and ends all your other log-ins. For the staff.',
    resolve: async (_root, { input }, context) => {
      const passwords = { current: password('input.currentPassword', input.currentPassword), next: password('input.newPassword', input.newPassword) };
      await context.accounts.changePassword(requirePerson(context.viewer), passwords, callerOf(context, deviceTokenOf(input.deviceToken)));
      return {};
    },
  },
  { outputFields: (t) => ({ changed: t.boolean({ description: 'True.', resolve: () => true }) }) },
);

builder.relayMutationField(
  'inviteUser',
  {
    description: 'Whom to invite to the desk.',
    inputFields: (t) => ({
      email: t.string({ required: true, description: 'Where the invitation goes.' }),
      role: t.field({ type: UserRole, required: true, description: 'What the account will be.' }),
    }),
  },
  {
    authScopes: staff('write:users'),
    description:
      'Sends an invitation to make an account of the desk. It works once, for a week; a newer one for the same address voids it. Takes the scope `write:users`, and for any role but READONLY `manage:roles`.',
    resolve: async (_root, { input }, { viewer, accounts }) => {
      await accounts.invite(requireStaff(viewer, 'write:users'), { email: email('input.email', input.email), role: input.role });
      return {};
    },
  },
  { outputFields: (t) => ({ accepted: t.boolean(accepted) }) },
);

builder.relayMutationField(
  'setUserActive',
  {
    description: 'Whose account, and whether it may be used.',
    inputFields: (t) => ({
      userId: t.id({ required: true, description: 'The person of the desk.' }),
      active: t.boolean({ required: true, description: 'False ends all their log-ins and sockets at once.' }),
    }),
  },
  {
    authScopes: staff('write:users'),
    description:
      'Switches an account of the desk on or off. Takes the scope `write:users`, and for those who may give roles `manage:roles`; CONFLICT for the last of them.',
    resolve: (_root, { input }, { viewer, accounts }) =>
      accounts.setActive(requireStaff(viewer, 'write:users'), { userId: idOf('input.userId', 'usr', input.userId), active: input.active }),
  },
  { outputFields: (t) => ({ active: t.boolean({ description: 'Whether it may be used now.', resolve: ({ active }) => active }) }) },
);
