/** What browsers are told, and what pages that are not ours can make them do: nothing. */
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPages } from '../../src/console/pages.ts';
import { ask, refused, startGateway, type Started } from './start-gateway.ts';

const MUTATION = 'mutation { set(input: { mode: FAST, text: "a" }) }';

let started: Started;
beforeAll(async () => {
  const demo = { customerToken: 'token', customerId: 'cus_1' };
  const pages = await createPages({ development: true, demo, modelName: 'offline', agents: 57, articles: 205 });
  started = await startGateway({ pages });
});
afterAll(() => started.close());

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${started.url}${path}`, { headers });

describe('every response', () => {
  it.each(['/', '/chat.js', '/nothing', '/health/live', '/graphql?query={hello}', '/graphql?query={'])(
    '%s says what browsers must not do with it',
    async (path) => {
      const { headers } = await get(path);
      await expect(Promise.resolve(Object.fromEntries(headers))).resolves.toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'permissions-policy': expect.stringContaining('camera=()') as string,
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'") as string,
      });
      for (const name of ['server', 'x-powered-by', 'set-cookie']) expect(headers.has(name)).toBe(false);
    },
  );

  it('that is no page may load nothing at all', async () => {
    for (const path of ['/nothing', '/health/live', '/graphql?query={hello}'])
      expect((await get(path)).headers.get('content-security-policy')).toMatch(/^default-src 'none';/);
  });

  it('asks for https only where people come by https', async () => {
    const other = await startGateway({ publicUrl: 'http://localhost:4000' });
    expect((await fetch(`${other.url}/health/live`)).headers.has('strict-transport-security')).toBe(false);
    await other.close();
  });
});

describe('a page may load all that it loads and nothing else', () => {
  const directives = (policy: string) => new Map(policy.split(';').map((part) => [part.trim().split(' ')[0] ?? '', part.trim().split(' ').slice(1)] as const));
  const policyOf = async (path: string, accept: string) => {
    const response = await get(path, { accept });
    return { html: await response.text(), policy: directives(response.headers.get('content-security-policy') ?? '') };
  };

  it('the chat: scripts, styles and pictures from here, none of them inline', async () => {
    const { html, policy } = await policyOf('/', 'text/html');
    const loaded = [...html.matchAll(/<(?:script|link|img)\b[^>]*?(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url);
    expect(loaded).toContain('/chat.js');
    expect(loaded.filter((url) => !url.startsWith('/') || url.startsWith('//'))).toEqual([]);
    for (const url of loaded) expect([url, (await get(url)).status]).toEqual([url, 200]);
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+="|javascript:/i);
    expect(policy.get('script-src')).toEqual(["'self'"]);
    expect(policy.get('default-src')).toEqual(["'self'"]);
  });

  it('GraphiQL: its inline script, workers made of blobs, fonts and pictures made of data', async () => {
    const { html, policy } = await policyOf('/graphql', 'text/html');
    const needs = [
      [/<script[^>]*>[^<]/, 'script-src', "'unsafe-inline'"],
      [/<style[^>]*>/, 'style-src', "'unsafe-inline'"],
      [/new Blob\(/, 'worker-src', 'blob:'],
      [/url\(["']?data:font|data:font\//, 'font-src', 'data:'],
      [/data:image\//, 'img-src', 'data:'],
    ] as const;
    for (const [uses, directive, source] of needs)
      expect([directive, uses.test(html), policy.get(directive)?.includes(source)]).toEqual([directive, true, true]);
    expect(html).not.toMatch(/<(?:script|link|img)\b[^>]+(?:src|href)="(?:https?:)?\/\//);
    expect(policy.get('connect-src')).toEqual(["'self'", 'ws:', 'wss:']);
  });
});

describe('another origin that is allowed', () => {
  it('reads where it stands, and asks for permission again after ten minutes', async () => {
    const preflight = await fetch(`${started.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example.com', 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-max-age')).toBe('600');
    const answer = await ask(started.url, '{ hello }', { headers: { origin: 'https://shop.example.com' } });
    const exposed = answer.headers.get('access-control-expose-headers')?.split(', ');
    expect(exposed).toEqual(expect.arrayContaining(['RateLimit', 'RateLimit-Policy', 'X-RateLimit-Remaining', 'Retry-After', 'X-Request-Id']));
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example.com');
    // Nothing is ever sent by itself: there are no cookies, and a credential is put in by who has it.
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
  });
});

describe('cross-site request forgery', () => {
  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a form with a file', { 'content-type': 'multipart/form-data; boundary=a' }, 415],
    ['a form of plain text that is JSON', { 'content-type': 'text/plain' }, 415],
    ['a beacon', { 'content-type': 'text/plain;charset=UTF-8', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['a script of a foreign page', { 'content-type': 'application/json', origin: 'https://evil.example' }, 403],
    ['a page without an origin', { 'content-type': 'application/json', origin: 'null' }, 403],
  ])('%s changes nothing', async (_what, headers, status) => {
    const before = started.streams.mutations;
    const response = await fetch(`${started.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query: MUTATION }) });
    expect(response.status).toBe(status);
    expect(started.streams.mutations).toBe(before);
  });

  it('a picture, a link or a script of a foreign page asks nothing', async () => {
    const path = `/graphql?query=${encodeURIComponent('{ hello }')}`;
    const response = await get(path, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' });
    expect(response.status).toBe(403);
    expect(refused({ body: (await response.json()) as never })).toMatchObject({ code: 'FORBIDDEN' });
    // fetch says by itself how it asks.
    const followed = await request(`${started.url}/graphql?query=${encodeURIComponent(MUTATION)}`, {
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    });
    await followed.body.dump();
    expect(followed.statusCode).toBe(405);
  });

  it('our own pages, allowed ones and callers that are no browsers ask as ever', async () => {
    const asked: Record<string, string>[] = [{ 'sec-fetch-site': 'same-origin' }, { origin: started.url }, { origin: 'https://shop.example.com' }, {}];
    for (const headers of asked) expect((await ask(started.url, '{ hello }', { headers })).status).toBe(200);
  });
});
