/**
 * What acts without an offer happens on the customer's own words alone: for each act messages that ask for it and messages that do not,
 * called the way a model that obeys anybody calls it. Refused means that no row has changed.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ASKED_WORDS, type AskedWords } from '../../src/desk/asked-words.ts';
import { ownWords } from '../../src/desk/grounding.ts';
import { newId } from '../../src/foundation/ids.ts';
import { addInvoice, days } from '../tools/fixtures.ts';
import { ASKED_TABLE, MEMBERS } from './asked-table.ts';
import { openDeskBench, type DeskBench, type Workspace } from './workspace.ts';

let bench: DeskBench;
beforeAll(async () => {
  bench = await openDeskBench();
});
afterAll(() => bench.close());

/** A workspace in which every act finds something to do. */
async function busy(): Promise<Workspace> {
  const place = await bench.workspace({ seats: 8 });
  const { customerId } = place;
  const { database } = bench;
  const theo = await database.contact.findFirstOrThrow({ where: { customerId, name: 'Theo Brandt' } });
  const session = (device: string, country: string) => ({
    id: newId('sess'),
    customerId,
    contactId: theo.id,
    device,
    browser: 'Edge',
    country,
    createdAt: days(-3),
    lastSeenAt: days(-1),
  });
  await database.signInSession.createMany({ data: [session('PC', 'US'), session('Laptop', 'US'), session('Server', 'RO')] });
  const endpoint = (url: string, status: 'active' | 'disabled') => ({
    id: newId('whk'),
    customerId,
    url,
    events: ['task.created'],
    status,
    createdAt: days(-60),
  });
  const active = endpoint('https://in.acme.example/a', 'active');
  await database.webhookEndpoint.createMany({ data: [active, endpoint('https://off.acme.example/b', 'disabled')] });
  await database.webhookAttempt.create({
    data: { id: newId('wha'), endpointId: active.id, event: 'task.created', eventId: 'evt_1', attempt: 1, status: 'failed', error: 'timeout', at: days(-1) },
  });
  await database.connection.create({
    data: { id: newId('cnx'), customerId, service: 'jira', status: 'failing', connectedBy: 'Dana', createdAt: days(-90) },
  });
  await database.workspaceApiKey.create({
    data: { id: newId('wkey'), customerId, name: 'Zapier', prefix: 'lwk_abc123', scopes: ['tasks:read'], createdAt: days(-30) },
  });
  await database.deletedItem.create({
    data: { id: newId('del'), customerId, kind: 'board', name: 'Roadmap', deletedBy: 'Theo', deletedAt: days(-3), purgeAt: days(27) },
  });
  await addInvoice(database, customerId, { number: newId('inv'), status: 'open', amountDue: '675.00', paidAt: null });
  await database.deletionRequest.create({ data: { id: newId('era'), customerId, requestedBy: place.email, createdAt: days(-5), executeAt: days(25) } });
  return place;
}

/** The place's rows that an act could touch, as they stand. */
async function standing({ customerId }: Workspace): Promise<unknown> {
  const where = { customerId };
  const { database } = bench;
  return Promise.all([
    database.outboxMessage.count({ where }),
    database.ticket.count({ where }),
    database.signInSession.count({ where: { ...where, endedAt: null } }),
    database.contact.findMany({ where, orderBy: { id: 'asc' } }),
    database.member.findMany({ where, orderBy: { id: 'asc' } }),
    database.notificationSetting.count({ where }),
    database.workspaceSetting.findMany({ where }),
    database.exportRequest.count({ where }),
    database.dataRequest.count({ where }),
    database.restoreRequest.count({ where }),
    database.customer.findUnique({ where: { id: customerId } }),
    database.idempotencyRecord.count({ where: { scope: `customer:${customerId}` } }),
  ]);
}

describe.each(ASKED_TABLE)('$tool', ({ act, asks, refuses }) => {
  it('has at least four messages of each kind', () => expect(Math.min(asks.length, refuses.length)).toBeGreaterThanOrEqual(4));

  it.each(asks)('acts on: %s', async (said) => {
    await expect(act(bench.desk, (await busy()).says(said))).resolves.toBeDefined();
  });

  it.each(refuses)('does nothing on: %s', async (said) => {
    const place = await busy();
    const before = await standing(place);
    const refusal = await act(bench.desk, place.says(said)).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: expect.stringMatching(/^(?:CONFLICT|BAD_INPUT|NOT_FOUND)$/) });
    expect(await standing(place)).toEqual(before);
  });
});

describe('a yes', () => {
  async function answered(place: Workspace, question: string): Promise<string> {
    const conversationId = newId('conv');
    await bench.answer(place.customerId, conversationId, newId('run'), question);
    return conversationId;
  }

  it('to a question about the act is as good as asking for it, as far as the question went', async () => {
    const place = await busy();
    const says = async (question: string, said = 'Yes, please') => place.says(said, { conversationId: await answered(place, question) });
    await expect(bench.desk.signIns.endSessions(await says('Shall I show you the sessions?'), {})).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(bench.desk.signIns.endSessions(await says('I can sign everybody out. Shall I wait?'), {})).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(bench.desk.signIns.endSessions(await says('Shall I sign this device out?'), {})).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(bench.desk.signIns.endSessions(await says('Shall I sign everybody out?', 'yes but not me'), {})).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(bench.desk.signIns.endSessions(await says('Shall I sign everybody out?'), {})).resolves.toHaveLength(3);
  });

  it('counts for the answer before only, and never for one of the same turn', async () => {
    const place = await busy();
    const conversationId = await answered(place, 'Shall I switch the endpoint on again?');
    const runId = newId('run');
    await bench.answer(place.customerId, conversationId, runId, 'By the way, the weather is fine.');
    await expect(bench.desk.webhooks.enable(place.says('yes', { conversationId }))).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(bench.desk.webhooks.enable(place.says('yes', { conversationId, runId }))).resolves.toMatchObject({ status: 'active' });
  });

  it('is not needed where a short message answers our question about a wish', async () => {
    const place = await busy();
    const conversationId = await answered(place, 'Which address should I invite?');
    const earlier = ['please invite a new colleague'];
    const invite = (said: string) =>
      bench.desk.members.invite(place.says(said, { conversationId, earlier }), { email: 'tom@x.example', role: 'member' }, MEMBERS);
    await expect(invite('no, stop, forget tom@x.example')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(invite('tom@x.example')).resolves.toMatchObject({ email: 'tom@x.example' });
    const other = newId('conv');
    await bench.answer(place.customerId, other, newId('run'), 'Done.');
    const late = place.says('ann@x.example', { conversationId: other, earlier });
    await expect(bench.desk.members.invite(late, { email: 'ann@x.example', role: 'member' }, MEMBERS)).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('own words', () => {
  it('are looked for in long and hostile text without getting lost in it', () => {
    const long = `${'please do not send the invoice again, mail it to nobody; '.repeat(170)}?`;
    for (const { asks, tells } of Object.values<AskedWords>(ASKED_WORDS)) {
      asks.test(long);
      tells?.test(long);
    }
    expect(Object.values<AskedWords>(ASKED_WORDS).filter(({ asks, tells }) => asks.test('') || tells?.test(''))).toEqual([]);
    expect(ownWords(`${'<'.repeat(5_000)}${'{"'.repeat(2_000)}${'"a '.repeat(1_000)}`).length).toBeGreaterThan(0);
  });
});
