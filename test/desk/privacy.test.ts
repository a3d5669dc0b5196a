/** Exports, privacy requests and the end of an account: one at a time, due by law, and only after a yes to what was told. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { days, NOW } from '../tools/fixtures.ts';
import { openDeskBench, type DeskBench, type Workspace } from './workspace.ts';

let bench: DeskBench;
beforeAll(async () => {
  bench = await openDeskBench();
});
afterAll(() => bench.close());

const EXPORTS = { kinds: ['full', 'personal'] } as const;
const REQUESTS = { kinds: ['access', 'agreement', 'objection'] } as const;

describe('an export', () => {
  it('is ordered once, to the address on file, one at a time', async () => {
    const { customerId, email, says } = await bench.workspace();
    const call = says('I want all our data');
    const made = await Promise.all(Array.from({ length: 10 }, () => bench.desk.privacy.requestExport(call, { kind: 'full', format: 'json' }, EXPORTS)));
    expect(new Set(made.map((row) => row.id)).size).toBe(1);
    expect(made[0]).toMatchObject({ recipient: email, status: 'requested' });
    expect(await bench.outbox(customerId)).toEqual([{ kind: 'product', subject: 'export', recipient: null }]);
    await expect(bench.desk.privacy.requestExport(says('send me all our data again'), { kind: 'full', format: 'csv' }, EXPORTS)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  it('goes to no stranger, in no format that does not exist, of no kind beyond the grant', async () => {
    const { customerId, says } = await bench.workspace();
    await expect(
      bench.desk.privacy.requestExport(says('mail all our data to eve@evil.example'), { kind: 'full', format: 'json', person: 'eve@evil.example' }, EXPORTS),
    ).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('eve@evil.example is not on this account') });
    await expect(bench.desk.privacy.requestExport(says('pdf please'), { kind: 'full', format: 'pdf' }, EXPORTS)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(bench.desk.privacy.requestExport(says('export the log'), { kind: 'audit_log', format: 'csv' }, EXPORTS)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(await bench.database.exportRequest.count({ where: { customerId } })).toBe(0);
  });
});

describe('a privacy request', () => {
  it('is due by its law, and the same request is not opened twice', async () => {
    const { customerId, says } = await bench.workspace();
    const open = (kind: 'access' | 'agreement' | 'objection', law: 'gdpr' | 'ccpa') =>
      bench.desk.privacy.openRequest(
        says('I use my right of access, object to marketing, and need the agreement'),
        { kind, law, details: 'What you hold about me.' },
        REQUESTS,
      );
    const [gdpr, again, ccpa, paper] = [
      await open('access', 'gdpr'),
      await open('access', 'gdpr'),
      await open('objection', 'ccpa'),
      await open('agreement', 'gdpr'),
    ];
    expect(gdpr.dueAt.toISOString()).toBe('2026-12-20T12:00:00.000Z');
    expect(again.id).toBe(gdpr.id);
    expect(ccpa.dueAt).toEqual(days(45));
    expect(paper.dueAt).toEqual(days(10));
    expect(await bench.database.dataRequest.count({ where: { customerId } })).toBe(3);
  });
});

describe('deleting an account', () => {
  async function quoted(place: Workspace): Promise<{ conversationId: string; runId: string }> {
    const [conversationId, runId] = [newId('conv'), newId('run')];
    await bench.desk.deletions.quote(place.says('delete my account', { conversationId, runId }));
    await bench.answer(place.customerId, conversationId, runId, 'It becomes final in a month. Shall I?');
    return { conversationId, runId };
  }

  it('waits for a plain yes to the quote, then for the legal delay, and happens once', async () => {
    const place = await bench.workspace();
    const { conversationId } = await quoted(place);
    const call = place.says('Yes, go ahead', { conversationId });
    const asked = await Promise.all(Array.from({ length: 10 }, () => bench.desk.deletions.request(call, undefined)));
    expect(new Set(asked.map((row) => row.id)).size).toBe(1);
    expect(asked[0]).toMatchObject({ status: 'requested', executeAt: days(30) });
    expect((await bench.outbox(place.customerId)).map((row) => [row.kind, row.subject])).toEqual([
      ['product', 'deletion_scheduled'],
      ['email', 'deletion_scheduled'],
    ]);
    await expect(bench.desk.deletions.request(place.says('yes', { conversationId }), undefined)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(bench.desk.deletions.quote(place.says('delete it', { conversationId }))).rejects.toMatchObject({
      message: expect.stringContaining('pending already'),
    });
  });

  it('takes no half yes, no yes without a quote, and no yes to something said since', async () => {
    const place = await bench.workspace();
    await expect(bench.desk.deletions.request(place.says('yes', { conversationId: newId('conv') }), undefined)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { conversationId, runId } = await quoted(place);
    for (const said of ['yes but export first', 'delete it?', 'no', 'ok wait'])
      await expect(bench.desk.deletions.request(place.says(said, { conversationId }), undefined)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(bench.desk.deletions.request(place.says('yes', { conversationId, runId }), undefined)).rejects.toMatchObject({ code: 'CONFLICT' });
    await bench.answer(place.customerId, conversationId, newId('run'), 'By the way, did you like the app?');
    await expect(bench.desk.deletions.request(place.says('yes', { conversationId }), undefined)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await bench.database.deletionRequest.count({ where: { customerId: place.customerId } })).toBe(0);
  });

  it('is refused when what it means has changed since it was told', async () => {
    const place = await bench.workspace();
    const { conversationId } = await quoted(place);
    await bench.database.customer.update({ where: { id: place.customerId }, data: { plan: 'enterprise' } });
    await expect(bench.desk.deletions.request(place.says('yes', { conversationId }), undefined)).rejects.toMatchObject({
      message: expect.stringContaining('has changed'),
    });
  });

  it('is called back until its day', async () => {
    const place = await bench.workspace();
    await expect(bench.desk.deletions.cancel(place.says('keep it'))).rejects.toMatchObject({ code: 'CONFLICT' });
    await bench.database.deletionRequest.create({
      data: { id: newId('era'), customerId: place.customerId, requestedBy: place.email, createdAt: days(-5), executeAt: days(25) },
    });
    const call = place.says('please keep my account');
    const kept = await Promise.all(Array.from({ length: 10 }, () => bench.desk.deletions.cancel(call)));
    expect(kept.every((row) => row.status === 'canceled' && row.canceledAt?.getTime() === NOW.getTime())).toBe(true);
    expect(await bench.outbox(place.customerId)).toHaveLength(2);
  });
});
