/** Leaving: clients that understand are told first, the others are closed by and by, and nobody new is taken. */
import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/foundation/clock.ts';
import { openAcknowledged, subscribe } from './raw-socket.ts';
import { LIMITS, startGateway, type Started } from './start-gateway.ts';

const COUNT = 'subscription ($to: Int!) { count(to: $to) { value } }';
const socketUrl = ({ url }: Started) => `${url.replace('http', 'ws')}/graphql`;

describe('a gateway that drains', () => {
  it('is unready, tells its clients to move, refuses upgrades with 503, and lets what is open flow on', async () => {
    const started = await startGateway();
    const raw = await openAcknowledged(started.url);
    started.gateway.drain(20_000);
    expect(await raw.next()).toEqual({ type: 'ping', payload: { goaway: { withinMs: 500, jitter: true } } });
    expect((await fetch(`${started.url}/health/ready`)).status).toBe(503);
    const late = new WebSocket(socketUrl(started), 'graphql-transport-ws');
    late.once('error', () => undefined);
    const [, refused] = (await once(late, 'unexpected-response')) as [unknown, { statusCode: number; headers: Record<string, string> }];
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
    subscribe(raw, '1', COUNT, { to: 2 });
    expect([await raw.next(), await raw.next(), await raw.next()].map(({ type }) => type)).toEqual(['next', 'next', 'complete']);
    raw.socket.close();
    await started.close();
    expect(started.gateway.sockets).toBe(0);
  });

  it('is left at once by clients that moved, and closes the others with 1012', async () => {
    const started = await startGateway();
    const [moves, stays] = [await openAcknowledged(started.url), await openAcknowledged(started.url)];
    subscribe(stays, '1', COUNT, { to: -1 });
    started.gateway.drain(2_000);
    for (const one of [moves, stays]) expect(await one.next()).toMatchObject({ payload: { goaway: {} } });
    moves.socket.close(1000);
    const closed = started.gateway.close(0);
    expect(await stays.closed).toEqual({ code: 1012, reason: 'Going away for a restart' });
    await closed;
    expect(started.gateway.sockets).toBe(0);
    await started.streams.closed();
  });

  it('closes in time by itself, also when nobody says when', async () => {
    const started = await startGateway();
    const raw = await openAcknowledged(started.url);
    started.gateway.drain(1_000);
    expect((await raw.closed).code).toBe(1012);
    await started.close();
  });

  it('hands stock clients on to the survivor, each in turn', { timeout: 30_000 }, async () => {
    const limits = { ...LIMITS, socketsPerViewer: 100, drainSocketsPerS: 400 };
    const instances = [await startGateway({ limits }), await startGateway({ limits })];
    const [one, other] = instances;
    if (!one || !other) throw new Error('two instances');
    let target = one;
    let heard = 0;
    let wanted = 40;
    let all = Promise.withResolvers<void>();
    const clients = Array.from({ length: 40 }, () => {
      const client = createClient({
        url: () => socketUrl(target),
        webSocketImpl: WebSocket,
        retryAttempts: 100,
        shouldRetry: () => true,
        retryWait: () => systemClock.sleep(10),
      });
      client.subscribe(
        { query: COUNT, variables: { to: -1 } },
        {
          next: () => {
            heard += 1;
            if (heard === wanted) all.resolve();
          },
          error: all.reject,
          complete: () => undefined,
        },
      );
      return client;
    });
    for (const leaving of [one, other]) {
      // Each connection says its first item anew.
      await all.promise;
      wanted += 1 + 40;
      heard += 1;
      all = Promise.withResolvers();
      const survivor = leaving === one ? other : await startGateway({ limits });
      instances.push(survivor);
      target = survivor;
      leaving.gateway.drain(1_500);
      await leaving.gateway.close(1_500);
      expect([leaving.gateway.sockets, leaving.streams.open]).toEqual([0, 0]);
    }
    await all.promise;
    expect(instances.at(-1)?.gateway.sockets).toBe(40);
    for (const client of clients) await client.dispose();
    for (const instance of instances) await instance.close();
  });
});

describe('closing many', () => {
  it('happens in random order, a few at a time, and is done before the deadline', { timeout: 20_000 }, async () => {
    const limits = { ...LIMITS, socketsPerViewer: 100, drainSocketsPerS: 100 };
    const started = await startGateway({ limits });
    const sockets = [];
    for (let id = 0; id < 60; id += 1) sockets.push(await openAcknowledged(started.url));
    const order: number[] = [];
    let together = 0;
    let most = 0;
    const counted = sockets.map(async (socket, id) => {
      expect((await socket.closed).code).toBe(1012);
      order.push(id);
      together += 1;
      setImmediate(() => {
        most = Math.max(most, together);
        together = 0;
      });
    });
    await started.gateway.close(10_000);
    await Promise.all(counted);
    expect(order).not.toEqual(order.toSorted((a, b) => a - b));
    // 100 per second in batches of a twentieth of a second; a late timer may let two batches meet.
    expect(most).toBeLessThan(40);
  });

  it('that cannot be done at that rate is done in the time there is', async () => {
    const started = await startGateway({ limits: { ...LIMITS, socketsPerViewer: 100, drainSocketsPerS: 1 } });
    const sockets = [];
    for (let id = 0; id < 20; id += 1) sockets.push(await openAcknowledged(started.url));
    await started.gateway.close(500);
    expect(await Promise.all(sockets.map(async (socket) => (await socket.closed).code))).toEqual(sockets.map(() => 1012));
  });
});
