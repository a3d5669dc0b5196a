/** API keys through GraphQL: what is shown of them and to whom, and that what a key opens is its partner's alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { SCOPES } from '../../src/store/roles.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { verifyApiKey } from '../../src/identity/api-key.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { openHouse, SUPER, type House } from '../support/house.ts';
import { createScriptedLlm } from '../support/scripted-llm.ts';
import { ask, contextOf, open, refusalOf } from './ask.ts';

const KEY = 'id partnerId name prefix test scopes allowList createdBy createdAt lastUsedAt lastUsedAddress expiresAt revokedAt rotatedTo { id }';
const CREATE = `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { ${KEY} } } }`;
const ROTATE = `mutation($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { key apiKey { id } replaced { ${KEY} } } }`;
const REVOKE = 'mutation($id: ID!) { revokeApiKey(input: { apiKeyId: $id }) { apiKey { id revokedAt } } }';
const LIST = `query($partnerId: ID, $prefix: String) { apiKeys(partnerId: $partnerId, prefix: $prefix) { edges { node { ${KEY} } } } }`;

interface Made {
  readonly key: string;
  readonly apiKey: { readonly id: string; readonly prefix: string };
}
interface Listed {
  readonly apiKeys: { readonly edges: readonly { readonly node: { readonly id: string } }[] };
}

describe('API keys', () => {
  let house: House;
  const [mine, other] = [newId('ptn'), newId('ptn')];
  beforeAll(async () => {
    house = await openHouse({ llm: createScriptedLlm() });
    await house.database.partner.createMany({
      data: [
        { id: mine, name: 'Acme' },
        { id: other, name: 'Other' },
      ],
    });
  });
  afterAll(() => house.close());

  async function create(partnerId: string, scopes: readonly string[] = ['read:customers', 'read:conversations', 'write:conversations']): Promise<Made> {
    const { createApiKey } = await ask(house, SUPER, CREATE, { input: { partnerId, name: 'Shop', scopes, test: true } });
    return createApiKey as Made;
  }
  const listed = async (viewer: Viewer, variables: Readonly<Record<string, unknown>> = {}) =>
    ((await ask(house, viewer, LIST, variables)) as unknown as Listed).apiKeys.edges.map(({ node }) => node.id);

  /** Whoever holds this key, as the gateway finds out. */
  async function viewerOf(key: string): Promise<Viewer> {
    return (await verifyApiKey(house.database, key, systemClock, '192.0.2.1')).viewer;
  }

  it('are shown by the verb that makes them, and in no list and under no id afterwards', async () => {
    const { key, apiKey } = await create(mine);
    expect(apiKey).toMatchObject({ partnerId: mine, prefix: key.slice(0, 16), createdBy: 'user:usr_super', test: true, lastUsedAt: null });
    await viewerOf(key);
    const everything = JSON.stringify([
      await ask(house, SUPER, LIST),
      await ask(house, SUPER, `query($id: ID!) { node(id: $id) { ... on ApiKey { ${KEY} } } }`, { id: apiKey.id }),
    ]);
    expect(everything).toContain('"lastUsedAddress":"192.0.2.1"');
    expect(everything).not.toContain(key.slice(16));
    expect(JSON.stringify(await house.database.apiKey.findMany())).not.toContain(key.slice(16));
  });

  it('are found by how they begin, or by the whole of one that turned up somewhere', async () => {
    const { key, apiKey } = await create(mine);
    expect(await listed(SUPER, { prefix: apiKey.prefix })).toEqual([apiKey.id]);
    expect(await listed(SUPER, { prefix: key })).toEqual([apiKey.id]);
    for (const prefix of ['pk_test_%', 'sk_test_', '']) expect(await refusalOf(house, SUPER, LIST, { prefix })).toEqual({ code: 'BAD_INPUT', field: 'prefix' });
    const foreign = await create(other);
    expect(await listed(SUPER, { partnerId: other })).toEqual([foreign.apiKey.id]);
  });

  it('are replaced and revoked by their ids, within bounds', async () => {
    const { apiKey } = await create(mine);
    for (const overlapHours of [-1, 169]) {
      expect(await refusalOf(house, SUPER, ROTATE, { input: { apiKeyId: apiKey.id, overlapHours } })).toEqual({
        code: 'BAD_INPUT',
        field: 'input.overlapHours',
      });
    }
    const { rotateApiKey } = await ask(house, SUPER, ROTATE, { input: { apiKeyId: apiKey.id, overlapHours: 1 } });
    const { key, apiKey: next, replaced } = rotateApiKey as Made & { readonly replaced: { readonly rotatedTo: { readonly id: string } } };
    expect(replaced.rotatedTo.id).toBe(next.id);
    await ask(house, SUPER, REVOKE, { id: next.id });
    await expect(viewerOf(key)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await refusalOf(house, SUPER, REVOKE, { id: newId('key') })).toEqual({ code: 'NOT_FOUND', field: undefined });
    expect(await refusalOf(house, SUPER, REVOKE, { id: mine })).toEqual({ code: 'BAD_INPUT', field: 'input.apiKeyId' });
    for (const expiresInDays of [0, 366]) {
      const input = { partnerId: mine, name: 'Shop', scopes: ['read:agents'], expiresInDays };
      expect(await refusalOf(house, SUPER, CREATE, { input })).toEqual({ code: 'BAD_INPUT', field: 'input.expiresInDays' });
    }
  });

  it('are the business of the staff who may read them, and of nobody else: also not of their partner', async () => {
    const { apiKey } = await create(mine);
    const NODE = 'query($id: ID!) { node(id: $id) { id } }';
    const daring: Viewer = { ...partnerViewer({ partnerId: mine, keyId: apiKey.id }), scopes: SCOPES };
    const others: Viewer[] = [
      { kind: 'customer', customerId: newId('cus') },
      partnerViewer({ partnerId: mine, keyId: apiKey.id }),
      daring,
      staffViewer({ userId: 'usr_reads', name: 'Lee', role: 'readonly' }),
    ];
    for (const viewer of others) {
      expect(await refusalOf(house, viewer, LIST)).toMatchObject({ code: 'FORBIDDEN' });
      expect(await refusalOf(house, viewer, NODE, { id: apiKey.id })).toMatchObject({ code: 'NOT_FOUND' });
      const input = { partnerId: mine, name: 'Shop', scopes: ['read:agents'] };
      expect(await refusalOf(house, viewer, CREATE, { input })).toMatchObject({ code: 'FORBIDDEN' });
      expect(await refusalOf(house, viewer, ROTATE, { input: { apiKeyId: apiKey.id } })).toMatchObject({ code: 'FORBIDDEN' });
      expect(await refusalOf(house, viewer, REVOKE, { id: apiKey.id })).toMatchObject({ code: 'FORBIDDEN' });
    }
    expect(await listed(staffViewer({ userId: 'usr_kim', name: 'Kim', role: 'user' }))).toContain(apiKey.id);
  });

  it('open the customers of their partner and no others: in lists, by id, and in what is followed', async () => {
    const viewer = await viewerOf((await create(mine)).key);
    const own = await house.addCustomer(mine);
    const [foreign, ours] = [await house.addCustomer(other), await house.addCustomer()];
    const conversations = await Promise.all(
      [own, foreign, ours].map((one) => house.desk.conversations.start(one.viewer, { text: 'Hello, zebra' }).then(({ conversation }) => conversation.id)),
    );
    const { customers, conversations: seen } = await ask(
      house,
      viewer,
      '{ customers(search: "Dana") { edges { node { id } } } conversations { edges { node { id } } } }',
    );
    expect(customers).toEqual({ edges: [{ node: { id: own.customerId } }] });
    expect(seen).toEqual({ edges: [{ node: { id: conversations[0] } }] });
    for (const [at, { customerId }] of [foreign, ours].entries()) {
      const conversationId = conversations[at + 1];
      for (const id of [customerId, conversationId]) {
        expect(await refusalOf(house, viewer, 'query($id: ID!) { node(id: $id) { id } }', { id })).toMatchObject({ code: 'NOT_FOUND' });
      }
      const followed = open(contextOf(house, viewer, AbortSignal.timeout(10_000)), 'subscription($id: ID!) { conversationEvents(id: $id) { position } }', {
        id: conversationId,
      });
      await expect(followed).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(
        await refusalOf(house, viewer, 'mutation($id: ID!) { postMessage(input: { conversationId: $id, text: "Hi" }) { message { id } } }', {
          id: conversationId,
        }),
      ).toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});
