/** What leaves the house: delivered at least once under the same id, tried again with growing pauses, given up in the open. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ATTEMPTS_MAX, createOutboxDelivery, retryAfterMs } from '../../src/desk/deliver-outbox.ts';
import { enqueueOutgoing } from '../../src/desk/outbox.ts';
import { createFileTransport, createHttpTransport, type Parcel, type Transport } from '../../src/desk/outbox-transport.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import type { OutboxMessage } from '../../src/store/generated/prisma/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { addCustomer } from '../tools/fixtures.ts';

const START = new Date('2026-11-20T12:00:00.000Z');
const log = createLogger({ level: 'silent', pretty: false });
const never = new AbortController().signal;

let rows: TestDatabase;
let customerId: string;
beforeAll(async () => {
  rows = await createTestDatabase();
  customerId = (await addCustomer(rows.database)).id;
});
afterAll(() => rows.close());
beforeEach(() => rows.database.outboxMessage.deleteMany());

function enqueue(amount = '10.00', now = START): Promise<OutboxMessage> {
  return enqueueOutgoing(rows.database, { kind: 'refund', customerId, subject: 'refund', payload: { amount } }, now);
}

const all = () => rows.database.outboxMessage.findMany({ orderBy: { id: 'asc' } });

function recorder(answer: (parcel: Parcel) => Promise<void> | void = () => undefined): Transport & { readonly taken: string[] } {
  const taken: string[] = [];
  return {
    name: 'recorder',
    taken,
    async deliver(parcel) {
      taken.push(parcel.id);
      await answer(parcel);
      return { receipt: `r-${parcel.id}` };
    },
  };
}

function delivering(transport: Transport, clock = createManualClock(START), random = () => 0) {
  return { clock, delivery: createOutboxDelivery({ database: rows.database, transport, clock, log, random }) };
}

describe('the outbox', () => {
  it('delivers what is due, notes the receipt, and leaves it alone afterwards', async () => {
    const row = await enqueue();
    await enqueue('20.00', new Date(START.getTime() + 60_000));
    const transport = recorder();
    const { delivery } = delivering(transport);
    expect(await delivery.deliverDue(never)).toBe(1);
    expect(await delivery.deliverDue(never)).toBe(0);
    expect(transport.taken).toEqual([row.id]);
    expect((await all())[0]).toMatchObject({ status: 'delivered', receipt: `r-${row.id}`, attempts: 1, deliveredAt: START, lastError: null });
  });

  it('tries again with growing pauses over about a day, then gives up and tells people', async () => {
    const row = await enqueue();
    const transport = recorder(() => Promise.reject(new Error('The endpoint answered with status 503')));
    const { clock, delivery } = delivering(transport);
    const pauses: number[] = [];
    for (let attempt = 1; attempt < ATTEMPTS_MAX; attempt += 1) {
      expect(await delivery.deliverDue(never)).toBe(1);
      expect(await delivery.deliverDue(never)).toBe(0);
      const [after] = await all();
      expect(after).toMatchObject({ status: 'pending', attempts: attempt, lastError: 'The endpoint answered with status 503' });
      const pause = (after?.nextAttemptAt.getTime() ?? 0) - clock.now().getTime();
      pauses.push(pause);
      clock.advance(pause);
    }
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect(pauses.reduce((sum, pause) => sum + pause, 0) / 3_600_000).toBeCloseTo(25, 0);
    expect(await delivery.deliverDue(never)).toBe(1);
    expect(await all()).toMatchObject([{ status: 'failed', attempts: ATTEMPTS_MAX }]);
    expect(await rows.database.ticket.findMany({ where: { callId: `outbox:${row.id}` } })).toMatchObject([{ kind: 'incident', severity: 'high' }]);
    clock.advance(100 * 3_600_000);
    expect(await delivery.deliverDue(never)).toBe(0);
    expect(transport.taken.length).toBe(ATTEMPTS_MAX);
  });

  it('spreads retries by at most a fifth', () => {
    expect(retryAfterMs(1, () => 0)).toBe(30_000);
    expect(retryAfterMs(1, () => 0.999_999)).toBe(24_000);
  });

  it('delivers again, under the same id, what a process delivered and died before it could note', async () => {
    const row = await enqueue();
    const died = new AbortController();
    const first = recorder(() => {
      died.abort();
      throw new Error('the process is gone');
    });
    await delivering(first).delivery.deliverDue(died.signal);
    expect(await all()).toMatchObject([{ status: 'pending', attempts: 1 }]);
    const second = recorder();
    const { clock, delivery } = delivering(second);
    // Until the lease ends it is still the first one's.
    expect(await delivery.deliverDue(never)).toBe(0);
    clock.advance(61_000);
    expect(await delivery.deliverDue(never)).toBe(1);
    expect([...first.taken, ...second.taken]).toEqual([row.id, row.id]);
    expect(await all()).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  });

  it('gives up on a row whose last try was never noted, without a ninth', async () => {
    const row = await enqueue();
    await rows.database.outboxMessage.update({ where: { id: row.id }, data: { attempts: ATTEMPTS_MAX } });
    const transport = recorder();
    await delivering(transport).delivery.deliverDue(never);
    expect(transport.taken).toEqual([]);
    expect(await all()).toMatchObject([{ status: 'failed' }]);
  });

  it('gives each row to one of many processes', async () => {
    for (let count = 0; count < 60; count += 1) await enqueue();
    const transport = recorder();
    const many = Array.from({ length: 6 }, () => delivering(transport).delivery);
    while ((await Promise.all(many.map((one) => one.deliverDue(never)))).some((tried) => tried > 0));
    expect(transport.taken.length).toBe(60);
    expect(new Set(transport.taken).size).toBe(60);
  });

  it('goes by itself, at once when woken, and takes the rest along on leaving', async () => {
    const delivered = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const transport = recorder(() => delivered[transport.taken.length - 1]?.resolve());
    const delivery = createOutboxDelivery({ database: rows.database, transport, clock: systemClock, log });
    await enqueue();
    delivery.start();
    await delivered[0]?.promise;
    await enqueue();
    delivery.wake();
    await delivered[1]?.promise;
    for (let count = 0; count < 25; count += 1) await enqueue();
    await Promise.all([delivery.close(10_000), delivery.close(10_000)]);
    expect((await all()).filter(({ status }) => status === 'delivered').length).toBe(27);
    expect(new Set(transport.taken).size).toBe(27);
  });

  it('leaves in time although a receiver hangs, and keeps the row for the next process', async () => {
    await enqueue();
    const hanging: Transport = {
      name: 'hanging',
      deliver: (_parcel, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
    };
    await delivering(hanging).delivery.close(50);
    expect(await all()).toMatchObject([{ status: 'pending', attempts: 1, lastError: null }]);
  });
});

describe('the file transport', () => {
  it('writes each delivery as one JSON line, also side by side', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'outbox-'));
    try {
      const path = join(dir, 'deep', 'outbox.jsonl');
      const transport = createFileTransport(path);
      const parcels = await Promise.all(Array.from({ length: 20 }, (_, index) => enqueue(`${index}.00`)));
      await Promise.all(parcels.map((parcel) => transport.deliver(parcel, never)));
      const lines = (await readFile(path, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { id: string; payload: { amount: string } });
      expect(new Set(lines.map(({ id }) => id))).toEqual(new Set(parcels.map(({ id }) => id)));
      expect(lines[0]).toMatchObject({ kind: 'refund', subject: 'refund', customerId });
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe('the HTTP transport', () => {
  interface Seen {
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }

  async function withEndpoint(
    answer: { status: number; body?: string; location?: string } | 'hang',
    work: (url: string, seen: Seen[]) => Promise<void>,
  ): Promise<void> {
    const seen: Seen[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      seen.push({ headers: request.headers, body });
      if (answer === 'hang') return;
      response.writeHead(answer.status, answer.location ? { location: answer.location } : {});
      response.end(answer.body ?? '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/outbox`, seen);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it('posts the row with its id as Idempotency-Key and takes the receipt from the answer', async () => {
    const row = await enqueue('12.00');
    await withEndpoint({ status: 202, body: '{"receipt":"abc-1"}' }, async (url, seen) => {
      expect(await createHttpTransport(url, 'secret-token').deliver(row, never)).toEqual({ receipt: 'abc-1' });
      expect(seen[0]?.headers).toMatchObject({ 'idempotency-key': row.id, authorization: 'Bearer secret-token', 'content-type': 'application/json' });
      expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ id: row.id, kind: 'refund', payload: { amount: '12.00' } });
    });
  });

  it.each([['thanks'], ['{"receipt":5}'], [''], [`{"receipt":"${'x'.repeat(100_000)}"}`]])(
    'takes the status for a receipt when the answer has none: %.20s',
    async (body) => {
      const row = await enqueue();
      await withEndpoint({ status: 200, body }, async (url) => expect(await createHttpTransport(url).deliver(row, never)).toEqual({ receipt: 'status 200' }));
    },
  );

  it.each([400, 409, 500, 503])('was not taken when the answer is %d', async (status) => {
    const row = await enqueue();
    await withEndpoint({ status }, async (url) => expect(createHttpTransport(url).deliver(row, never)).rejects.toThrow(`status ${status}`));
  });

  it('follows no redirect, which would carry the token elsewhere, and leaves when told', async () => {
    const row = await enqueue();
    await withEndpoint({ status: 307, location: 'http://127.0.0.1:9/' }, async (url) =>
      expect(createHttpTransport(url, 't').deliver(row, never)).rejects.toThrow(),
    );
    await withEndpoint('hang', async (url) => expect(createHttpTransport(url).deliver(row, AbortSignal.timeout(100))).rejects.toThrow());
  });
});
