/** Partners' API keys. The form of the input is checked here, all else at the desk; a key itself is shown by the verb that made it, and never again. */
import { LIFE_DAYS, NETWORKS_MAX, OVERLAP_HOURS } from '../desk/api-key.ts';
import { apiKeysVisibleTo, requireViewer } from '../desk/access.ts';
import { badInput } from '../foundation/errors.ts';
import { keyScopes } from '../store/key-scopes.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { given, idOf, line, wholeNumber } from './input.ts';
import { page } from './page.ts';
import { PART, staff } from './rule.ts';
import { relations } from './selection.ts';

const ApiKey = builder.prismaObject('ApiKey', {
  authScopes: staff('read:api_keys'),
  description: 'A key that a partner’s system signs its requests with. The key itself is kept nowhere: only its hash, and the start to recognise it by.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    partnerId: t.exposeID('partnerId', { description: 'Whose key it is: it opens the customers of this partner and no others.' }),
    name: t.exposeString('name', { description: 'What people call it.' }),
    prefix: t.exposeString('prefix', { description: 'How the key begins: "pk_live_3fK9mQ2x".' }),
    test: t.exposeBoolean('test', { description: 'True for a key that begins with "pk_test_".' }),
    scopes: t.stringList({
      description: 'What it may do: the scopes it was given, as far as partners may have them now.',
      resolve: ({ scopes }) => [...keyScopes(scopes)],
    }),
    allowList: t.exposeStringList('allowList', { description: 'The networks it may be used from; empty: from anywhere.' }),
    createdBy: t.exposeString('createdBy', {
      nullable: true,
      description: 'Who made it: "user:<id>"; `null` for keys made beside the API.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', nullable: true, description: 'When it was last used, to the minute; `null`: never yet.' }),
    lastUsedAddress: t.exposeString('lastUsedAddress', {
      nullable: true,
      description: 'The IP address it was last used from; `null`: never yet, or not known.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ends, for one that was replaced the end of the overlap; `null`: never.',
    }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was revoked; `null`: it was not.' }),
    rotatedTo: t.relation('rotatedTo', { nullable: true, description: 'The key that takes its place; `null`: none does.' }),
  }),
});

const ApiKeyConnection = builder.connectionObject({ ...PART, type: ApiKey, name: 'ApiKeyConnection' }, { ...PART, name: 'ApiKeyEdge' });

builder.queryField('apiKeys', (t) =>
  t.connection(
    {
      type: ApiKey,
      nullable: true,
      authScopes: staff('read:api_keys'),
      description: 'Partners’ API keys, newest first, also those that have ended. Takes the scope `read:api_keys`. For the staff.',
      args: {
        partnerId: t.arg.id({ description: 'Only those of this partner.' }),
        prefix: t.arg.string({ description: 'Only those that begin so: what to look for when a key turned up where it does not belong. At least "pk_".' }),
      },
      resolve: (_root, args, context, info) => {
        const visible = apiKeysVisibleTo(requireViewer(context.viewer));
        const query = relations(context, info, 'connection');
        const partnerId = given(args.partnerId, (id) => idOf('partnerId', 'ptn', id));
        const prefix = given(args.prefix, keyStart);
        const chosen = [...(partnerId ? [{ partnerId }] : []), ...(prefix ? [{ prefix: { startsWith: prefix } }] : [])];
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.apiKey.findMany({ ...query, where: { AND: [visible, ...chosen, where] }, orderBy, take }),
        );
      },
    },
    ApiKeyConnection,
  ),
);

builder.relayMutationField(
  'createApiKey',
  {
    description: 'Whose key, and what it may do.',
    inputFields: (t) => ({
      partnerId: t.id({ required: true, description: 'The partner whose system it is for.' }),
      name: t.string({ required: true, description: 'What people call it: one line of at most 100 characters.' }),
      test: t.boolean({ description: 'True: it begins with "pk_test_". False when left out.' }),
      scopes: t.stringList({
        required: true,
        description: 'What it may do: any of "read:agents", "execute:agents:tier1", "read:conversations", "write:conversations", ... that partners may have.',
      }),
      allowList: t.stringList({
        description: `The networks it may be used from, at most ${NETWORKS_MAX}: "192.0.2.0/24", "2001:db8::/32" or single addresses. Left out: from anywhere.`,
      }),
      expiresInDays: t.int({
        description: `For how many days it works: ${LIFE_DAYS.least} to ${LIFE_DAYS.most}, ${LIFE_DAYS.preset} when left out.`,
      }),
    }),
  },
  {
    authScopes: staff('write:api_keys'),
    description:
      'Makes an API key for a partner. Takes the scope `write:api_keys`, and each of the scopes that the key is given. The answer shows the key this once: nobody can show it again, so there is no key for repeating the call; revoke what was lost. BAD_INPUT naming a scope that partners may not have. QUOTA_REACHED when the partner has a hundred that work.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.apiKeys.create(requireViewer(viewer), {
        partnerId: idOf('input.partnerId', 'ptn', input.partnerId),
        name: line('input.name', input.name, 100),
        test: input.test,
        scopes: input.scopes,
        allowList: input.allowList,
        expiresInDays: given(input.expiresInDays, (value) => wholeNumber('input.expiresInDays', value, LIFE_DAYS.least, LIFE_DAYS.most)),
      }),
  },
  {
    outputFields: (t) => ({
      apiKey: t.field({ type: ApiKey, description: 'What is kept of it.', resolve: (payload) => payload.apiKey }),
      key: t.string({ description: 'The key, "pk_live_..." or "pk_test_...". Shown this once.', resolve: (payload) => payload.key }),
    }),
  },
);

builder.relayMutationField(
  'rotateApiKey',
  {
    description: 'Which key to replace.',
    inputFields: (t) => ({
      apiKeyId: t.id({ required: true, description: 'The key to replace.' }),
      overlapHours: t.int({
        description: `For how many hours the old key works on: ${OVERLAP_HOURS.least} to ${OVERLAP_HOURS.most}, ${OVERLAP_HOURS.preset} when left out. 0 ends it at once.`,
      }),
    }),
  },
  {
    authScopes: staff('write:api_keys'),
    description:
      'Makes the key that takes the place of another, with its name, scopes and networks, for as long as that one was made for. Both work until the overlap ends. Takes the scope `write:api_keys`, and each of the scopes of the key. CONFLICT for a key that works no more or was replaced before.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.apiKeys.rotate(requireViewer(viewer), {
        apiKeyId: idOf('input.apiKeyId', 'key', input.apiKeyId),
        overlapHours: given(input.overlapHours, (value) => wholeNumber('input.overlapHours', value, OVERLAP_HOURS.least, OVERLAP_HOURS.most)),
      }),
  },
  {
    outputFields: (t) => ({
      apiKey: t.field({ type: ApiKey, description: 'What is kept of the new key.', resolve: (payload) => payload.apiKey }),
      replaced: t.field({ type: ApiKey, description: 'The old key; `expiresAt` is when it ends.', resolve: (payload) => payload.replaced }),
      key: t.string({ description: 'The new key. Shown this once.', resolve: (payload) => payload.key }),
    }),
  },
);

builder.relayMutationField(
  'revokeApiKey',
  {
    description: 'Which key to revoke.',
    inputFields: (t) => ({ apiKeyId: t.id({ required: true, description: 'The key to revoke.' }) }),
  },
  {
    authScopes: staff('delete:api_keys'),
    description:
      'Ends an API key at once: requests with it are refused, and what was opened with it, or with a customer token it made, is closed. It cannot be undone. Takes the scope `delete:api_keys`.',
    resolve: (_root, { input }, { viewer, desk }) => desk.apiKeys.revoke(requireViewer(viewer), { apiKeyId: idOf('input.apiKeyId', 'key', input.apiKeyId) }),
  },
  { outputFields: (t) => ({ apiKey: t.field({ type: ApiKey, description: 'The key as it stands now.', resolve: (payload) => payload.apiKey }) }) },
);

/** A whole key that somebody pastes means the start of it that is kept. Other characters would be a pattern to the database. */
function keyStart(text: string): string {
  if (!/^pk_[\w-]{0,100}$/.test(text.trim())) throw badInput('prefix', 'must be how a key begins: "pk_live_3fK9mQ2x".');
  return text.trim().slice(0, 16);
}
