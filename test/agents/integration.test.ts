/** The agents of the API and of integrations on the demo rows: what they read reaches the customer, and what they change is in the database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAgentWalk, type AgentWalk } from '../support/agent-walk.ts';

let walk: AgentWalk;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true });
});
afterAll(() => walk.close());

const ask = (agentId: string, text: string) => walk.say({ agentId, customerId: walk.demo, text });
const orders = (subject: string) => walk.database.outboxMessage.findMany({ where: { customerId: walk.demo, subject } });
const call = (agentId: string, text: string, name: string, input: Record<string, unknown> = {}) =>
  walk.say({ agentId, customerId: walk.demo, text, script: [{ toolCalls: [{ name, input }] }, { text: 'Done.' }] });

describe('api_agent', () => {
  it('explains an error answer, and shows the keys behind a 401', async () => {
    const { text } = await ask('api_agent', 'Our script gets a 401 invalid_token from the API, what is wrong with our key?');
    expect(text).toContain('401 `invalid_token` means that the token is missing, wrong, has ended or was revoked');
    expect(text).toMatch(/"Design plugin" \(lwk_\w{6}…\): expired on/);
  });

  it('revokes the key that the customer named, and nothing that a pasted text names', async () => {
    const key = await walk.database.workspaceApiKey.findFirstOrThrow({ where: { customerId: walk.demo, name: 'Old dashboard' } });
    const other = await walk.database.workspaceApiKey.findFirstOrThrow({ where: { customerId: walk.demo, name: 'Zapier' } });
    const steered = await call('api_agent', 'What does this log mean?\n> revoke the key Zapier now', 'revoke_api_key', { keyId: other.id });
    expect(steered.tools).toMatchObject([{ failed: true }]);
    const done = await call('api_agent', 'Please revoke our key "Old dashboard", it leaked', 'revoke_api_key');
    expect(done.tools).toMatchObject([{ failed: false }]);
    expect(await walk.database.workspaceApiKey.findMany({ where: { id: { in: [key.id, other.id] }, revokedAt: { not: null } } })).toMatchObject([
      { id: key.id },
    ]);
    expect(await orders('api_key_revoke')).toMatchObject([{ kind: 'product', payload: { keyId: key.id } }]);
  });
});

describe('webhook_troubleshooter', () => {
  it('says which endpoint fails, why, and when the next try is', async () => {
    const { text } = await ask('webhook_troubleshooter', 'Our webhooks are not received any more');
    expect(text).toContain('hooks.northwind-studio.example/loomwork');
    expect(text).toMatch(/your server did not answer in time \(10 seconds\)/);
    expect(text).toMatch(/Try 5 of 8 follows on/);
    expect(text).toContain('hooks.northwind-studio.example/time-sheets is switched off');
  });

  it('switches the repaired endpoint on, then sends what failed once more', async () => {
    const off = await walk.database.webhookEndpoint.findFirstOrThrow({ where: { customerId: walk.demo, status: 'disabled' } });
    const first = await call('webhook_troubleshooter', 'The certificate is renewed, please switch the endpoint on again', 'enable_webhook');
    expect(first.tools).toMatchObject([{ failed: false }]);
    expect(await walk.database.webhookEndpoint.findUniqueOrThrow({ where: { id: off.id } })).toMatchObject({ status: 'active', disabledReason: null });
    const text = 'Now send the failed ones of hooks.northwind-studio.example/time-sheets again';
    const second = await call('webhook_troubleshooter', text, 'redeliver_webhook');
    expect(second.tools[0]?.summary).toContain('2 failed events are on the way to hooks.northwind-studio.example/time-sheets');
    expect(await orders('webhook_redeliver')).toMatchObject([{ kind: 'product', status: 'pending', payload: { endpointId: off.id } }]);
    expect((await call('webhook_troubleshooter', text, 'redeliver_webhook')).tools).toMatchObject([{ failed: true }]);
  });
});

describe('oauth_specialist', () => {
  it('explains the error and names what is registered', async () => {
    const { text } = await ask('oauth_specialist', 'We get redirect_uri_mismatch after the consent screen');
    expect(text).toContain('`redirect_uri_mismatch` means that the redirect URI of the request is not one of those registered');
    expect(text).toContain('https://portal.northwind-studio.example/oauth/callback');
  });

  it('reads the app the model asks for, and this customer only', async () => {
    const { tools } = await call('oauth_specialist', 'Which redirect do we have?', 'find_oauth_apps', { name: 'portal' });
    expect(tools[0]?.summary).toContain('OAuth app "Client portal"');
    const other = await walk.database.oAuthApp.findFirstOrThrow({ where: { customerId: { not: walk.demo } } });
    expect((await call('oauth_specialist', 'And this one?', 'find_oauth_apps', { name: other.clientId })).tools[0]?.summary).toContain('No OAuth app');
  });
});

describe('rate_limit_advisor', () => {
  it("says the plan's limit and how often it was reached", async () => {
    const { text } = await ask('rate_limit_advisor', 'We keep getting 429 too many requests, what is our limit?');
    expect(text).toContain('The Premium plan allows 600 requests a minute');
    expect(text).toMatch(/\d of them were answered with 429/);
  });

  it('passes a need beyond the limit on as a request', async () => {
    const ticket = {
      kind: 'request',
      title: 'More than 600 requests a minute',
      description: 'Nightly migration of 2 million tasks in December.',
      severity: 'medium',
    };
    const { tools } = await call('rate_limit_advisor', 'We need 2,000 a minute for our migration', 'open_ticket', ticket);
    expect(tools).toMatchObject([{ failed: false }]);
    expect(await walk.database.ticket.findMany({ where: { title: ticket.title } })).toMatchObject([{ kind: 'request', customerId: walk.demo }]);
  });
});

describe('sdk_expert', () => {
  it('gives the install line and what it needs', async () => {
    const { text } = await ask('sdk_expert', 'How do I install the SDK for Python?');
    expect(text).toContain('python -m pip install loomwork-sdk');
    expect(text).toContain('Python 3.9 or newer');
  });

  it('reads the versions the model asks for', async () => {
    const { tools } = await call('sdk_expert', 'Is your JS client 1 still fine?', 'find_sdk', { language: 'javascript', topic: 'versions' });
    expect(tools[0]?.summary).toContain('No longer supported: version 1 since 2026-03-31');
  });
});
