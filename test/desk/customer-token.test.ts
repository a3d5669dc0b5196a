/** Tokens for the front-ends of customers: who may make one for whom, and what ends it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { createApiKey, verifyApiKey } from '../../src/identity/api-key.ts';
import { createAuthenticate, type Authenticate } from '../../src/identity/authenticate.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { createTestTokens } from '../support/keys.ts';
import { createCustomerTokenDesk, type CustomerTokenDesk } from '../../src/desk/customer-token.ts';
import { addStaff } from '../support/app.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createScriptedLlm } from '../support/scripted-llm.ts';
import { openHouse, STAFF, SUPER, type House } from '../support/house.ts';
import { ask, refusalOf } from '../schema/ask.ts';

const HERE = { address: '192.0.2.1' };
const CREATE = 'mutation($input: CreateCustomerTokenInput!) { createCustomerToken(input: $input) { token expiresAt } }';

let house: House;
let clock: ManualClock;
let desk: CustomerTokenDesk;
let authenticate: Authenticate;
const partnerId = newId('ptn');
beforeAll(async () => {
  house = await openHouse({ llm: createScriptedLlm() });
  await house.database.partner.create({ data: { id: partnerId, name: 'Acme' } });
});
afterAll(() => house.close());
beforeEach(() => {
  clock = createManualClock();
  const tokens = createTestTokens(clock);
  desk = createCustomerTokenDesk({ database: house.database, clock, sign: tokens.sign });
  authenticate = createAuthenticate({ tokens, database: house.database, clock });
});

async function keyViewer(options: Partial<Parameters<typeof createApiKey>[1]> = {}): Promise<Viewer> {
  const { key } = await createApiKey(house.database, { partnerId, name: 'shop', test: true, ...options });
  return (await verifyApiKey(house.database, key, clock)).viewer;
}
const keyIdOf = (viewer: Viewer) => (viewer.kind === 'partner' ? (viewer.keyId ?? '') : '');

describe('a customer token', () => {
  it('is the customer and nobody else, for an hour, and is written down without itself', async () => {
    const { customerId } = await house.addCustomer(partnerId);
    const viewer = await keyViewer();
    const { token, expiresAt } = await desk.create(viewer, { customerId });
    expect(expiresAt).toEqual(new Date(clock.now().getTime() + 3_600_000));
    expect(await authenticate(token, HERE)).toEqual({
      viewer: { kind: 'customer', customerId },
      expiresAt,
      versions: new Map([
        [`customer:${customerId}`, 0],
        ['signer:test', 0],
        [`key:${keyIdOf(viewer)}`, 0],
      ]),
    });
    const entries = await house.database.auditEntry.findMany({ where: { subjectId: customerId } });
    expect(entries).toMatchObject([
      { action: 'customer_token.create', actorId: `partner:${partnerId}`, changes: { madeBy: `key:${keyIdOf(viewer)}`, ttlS: 3_600 } },
    ]);
    expect(JSON.stringify(entries)).not.toContain(token);
    clock.advance(3_600_000);
    await expect(authenticate(token, HERE)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('is made for customers of the partner alone: the others are not there', async () => {
    const viewer = await keyViewer();
    const [foreign, ours] = [await house.addCustomer(newId('ptn')), await house.addCustomer()];
    for (const customerId of [foreign.customerId, ours.customerId, newId('cus')]) {
      await expect(desk.create(viewer, { customerId })).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'There is no such customer.' });
    }
    // The staff serves them all.
    expect((await desk.create(STAFF, { customerId: foreign.customerId })).token).toMatch(/^eyJ/);
  });

  it('is made by a key that may write in conversations, by staff who may change customers, and by nobody else', async () => {
    const { customerId, viewer: customer } = await house.addCustomer(partnerId);
    const reading = await keyViewer({ scopes: ['read:conversations', 'read:customers'] });
    await expect(desk.create(reading, { customerId })).rejects.toMatchObject({ code: 'FORBIDDEN', message: 'This takes the scope "write:conversations".' });
    const [user, admin] = (['user', 'admin'] as const).map((role) => staffViewer({ userId: `usr_${role}`, name: 'Kim', role }));
    if (!user || !admin) throw new Error('two people');
    await expect(desk.create(user, { customerId })).rejects.toMatchObject({ code: 'FORBIDDEN', message: 'This takes the scope "write:customers".' });
    await desk.create(admin, { customerId });
    for (const viewer of [customer, partnerViewer({ partnerId, keyId: null })]) {
      await expect(desk.create(viewer, { customerId })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
  });

  it('opens what is the customer’s own, and is refused for anything else', async () => {
    const [mine, other] = [await house.addCustomer(partnerId), await house.addCustomer(partnerId)];
    const { conversation } = await house.desk.conversations.start(other.viewer, { text: 'Hello' });
    const { viewer } = await authenticate((await desk.create(await keyViewer(), { customerId: mine.customerId })).token, HERE);
    const seen = await ask(house, viewer, '{ customers { edges { node { id } } } conversations { edges { node { id } } } }');
    expect(seen).toEqual({ customers: { edges: [{ node: { id: mine.customerId } }] }, conversations: { edges: [] } });
    for (const id of [other.customerId, conversation.id]) {
      expect(await refusalOf(house, viewer, 'query($id: ID!) { node(id: $id) { id } }', { id })).toMatchObject({ code: 'NOT_FOUND' });
    }
    const started = await refusalOf(house, viewer, 'mutation($id: ID!) { startConversation(input: { customerId: $id, text: "Hi" }) { run { id } } }', {
      id: other.customerId,
    });
    expect(started.code).toMatch(/^(?:NOT_FOUND|FORBIDDEN)$/);
    expect(await refusalOf(house, viewer, CREATE, { input: { customerId: mine.customerId } })).toMatchObject({ code: 'FORBIDDEN' });
  });

  it.each([59, 86_401, -1])('is not made for %d seconds', async (ttlS) => {
    const { customerId } = await house.addCustomer(partnerId);
    expect(await refusalOf(house, STAFF, CREATE, { input: { customerId, ttlS } })).toEqual({ code: 'BAD_INPUT', field: 'input.ttlS' });
    await ask(house, STAFF, CREATE, { input: { customerId, ttlS: 60 } });
  });

  it('does not outlive a key that ends sooner, and says so', async () => {
    const { customerId } = await house.addCustomer(partnerId);
    const viewer = await keyViewer({ expiresAt: new Date(clock.now().getTime() + 90_000) });
    const { expiresAt } = await desk.create(viewer, { customerId, ttlS: 86_400 });
    expect(expiresAt).toEqual(new Date(clock.now().getTime() + 90_000));
  });

  it('ends with the key that made it, and with no other', async () => {
    const { customerId } = await house.addCustomer(partnerId);
    const [first, second] = [await keyViewer(), await keyViewer()];
    const [ended, other] = [await desk.create(first, { customerId }), await desk.create(second, { customerId })];
    await house.database.apiKey.update({ where: { id: keyIdOf(first) }, data: { revokedAt: clock.now() } });
    await expect(authenticate(ended.token, HERE)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect((await authenticate(other.token, HERE)).viewer).toEqual({ kind: 'customer', customerId });
  });

  it('ends when the key that made it does, also when that end came nearer later, and says so', async () => {
    const { customerId } = await house.addCustomer(partnerId);
    const viewer = await keyViewer();
    const { token } = await desk.create(viewer, { customerId });
    const endsAt = new Date(clock.now().getTime() + 60_000);
    await house.database.apiKey.update({ where: { id: keyIdOf(viewer) }, data: { expiresAt: endsAt } });
    expect((await authenticate(token, HERE)).expiresAt).toEqual(endsAt);
    clock.advance(60_000);
    await expect(authenticate(token, HERE)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('of a person of the desk ends with their account', async () => {
    const { customerId } = await house.addCustomer();
    const kim = staffViewer({ userId: newId('usr'), name: 'Kim', role: 'admin' });
    await addStaff(house.database, kim);
    const { token } = await desk.create(kim, { customerId });
    expect((await authenticate(token, HERE)).versions).toContainEqual([`user:${kim.userId}`, 0]);
    await house.database.user.update({ where: { id: kim.userId }, data: { active: false } });
    await expect(authenticate(token, HERE)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('ends with the customer, for whom none is made any more', async () => {
    const { customerId } = await house.addCustomer(partnerId);
    const viewer = await keyViewer();
    const { token } = await desk.create(viewer, { customerId });
    await house.desk.erasures.erase(SUPER, { customerId, idempotencyKey: newId('req') });
    await expect(authenticate(token, HERE)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(desk.create(viewer, { customerId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
