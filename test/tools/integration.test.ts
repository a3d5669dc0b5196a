/** The tools of the API and of integrations: what they read is the customer's own, and every error word has its meaning and its way out. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import type { Prisma } from '../../src/store/generated/prisma/client.ts';
import { API_ERRORS } from '../../src/tools/api-errors.ts';
import { OAUTH_ERRORS } from '../../src/tools/oauth-errors.ts';
import { SDK_LANGUAGES } from '../../src/tools/sdk-catalogue.ts';
import { addCustomer, days, NOW, openToolbox, type Toolbox } from './fixtures.ts';

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

const infer = (name: string, text: string, earlier: readonly string[] = []) => box.tools.get(name)?.infer({ text, earlier });

describe('find_webhooks', () => {
  const addEndpoint = (customerId: string, url: string, fields: Partial<Prisma.WebhookEndpointUncheckedCreateInput> = {}) =>
    box.database.webhookEndpoint.create({ data: { id: newId('whk'), customerId, url, events: ['task.created'], createdAt: days(-60), ...fields } });
  const addAttempt = (endpointId: string, eventId: string, fields: Partial<Prisma.WebhookAttemptUncheckedCreateInput> = {}) =>
    box.database.webhookAttempt.create({
      data: { id: newId('wha'), endpointId, event: 'task.created', eventId, attempt: 1, status: 'failed', error: 'timeout', at: days(-1), ...fields },
    });

  it('tells the failure, its fix and the next try, and no secret of the address', async () => {
    const customer = await addCustomer(box.database);
    const { id } = await addEndpoint(customer.id, 'https://in.acme.example/hooks?key=s3cret');
    await addAttempt(id, 'evt_1', { status: 'succeeded', error: null, responseStatus: 200, at: days(-2) });
    await addAttempt(id, 'evt_2', { attempt: 3, nextAttemptAt: days(0.25) });
    const found = await box.call('find_webhooks', customer.id);
    expect(found.summary).toBe(
      'In the last 7 days 1 event arrived at in.acme.example/hooks and 1 event failed. The latest failure (task.created, 19 November 2026 12:00 UTC): your server did not answer in time (10 seconds). The fix: answer with 200 at once and do the work afterwards, in a queue. Try 4 of 8 follows on 20 November 2026 at 18:00 UTC.',
    );
    expect(JSON.stringify(found)).not.toContain('s3cret');
  });

  it.each([
    [{ error: 'tls' }, 'renew the certificate'],
    [{ error: 'dns' }, 'check the host name'],
    [{ error: 'connection_refused' }, 'check that the service runs'],
    [{ error: 'http', responseStatus: 403 }, 'compare the signature'],
    [{ error: 'http', responseStatus: 404 }, 'correct the address'],
    [{ error: 'http', responseStatus: 301 }, 'redirects are not followed'],
    [{ error: 'http', responseStatus: 500 }, "look in your server's log"],
  ])('has a fix for %o', async (attempt, fix) => {
    const customer = await addCustomer(box.database);
    const { id } = await addEndpoint(customer.id, 'https://in.acme.example/');
    await addAttempt(id, 'evt_1', attempt);
    expect((await box.call('find_webhooks', customer.id)).summary).toContain(fix);
  });

  it('tells what is off, what is idle, and that there is none', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('find_webhooks', customer.id)).summary).toContain('There is no webhook endpoint in your workspace');
    await addEndpoint(customer.id, 'https://a.example/', { status: 'disabled', disabledReason: 'the certificate had expired' });
    await addEndpoint(customer.id, 'https://b.example/');
    await addEndpoint((await addCustomer(box.database)).id, 'https://theirs.example/');
    const { summary } = await box.call('find_webhooks', customer.id);
    expect(summary).toContain('- a.example is switched off: the certificate had expired. Events of the time since');
    expect(summary).toContain('- Nothing was sent to b.example in the last 7 days.');
    expect(summary).not.toContain('theirs');
    expect((await box.call('find_webhooks', customer.id, { endpoint: 'what about b.example?' })).summary).toBe(
      'Nothing was sent to b.example in the last 7 days.',
    );
  });
});

describe('find_api_keys', () => {
  it('shows every key with its state, the one that needs something first', async () => {
    const customer = await addCustomer(box.database);
    const add = (name: string, prefix: string, fields: Partial<Prisma.WorkspaceApiKeyUncheckedCreateInput>) =>
      box.database.workspaceApiKey.create({
        data: { id: newId('wkey'), customerId: customer.id, name, prefix, scopes: ['tasks:read'], createdAt: days(-200), lastUsedAt: days(-1), ...fields },
      });
    await add('Fine', 'lwk_fine01', {});
    await add('Ending', 'lwk_endi02', { expiresAt: days(5) });
    await add('Over', 'lwk_over03', { expiresAt: days(-5) });
    await add('Idle', 'lwk_idle04', { lastUsedAt: days(-100) });
    await add('Dead', 'lwk_dead05', { revokedAt: days(-9) });
    const { summary } = await box.call('find_api_keys', customer.id);
    expect([...summary.matchAll(/^- "(\w+)"/gm)].map(([, name]) => name)).toEqual(['Over', 'Ending', 'Idle', 'Fine', 'Dead']);
    expect(summary).toContain('"Over" (lwk_over03…): expired on 15 November 2026; last used on 19 November 2026; may tasks:read.');
    expect(summary).toContain('valid until 25 November 2026, which is soon');
    expect((await box.call('find_api_keys', customer.id, { name: 'lwk_dead05xyz' })).facts).toMatchObject({ keys: [{ name: 'Dead', state: 'revoked' }] });
    expect((await box.call('find_api_keys', (await addCustomer(box.database)).id)).summary).toContain('There is no API key in your workspace.');
  });
});

describe('find_api_usage', () => {
  it('sets the calls against the limit of the plan', async () => {
    const customer = await addCustomer(box.database);
    const add = (back: number, calls: number, limited: number, peakPerMinute: number) =>
      box.database.apiUsageDay.create({
        data: { id: newId('day'), customerId: customer.id, day: new Date(days(-back).toISOString().slice(0, 10)), calls, limited, peakPerMinute },
      });
    await add(1, 1_000, 0, 500);
    await add(2, 4_000, 150, 780);
    await add(40, 9, 0, 9);
    const { summary, facts } = await box.call('find_api_usage', customer.id);
    expect(summary).toContain('The Premium plan allows 600 requests a minute, for all keys of the workspace together; there is no limit per day.');
    expect(summary).toContain('your workspace made 5,000 calls; 150 of them were answered with 429. The busiest minute had 780 calls, on 18 November 2026.');
    expect(facts).toMatchObject({ requestsPerMinute: 600, days: [{ day: '2026-11-19' }, { day: '2026-11-18', limited: 150 }] });
    expect((await box.call('find_api_usage', customer.id, { days: 2 })).summary).toContain('You are close to the limit');
  });

  it('says which plans have an API where the customer’s has none', async () => {
    const customer = await addCustomer(box.database, { plan: 'basic' });
    expect((await box.call('find_api_usage', customer.id)).summary).toBe(
      'The Basic plan has no API access, so requests answer 403 plan_required. The API belongs to Premium (600 requests a minute) and Enterprise (3,000 requests a minute).',
    );
  });
});

describe('OAuth', () => {
  it('shows the apps, and explains the latest error or the one named', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('explain_oauth_error', customer.id)).summary).toContain('None of your OAuth apps has a recent error');
    await box.database.oAuthApp.create({
      data: {
        id: newId('app'),
        customerId: customer.id,
        name: 'Portal',
        clientId: 'lwc_1',
        redirectUris: ['https://p.example/cb'],
        scopes: ['tasks:read'],
        lastError: 'redirect_uri_mismatch',
        lastErrorAt: days(-1),
        createdAt: days(-9),
      },
    });
    expect((await box.call('find_oauth_apps', customer.id)).summary).toBe(
      'OAuth app "Portal" (client id lwc_1) may redirect to https://p.example/cb and ask for tasks:read. Its latest error was redirect_uri_mismatch on 19 November 2026 at 12:00 UTC.',
    );
    expect((await box.call('explain_oauth_error', customer.id)).summary).toContain(
      'Portal had it last on 19 November 2026. Registered for it: https://p.example/cb.',
    );
    expect((await box.call('explain_oauth_error', customer.id, { error: 'invalid_grant' })).summary).not.toContain('Portal');
    expect((await box.call('find_oauth_apps', (await addCustomer(box.database)).id, { name: 'Portal' })).summary).toContain('No OAuth app');
  });

  it('has a meaning and fixes for every error word', async () => {
    const customer = await addCustomer(box.database);
    for (const error of OAUTH_ERRORS)
      expect((await box.call('explain_oauth_error', customer.id, { error })).summary).toMatch(/^`\w+` means that [^\n]+\.\n\n- /);
  });

  it.each([
    ['we get invalid_grant on the second refresh', { error: 'invalid_grant' }],
    ['the redirect uri does not match, oauth app', { error: 'redirect_uri_mismatch' }],
    ['PKCE code_verifier rejected', { error: 'pkce_mismatch' }],
    ['our access token is expired already', { error: 'invalid_token' }],
    ['how does your OAuth work?', {}],
    ['the invoice is wrong', null],
  ])('reads "%s"', (text, input) => {
    expect(infer('explain_oauth_error', text)).toEqual(input);
  });
});

describe('explain_api_error', () => {
  it('has a meaning and fixes for every code, and both meanings of a 403', async () => {
    const customer = await addCustomer(box.database);
    for (const error of API_ERRORS)
      expect((await box.call('explain_api_error', customer.id, { error })).summary).toMatch(/^\d{3} `\w+` means that [^\n]+\n\n- /);
    expect((await box.call('explain_api_error', customer.id, { status: 403 })).facts).toMatchObject({
      errors: [{ code: 'insufficient_scope' }, { code: 'plan_required' }],
    });
    expect((await box.call('explain_api_error', customer.id, { status: 502 })).summary).toContain('503 `unavailable`');
    expect((await box.call('explain_api_error', customer.id, { status: 418 })).facts).toEqual({ errors: [] });
  });

  it.each([
    ['PATCH /v1/tasks returns 409', { status: 409 }],
    ['I get {"error":{"code":"validation_failed"}} from the API', { error: 'validation_failed' }],
    ['there are 450 tasks on my board', null],
  ])('reads "%s"', (text, input) => {
    expect(infer('explain_api_error', text)).toEqual(input);
  });
});

describe('find_sdk', () => {
  it('knows every language, and says where there is none', async () => {
    const customer = await addCustomer(box.database);
    for (const language of SDK_LANGUAGES)
      for (const topic of [undefined, 'install', 'versions', 'example', 'types', 'errors'])
        expect((await box.call('find_sdk', customer.id, { language, ...(topic ? { topic } : {}) })).summary.length).toBeGreaterThan(80);
    const { summary } = await box.call('find_sdk', customer.id);
    expect(summary).toContain('Go: `go get loomwork.example/sdk-go/v3`, latest v3.1.2, needs Go 1.22 or newer');
    expect(summary).toContain('For any other language, call the REST API directly.');
  });

  it.each([
    ['how do I install the sdk for TypeScript', { language: 'javascript', topic: 'install' }],
    ['which version of the java library is supported', { language: 'java', topic: 'versions' }],
    ['ModuleNotFoundError with pip package', { language: 'python', topic: 'errors' }],
    ['Do you have an SDK?', {}],
    ['where do I go to change my plan', null],
  ])('reads "%s"', (text, input) => {
    expect(infer('find_sdk', text)).toEqual(input);
  });
});

describe('acts', () => {
  it('never happen without a language model', () => {
    for (const name of ['enable_webhook', 'redeliver_webhook', 'revoke_api_key'])
      expect(infer(name, 'revoke the key Zapier, enable and redeliver the webhook')).toBeNull();
  });

  it('say what was ordered, not that it is done', async () => {
    const customer = await addCustomer(box.database);
    const key = await box.database.workspaceApiKey.create({
      data: { id: newId('wkey'), customerId: customer.id, name: 'Zapier', prefix: 'lwk_abc123', scopes: [], createdAt: days(-9) },
    });
    await expect(box.call('revoke_api_key', customer.id, { keyId: key.id }, { said: 'thanks' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await box.call('revoke_api_key', customer.id, {}, { said: 'Revoke Zapier' })).summary).toBe(
      'The key "Zapier" (lwk_abc123…) is revoked: within a minute every request with it answers 401. Create its successor under Settings > Developer > API tokens.',
    );
    expect(await box.database.workspaceApiKey.findUnique({ where: { id: key.id } })).toMatchObject({ revokedAt: NOW });
  });
});
