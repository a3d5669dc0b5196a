/**
 * How each root field of the schema is called with what there is: the arguments by field, fresh for verbs that use something up. The
 * tests of access go through all of them, and fail for a field that is missing here.
 */
import { createHash } from 'node:crypto';
import { type GraphQLField, type GraphQLObjectType } from 'graphql';
import { newId } from '../../src/foundation/ids.ts';
import { createApiKey } from '../../src/identity/api-key.ts';
import { createPasswords } from '../../src/identity/password.ts';
import { schema } from '../../src/schema/schema.ts';
import { CHEAP } from '../support/accounts.ts';
import { addBelongings, type Belongings } from '../support/belongings.ts';
import type { House } from '../support/house.ts';

export type Values = Readonly<Record<string, unknown>>;

/** What a call is about. */
export interface Ground {
  readonly house: House;
  readonly partnerId: string;
  /** A customer of the partner, with something of every kind. */
  readonly theirs: Belongings;
  readonly articleId: string;
  /** Who holds what has to be held. */
  readonly holderId?: string | undefined;
  /** What was made for calls, the latest last. */
  readonly made: Belongings[];
}

export type RootName = 'query' | 'mutation' | 'subscription';

const ROOTS: Readonly<Record<RootName, GraphQLObjectType | null | undefined>> = {
  query: schema.getQueryType(),
  mutation: schema.getMutationType(),
  subscription: schema.getSubscriptionType(),
};

/** Arguments of queries and subscriptions. */
const ARGUMENTS: Readonly<Record<string, (ground: Ground) => Values | Promise<Values>>> = {
  agent: () => ({ id: 'first_agent' }),
  apiKeys: ({ partnerId }) => ({ partnerId }),
  auditEntries: () => ({}),
  agents: () => ({}),
  approval: ({ theirs }) => ({ id: theirs.ids['Approval'] }),
  approvals: () => ({}),
  article: ({ articleId }) => ({ id: articleId }),
  articleReports: ({ articleId }) => ({ articleId }),
  articleSuggestions: () => ({}),
  articles: () => ({}),
  conversation: ({ theirs }) => ({ id: theirs.ids['Conversation'] }),
  conversations: ({ theirs }) => ({ customerId: theirs.customerId }),
  customer: ({ theirs }) => ({ id: theirs.customerId }),
  customers: () => ({}),
  escalation: ({ theirs }) => ({ id: theirs.ids['Escalation'] }),
  escalations: () => ({}),
  exportCustomer: ({ theirs }) => ({ customerId: theirs.customerId }),
  job: ({ theirs }) => ({ id: theirs.ids['Run'] }),
  jobs: () => ({ workflow: 'reply' }),
  knowledge: () => ({ search: 'refund' }),
  knowledgeAnswer: () => ({ search: 'refund' }),
  node: ({ theirs }) => ({ id: theirs.customerId }),
  operations: ({ partnerId }) => ({ partnerId }),
  routePreview: ({ theirs }) => ({ text: 'Hello', customerId: theirs.customerId }),
  run: ({ theirs }) => ({ id: theirs.ids['Run'] }),
  runs: ({ theirs }) => ({ customerId: theirs.customerId, conversationId: theirs.ids['Conversation'], workflow: 'reply' }),
  schedules: () => ({}),
  users: () => ({}),
  usage: () => ({ from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z', by: 'AGENT' }),
  viewer: () => ({}),
  deliveries: async (ground) => ({ webhookId: await addHook(ground), conversationId: ground.theirs.ids['Conversation'] }),
  webhook: async (ground) => ({ id: await addHook(ground) }),
  webhooks: ({ partnerId }) => ({ partnerId }),
  workflows: () => ({}),
  conversationEvents: ({ theirs }) => ({ id: theirs.ids['Conversation'] }),
  escalationEvents: () => ({}),
  runEvents: ({ theirs }) => ({ id: theirs.ids['Run'] }),
};

async function anew({ house: { database }, partnerId, made }: Ground, holderId?: string): Promise<Belongings> {
  const fresh = await addBelongings(database, { partnerId, mark: newId('req'), holderId });
  made.push(fresh);
  return fresh;
}

const conversationOf = async (ground: Ground) => ({ conversationId: (await anew(ground)).ids['Conversation'] });
const escalationOf = async (ground: Ground) => ({ escalationId: (await anew(ground)).ids['Escalation'] });
const heldBy = async (ground: Ground) => (await anew(ground, ground.holderId)).ids;

async function suggestionOf({ house: { database } }: Ground): Promise<Values> {
  const id = newId('sugg');
  await database.articleSuggestion.create({ data: { id, kind: 'gap', topic: id, title: 'A title', reason: 'Asked for', priority: 1, createdAt: new Date() } });
  return { suggestionId: id };
}

async function scheduleOf({ house: { database } }: Ground): Promise<Values> {
  const row = { id: newId('sched'), name: 'Daily', cron: '0 9 * * *', timeZone: 'UTC', workflow: 'agent', input: {}, createdById: 'usr_test' };
  await database.schedule.create({ data: { ...row, createdAt: new Date() } });
  return { scheduleId: row.id };
}

async function operationOf({ house: { database }, partnerId }: Ground): Promise<Values> {
  const id = newId('oper');
  const text = `query Q${id} { viewer { id } }`;
  const hash = createHash('sha256').update(text).digest('hex');
  await database.registeredOperation.create({
    data: { id, partnerId, hash, name: `Q${id}`, kind: 'query', version: 1, text, cost: 1, registeredBy: 'user:usr_test', createdAt: new Date() },
  });
  return { partnerId, ids: [id] };
}

async function addHook({ house: { database }, partnerId }: Ground): Promise<string> {
  const id = newId('hook');
  const now = new Date();
  const hook = { url: 'https://hooks.example/parley', eventTypes: ['RunFinished'], secret: 'sealed', createdBy: 'user:usr_test' };
  await database.partnerWebhook.create({ data: { id, partnerId, ...hook, createdAt: now, updatedAt: now } });
  return id;
}

const webhookOf = async (ground: Ground) => ({ webhookId: await addHook(ground) });

async function deliveryOf(ground: Ground): Promise<Values> {
  const id = newId('dlv');
  const now = new Date();
  const sent = {
    channel: 'conversation:conv_1',
    type: 'RunFinished',
    event: {},
    after: 'a.1',
    position: 'a.2',
    sequence: 2,
    body: '{}',
    status: 'failed',
  } as const;
  await ground.house.database.partnerDelivery.create({
    data: { id, webhookId: await addHook(ground), ...sent, nextAttemptAt: now, expiresAt: now, createdAt: now },
  });
  return { deliveryId: id };
}

async function apiKeyOf({ house: { database }, partnerId }: Ground): Promise<Values> {
  const { id } = await createApiKey(database, { partnerId, name: 'Shop', test: true, scopes: ['read:conversations'] });
  return { apiKeyId: id };
}

async function signInCodeOf(ground: Ground): Promise<Values> {
  const { userId } = await personOf(ground);
  const code = newId('req');
  const hash = createHash('sha256').update(code).digest('hex');
  const codeVerifier = newId('req');
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const expiresAt = new Date(Date.now() + 60_000);
  await ground.house.database.signInCode.create({ data: { hash, userId: String(userId), provider: 'google', codeChallenge, expiresAt } });
  return { code, codeVerifier };
}

async function personOf({ house: { database } }: Ground): Promise<Values> {
  const userId = newId('usr');
  await database.user.create({ data: { id: userId, email: `${userId}@desk.example`, name: 'New', role: 'user' } });
  return { userId };
}

const PASSWORD = 'plum tractor sings at noon';

/** Somebody of the desk with a password. */
async function accountOf(ground: Ground): Promise<{ readonly email: string; readonly password: string }> {
  const { userId } = await personOf(ground);
  const passwordHash = await createPasswords({ charsMin: 15, cost: CHEAP }).hash(PASSWORD);
  const { email } = await ground.house.database.user.update({ where: { id: String(userId) }, data: { passwordHash, verifiedAt: new Date() } });
  return { email, password: PASSWORD };
}

async function loggedInOf(ground: Ground): Promise<Values> {
  const caller = { address: null, userAgent: null, deviceToken: null };
  const { refreshToken } = await ground.house.accounts.logIn(await accountOf(ground), caller);
  return { refreshToken };
}

const NO_SUCH_TOKEN = 'x'.repeat(43);

/** Inputs of verbs, about the customer that is given or, where a verb uses something up, about a new one of the same partner. */
const INPUTS: Readonly<Record<string, (ground: Ground) => Values | Promise<Values>>> = {
  acceptArticleSuggestion: suggestionOf,
  addCustomerNote: ({ theirs }) => ({ customerId: theirs.customerId, text: 'Calls at noon' }),
  cancelJob: async (ground) => ({ jobId: (await anew(ground)).ids['Run'] }),
  changePassword: () => ({ currentPassword: PASSWORD, newPassword: 'seven grey herons in fog' }),
  claimEscalation: escalationOf,
  correctRoute: ({ theirs }) => ({ runId: theirs.ids['Run'], agentId: 'second_agent' }),
  createApiKey: ({ partnerId }) => ({ partnerId, name: 'Shop', scopes: ['read:conversations'] }),
  createCustomerToken: ({ theirs }) => ({ customerId: theirs.customerId }),
  createCustomer: () => ({ email: `${newId('req')}@new.example`, name: 'New' }),
  createWebhook: ({ partnerId }) => ({ partnerId, url: 'https://hooks.example.com/parley', eventTypes: ['RunFinished'] }),
  createSchedule: ({ theirs }) => ({
    name: 'Daily',
    cron: '0 9 * * *',
    timeZone: 'UTC',
    workflow: 'agent',
    input: { agentId: 'first_agent', text: 'Hi' },
    customerId: theirs.customerId,
  }),
  decideApproval: async (ground) => ({ approvalId: (await anew(ground)).ids['Approval'], approve: false, argumentsHash: 'hash' }),
  deleteSchedule: scheduleOf,
  deleteWebhook: webhookOf,
  dismissArticleSuggestion: suggestionOf,
  eraseCustomer: async (ground) => ({ customerId: (await anew(ground)).customerId, idempotencyKey: newId('req') }),
  exchangeSignInCode: signInCodeOf,
  inviteUser: () => ({ email: `${newId('req')}@desk.example`, role: 'READONLY' }),
  logIn: accountOf,
  logOut: () => ({ sessionId: newId('login') }),
  postMessage: async (ground) => ({ conversationId: (await heldBy(ground))['Conversation'], text: 'Hello' }),
  raiseEscalation: ({ theirs }) => ({ conversationId: theirs.ids['Conversation'], reason: 'A person, please' }),
  rateArticle: ({ articleId, theirs }) => ({ articleId, helpful: true, conversationId: theirs.ids['Conversation'] }),
  rateConversation: ({ theirs }) => ({ conversationId: theirs.ids['Conversation'], rating: 5 }),
  refreshKnowledge: () => ({}),
  refreshTokens: loggedInOf,
  register: () => ({ email: `${newId('req')}@desk.example`, name: 'New', password: PASSWORD }),
  registerOperations: ({ partnerId }) => ({ partnerId, operations: [{ body: 'query Who { viewer { id } }' }] }),
  releaseEscalation: async (ground) => ({ escalationId: (await heldBy(ground))['Escalation'] }),
  reopenConversation: ({ theirs }) => ({ conversationId: theirs.ids['Conversation'] }),
  replayDelivery: deliveryOf,
  requestPasswordReset: () => ({ email: `${newId('req')}@desk.example` }),
  resetPassword: () => ({ token: NO_SUCH_TOKEN, password: PASSWORD }),
  resolveConversation: conversationOf,
  resolveEscalation: async (ground) => ({ escalationId: (await heldBy(ground))['Escalation'], summary: 'Settled' }),
  retireOperations: operationOf,
  revokeApiKey: apiKeyOf,
  rotateApiKey: apiKeyOf,
  runAgent: ({ theirs }) => ({ agentId: 'first_agent', text: 'Hi', customerId: theirs.customerId }),
  setAgentEnabled: () => ({ agentId: 'second_agent', enabled: true }),
  setApprovalLevel: async (ground) => ({ ...(await personOf(ground)), level: 'LEAD' }),
  setScheduleEnabled: async (ground) => ({ ...(await scheduleOf(ground)), enabled: false }),
  setUserActive: async (ground) => ({ ...(await personOf(ground)), active: false }),
  setTyping: ({ theirs }) => ({ conversationId: theirs.ids['Conversation'], typing: true }),
  setUserRole: async (ground) => ({ ...(await personOf(ground)), role: 'READONLY' }),
  startConversation: ({ theirs }) => ({ customerId: theirs.customerId, text: 'Hello' }),
  startWorkflow: ({ theirs }) => ({
    workflow: 'parallel',
    question: 'Why?',
    agents: ['first_agent', 'second_agent'],
    customerId: theirs.customerId,
    conversationId: theirs.ids['Conversation'],
  }),
  stopRun: async (ground) => ({ runId: (await anew(ground)).ids['Run'] }),
  updateWebhook: async (ground) => ({ ...(await webhookOf(ground)), description: 'Ours' }),
  verifyEmail: () => ({ token: NO_SUCH_TOKEN }),
  updateCustomer: ({ theirs }) => ({ customerId: theirs.customerId, industry: 'Design' }),
};

export interface RootField {
  readonly root: RootName;
  readonly name: string;
  readonly field: GraphQLField<unknown, unknown>;
}

export const rootFields: readonly RootField[] = (['query', 'mutation', 'subscription'] as const).flatMap((root) =>
  Object.values(ROOTS[root]?.getFields() ?? {})
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((field) => ({ root, name: field.name, field })),
);

/** The values of the arguments with which this field is called. */
export async function valuesFor({ root, name }: RootField, ground: Ground): Promise<Values> {
  const make = root === 'mutation' ? INPUTS[name] : ARGUMENTS[name];
  if (!make) throw new Error(`test/schema/calls.ts does not say how ${name} is called`);
  const values = await make(ground);
  return root === 'mutation' ? { input: values } : values;
}

/** The operation that calls the field with these arguments, and asks for nothing but the name of what it answers. */
export function documentFor({ root, name, field }: RootField, values: Values, selection = '__typename'): string {
  const given = field.args.filter((argument) => argument.name in values);
  const variables = given.map((argument) => `$${argument.name}: ${String(argument.type)}`).join(', ');
  const passed = given.map((argument) => `${argument.name}: $${argument.name}`).join(', ');
  return `${root}${variables ? `(${variables})` : ''} { ${name}${passed ? `(${passed})` : ''} { ${selection} } }`;
}
