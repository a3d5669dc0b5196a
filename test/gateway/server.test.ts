import { createRemoteJWKSet, jwtVerify } from 'jose';
import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { openAcknowledged, subscribe } from './raw-socket.ts';
import { ask, startGateway, type Started } from './start-gateway.ts';

let started: Started;
beforeEach(async () => {
  started = await startGateway();
});
afterEach(() => started.close());

describe('health', () => {
  it('is alive and ready, and says how each thing is', async () => {
    expect((await fetch(`${started.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${started.url}/health/ready`)).status).toBe(200);
    const response = await fetch(`${started.url}/api/health`);
    const check = { status: 'up', latencyMs: expect.any(Number) as number };
    expect(await response.json()).toEqual({ status: 'ok', version: '1.2.3', checks: { database: check, eventLog: check, model: check } });
  });

  it.each([
    ['database', 503, 'unavailable'],
    ['eventLog', 503, 'unavailable'],
    ['model', 200, 'degraded'],
  ])('with a %s that is down answers %i %s', async (name, status, word) => {
    const up = async () => undefined;
    const probes = { database: up, eventLog: up, model: up, [name]: () => Promise.reject(new Error('secret address')) };
    const other = await startGateway({ probes });
    const response = await fetch(`${other.url}/api/health`);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status: word, checks: { [name]: { status: 'down' } } });
    expect((await fetch(`${other.url}/health/ready`)).status).toBe(status);
    expect((await fetch(`${other.url}/health/live`)).status).toBe(200);
    await other.close();
  });

  it('gives up on a probe that never answers', async () => {
    const other = await startGateway({
      probes: { database: () => new Promise(() => undefined), eventLog: async () => undefined, model: async () => undefined },
    });
    expect((await fetch(`${other.url}/health/ready`)).status).toBe(503);
    await other.close();
  });

  it('asks once for many who ask at the same time', async () => {
    let asked = 0;
    const other = await startGateway({ probes: { database: async () => void (asked += 1), eventLog: async () => undefined, model: async () => undefined } });
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${other.url}/health/ready`)));
    expect(asked).toBe(1);
    await other.close();
  });
});

describe('pages', () => {
  it('are served with a fingerprint and a policy', async () => {
    const response = await fetch(`${started.url}/`);
    expect(await response.text()).toBe('<h1>Welcome</h1>');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const again = await fetch(`${started.url}/`, { headers: { 'if-none-match': response.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
  });

  it('include the public keys, with which anybody verifies our tokens by themselves', async () => {
    const url = new URL('/.well-known/jwks.json', started.url);
    const response = await fetch(url);
    expect([response.status, response.headers.get('cache-control'), response.headers.get('content-type')]).toEqual([
      200,
      'public, max-age=300',
      'application/jwk-set+json; charset=utf-8',
    ]);
    expect(Object.keys(((await response.json()) as { keys: object[] }).keys[0] ?? {}).toSorted()).toEqual(['crv', 'kid', 'kty', 'x']);
    const token = await started.tokens.sign({ kind: 'customer', customerId: 'cus_1' }, { ttlS: 60 });
    const { payload } = await jwtVerify(token, createRemoteJWKSet(url), { issuer: 'parley', audience: 'parley' });
    expect(payload.sub).toBe('customer:cus_1');
  });

  it('that do not exist are 404 in JSON, whatever the method', async () => {
    for (const [path, method] of [
      ['/nothing', 'GET'],
      ['/', 'POST'],
      ['/../../etc/passwd', 'GET'],
      ['/health/live', 'DELETE'],
    ] as const) {
      const response = await fetch(`${started.url}${path}`, { method });
      expect([path, response.status, response.headers.get('content-type')]).toEqual([path, 404, 'application/json; charset=utf-8']);
    }
  });
});

describe('pages of other origins', () => {
  const preflight = (origin: string) =>
    fetch(`${started.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
    });

  it('are let in when configured', async () => {
    const response = await preflight('https://shop.example.com');
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://shop.example.com');
    expect(response.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('authorization');
    const answer = await ask(started.url, '{ hello }', { headers: { origin: 'https://shop.example.com' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example.com');
    expect(answer.headers.get('vary')).toContain('Origin');
  });

  it('are kept out otherwise', async () => {
    const response = await preflight('https://evil.example');
    expect(response.status).toBe(403);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    const answer = await ask(started.url, '{ hello }', { headers: { origin: 'https://evil.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('GraphiQL', () => {
  it('comes with nothing to fetch, and hands the open tab’s headers to its sockets', async () => {
    const response = await fetch(`${started.url}/graphql`, { headers: { accept: 'text/html' } });
    const html = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).toContain('conversationEvents');
    expect(html).toContain('Bearer demo');
    expect(html).toContain('connectionParams: function ()');
    expect(html).not.toMatch(/<(?:script|link)[^>]+(?:src|href)="https?:/);
  });

  it('is not there when it is switched off', async () => {
    const other = await startGateway({ graphiqlHeaders: null });
    const response = await fetch(`${other.url}/graphql`, { headers: { accept: 'text/html' } });
    expect(response.headers.get('content-type')).not.toContain('text/html');
    await other.close();
  });
});

describe('leaving', () => {
  it('finishes what is in flight, tells sockets to come back elsewhere, and takes nothing new', async () => {
    const raw = await openAcknowledged(started.url);
    subscribe(raw, '1', 'subscription { count(to: -1) { value } }');
    await raw.next();
    const answer = ask(started.url, '{ slow }');
    await started.streams.asked;
    const closed = started.gateway.close(10_000);
    expect(await raw.closed).toEqual({ code: 1012, reason: 'Going away for a restart' });
    await started.streams.closed();
    await expect(fetch(`${started.url}/health/live`)).rejects.toThrow();
    started.streams.release();
    expect((await answer).body).toEqual({ data: { slow: true } });
    await closed;
    await started.gateway.close(0);
  });

  it('is unready on connections that are still open, and refuses upgrades there', async () => {
    const held = request({ port: started.port, host: '127.0.0.1', path: '/health/ready', headers: { connection: 'keep-alive' } });
    await once(held, 'socket');
    const answer = ask(started.url, '{ slow }');
    await started.streams.asked;
    const closed = started.gateway.close(10_000);
    held.end();
    const [response] = (await once(held, 'response')) as [{ statusCode: number; resume(): void }];
    expect(response.statusCode).toBe(503);
    response.resume();
    started.streams.release();
    await answer;
    await closed;
  });

  it('cuts event streams without a complete, so that their readers come back', async () => {
    const response = await fetch(`${started.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: '{"query":"subscription { count(to: -1) { value } }"}',
    });
    const text = response.text();
    await expect.poll(() => started.streams.open).toBe(1);
    await started.gateway.close(10_000);
    expect(await text).not.toContain('complete');
    await started.streams.closed();
  });

  it('cuts what has not finished at the deadline', async () => {
    const answer = ask(started.url, '{ slow }').then(
      () => 'answered',
      () => 'cut',
    );
    await started.streams.asked;
    await started.gateway.close(0);
    expect(await answer).toBe('cut');
  });

  it('cuts a socket that does not answer the close', async () => {
    const socket = new WebSocket(`${started.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.pause();
    await started.gateway.close(100);
    expect(started.gateway.sockets).toBe(0);
    socket.terminate();
  });
});
