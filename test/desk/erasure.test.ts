/** Erasing a customer: nothing that tells who it was is found in any table afterwards, and what the law wants kept is still there. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { CUSTOMER_TABLES, OWN_COLUMNS, STAFF_COLUMNS, SUM_COLUMNS } from '../../src/desk/customer-tables.ts';
import type { Database } from '../../src/store/database.ts';
import { seedDemo } from '../../src/store/seed/seed.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { takeUntil } from '../support/collect.ts';
import { openHouse, STAFF, SUPER, type House } from '../support/house.ts';
import { createFixedLlm, createScriptedLlm } from '../support/scripted-llm.ts';

/** In no other text of the database. */
const NAME = 'Quillfeather';
const SECRET = 'zyxomma';
const MAIL = `ada@${NAME.toLowerCase()}.test`;
const AT = new Date('2026-03-01T12:00:00.000Z');
const ADMIN: Viewer = staffViewer({ userId: 'usr_admin', name: 'Ada', role: 'super_admin' });

/** The tables in which any of these words stands anywhere. */
async function tablesWith(database: Database, words: readonly string[]): Promise<string[]> {
  const tables = await database.$queryRaw<{ name: string }[]>`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`;
  const found: string[] = [];
  for (const { name } of tables) {
    const [row] = await database.$queryRawUnsafe<{ hits: number }[]>(
      `SELECT count(*)::int AS hits FROM "${name}" AS r WHERE r::text ILIKE ANY($1)`,
      words.map((word) => `%${word}%`),
    );
    if (row && row.hits > 0) found.push(name);
  }
  return found;
}

/** Everything a customer can leave behind, each text of it with the word that must not be found. */
async function leaveTraces(house: House, customerId: string): Promise<{ conversationId: string; runId: string }> {
  const { database } = house;
  await database.customer.update({ where: { id: customerId }, data: { name: `Ada ${NAME}`, email: MAIL, company: `${NAME} Ltd`, industry: SECRET } });
  const { conversation, run } = await house.desk.conversations.start(STAFF, { customerId, text: `My ${SECRET} is broken`, idempotencyKey: 'start' });
  await house.ended(run.id);
  await house.desk.conversations.rate({ kind: 'customer', customerId }, { conversationId: conversation.id, rating: 2, comment: `The ${SECRET} again` });
  await house.desk.customers.addNote(STAFF, { customerId, text: `Ada ${NAME} called about a ${SECRET}` });
  await house.desk.routeCorrections.correct(STAFF, { runId: run.id, agentId: 'second_agent', note: SECRET });
  const agentRun = await house.desk.agentRuns.start(STAFF, { agentId: 'first_agent', customerId, text: `What about the ${SECRET}?` });
  await house.ended(agentRun.run.id);
  const id = customerId;
  const conversationId = conversation.id;
  const at = { createdAt: AT };
  const contact = await database.contact.create({ data: { id: newId('con'), customerId: id, name: NAME, email: MAIL, phone: SECRET, role: 'admin' } });
  await database.signInSession.create({
    data: { id: newId('sess'), customerId: id, contactId: contact.id, device: SECRET, browser: 'x', country: 'DE', ...at, lastSeenAt: AT },
  });
  await database.member.create({ data: { id: newId('mem'), customerId: id, email: `x-${MAIL}`, name: NAME, role: 'member', status: 'active', invitedAt: AT } });
  await database.workspaceEvent.create({ data: { id: newId('wse'), customerId: id, at: AT, actor: MAIL, action: 'project.deleted', target: SECRET } });
  const hook = await database.webhookEndpoint.create({ data: { id: newId('whk'), customerId: id, url: `https://${SECRET}.test`, events: ['a'], ...at } });
  await database.webhookAttempt.create({ data: { id: newId('wha'), endpointId: hook.id, event: SECRET, eventId: 'e', attempt: 1, status: 'failed', at: AT } });
  await database.oAuthApp.create({ data: { id: newId('app'), customerId: id, name: SECRET, clientId: 'c', ...at } });
  await database.workspaceApiKey.create({ data: { id: newId('wkey'), customerId: id, name: SECRET, prefix: 'lw_', ...at } });
  await database.connection.create({
    data: { id: newId('cnx'), customerId: id, service: 'slack', status: 'failing', connectedBy: MAIL, lastError: SECRET, ...at },
  });
  const item = await database.deletedItem.create({
    data: { id: newId('del'), customerId: id, kind: 'task', name: SECRET, deletedBy: MAIL, deletedAt: AT, purgeAt: AT },
  });
  await database.restoreRequest.create({ data: { id: newId('rst'), customerId: id, itemId: item.id, requestedBy: MAIL, ...at } });
  await database.exportRequest.create({ data: { id: newId('exp'), customerId: id, kind: 'full', format: 'json', requestedBy: MAIL, recipient: MAIL, ...at } });
  await database.deletionRequest.create({
    data: { id: newId('era'), customerId: id, reason: SECRET, requestedBy: MAIL, executeAt: AT, status: 'canceled', ...at },
  });
  await database.dataRequest.create({ data: { id: newId('dreq'), customerId: id, kind: 'access', law: 'gdpr', details: SECRET, dueAt: AT, ...at } });
  await database.ticket.create({ data: { id: newId('tkt'), kind: 'bug', customerId: id, title: SECRET, description: MAIL, severity: 'low', ...at } });
  await database.healthEvent.create({ data: { id: newId('hev'), customerId: id, kind: 'usage_spike', reason: SECRET, severity: 'low', ...at } });
  await database.credit.create({ data: { id: newId('cred'), customerId: id, amount: '5.00', kind: 'goodwill', status: 'active', reason: SECRET, ...at } });
  await database.discount.create({ data: { id: newId('disc'), customerId: id, kind: 'discretionary', percent: '5', reason: SECRET, startsAt: AT, ...at } });
  const offer = { customerId: id, conversationId, runId: run.id, terms: { to: MAIL }, termsHash: SECRET, amount: '1.00', expiresAt: AT, ...at };
  await database.offer.createMany({
    data: [
      { id: newId('off'), kind: 'action', ...offer },
      { id: newId('off'), kind: 'refund', usedAt: AT, ...offer },
    ],
  });
  const mail = {
    kind: 'email' as const,
    customerId: id,
    subject: 'invoice_copy',
    recipient: MAIL,
    payload: { to: NAME },
    lastError: SECRET,
    nextAttemptAt: AT,
    ...at,
  };
  await database.outboxMessage.createMany({
    data: [
      { id: newId('out'), ...mail },
      { id: newId('out'), status: 'delivered', ...mail },
    ],
  });
  await database.searchQuery.create({ data: { id: newId('srch'), text: `where is ${SECRET}`, conversationId, hits: 0, topSimilarity: 0, ...at } });
  const suggestion = { title: `Where is ${SECRET}?`, reason: 'Asked.', priority: 5, questions: [`where is ${SECRET}`, 'where is it'], ...at };
  await database.articleSuggestion.create({ data: { id: newId('sugg'), kind: 'gap', topic: 'where', ...suggestion } });
  await database.handOver.create({
    data: { id: newId('hop'), runId: run.id, fromAgentId: 'a', toAgentId: 'b', reason: SECRET, hop: 1, snapshot: { name: NAME }, ...at },
  });
  await database.runStep.updateMany({ where: { runId: run.id }, data: { output: { said: SECRET }, errorMessage: SECRET } });
  await database.run.update({ where: { id: run.id }, data: { errorMessage: SECRET, result: { text: SECRET } } });
  await database.escalation.create({
    data: {
      id: newId('esc'),
      conversationId,
      customerId: id,
      priority: 'low',
      team: 't',
      reason: SECRET,
      snapshot: { name: NAME },
      raisedByKind: 'agent',
      raisedById: 'a',
      firstReplyDueAt: AT,
      ...at,
    },
  });
  return { conversationId, runId: run.id };
}

describe('eraseCustomer', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm([`About your ${SECRET}: `, 'it works.']) });
  });
  afterAll(() => house.close());

  it('leaves no word of who it was or what was said in any table, and keeps the accounts', async () => {
    const { database, desk, log } = house;
    const { demo } = await seedDemo(database, { now: new Date(), log: createLogger({ level: 'silent', pretty: false }) });
    const { customerId } = demo;
    const { conversationId } = await leaveTraces(house, customerId);
    const before = await Promise.all([
      database.invoice.count({ where: { customerId } }),
      database.payment.count({ where: { customerId } }),
      database.run.count({ where: { customerId } }),
    ]);
    expect(before.every((rows) => rows > 0)).toBe(true);
    // The grep works: the traces are all over the place.
    expect((await tablesWith(database, [NAME, SECRET, MAIL])).length).toBeGreaterThan(30);
    const head = await log.head(`conversation:${conversationId}`);
    const reader = log.follow(`conversation:${conversationId}`, { after: head.top, startAt: 'live', signal: AbortSignal.timeout(10_000) });
    await takeUntil(reader, (entry) => entry.kind === 'ready');

    const { customer, erasure } = await desk.erasures.erase(ADMIN, { customerId, idempotencyKey: 'erase-1' });

    expect(await tablesWith(database, [NAME, SECRET, MAIL])).toEqual([]);
    expect(customer).toMatchObject({ id: customerId, name: 'Erased customer', email: `erased-${customerId}@erased.invalid`, status: 'closed', company: null });
    expect(
      await Promise.all([
        database.invoice.count({ where: { customerId } }),
        database.payment.count({ where: { customerId } }),
        database.run.count({ where: { customerId } }),
      ]),
    ).toEqual(before);
    expect(await database.message.count({ where: { conversation: { customerId } } })).toBe(0);
    expect(await database.outboxMessage.count({ where: { customerId, status: 'pending' } })).toBe(0);
    expect(erasure).toMatchObject({
      customerId,
      requestedById: 'usr_admin',
      counts: { Message: { erased: expect.any(Number) }, Customer: { pseudonymised: 1 }, ArticleSuggestion: { pseudonymised: 1 } },
    });
    expect(await database.auditEntry.findFirst({ where: { action: 'customer.erase' } })).toMatchObject({
      subjectId: customerId,
      changes: { erasureId: erasure.id },
    });
    expect(await takeUntil(reader, (entry) => entry.kind === 'reset')).toMatchObject([{ kind: 'reset', reason: 'EPOCH' }]);
    const late = await takeUntil(
      log.follow(`conversation:${conversationId}`, { startAt: 'history', signal: AbortSignal.timeout(10_000) }),
      (entry) => entry.kind === 'ready',
    );
    expect(late).toMatchObject([{ kind: 'ready', replayed: 0 }]);

    // The same key: the same record, and nothing a second time.
    expect((await desk.erasures.erase(ADMIN, { customerId, idempotencyKey: 'erase-1' })).erasure).toEqual(erasure);
    expect(await database.erasure.count()).toBe(1);
    await expect(desk.erasures.erase(ADMIN, { customerId: newId('cus'), idempotencyKey: 'erase-1' })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('touches nobody else', async () => {
    const { database, desk } = house;
    const [mine, other] = [await house.addCustomer(), await house.addCustomer()];
    for (const { viewer } of [mine, other]) await house.ended((await desk.conversations.start(viewer, { text: 'A question of mine' })).run.id);
    const rowsOf = async () =>
      JSON.stringify([
        await database.customer.findUnique({ where: { id: other.customerId } }),
        await database.conversation.findMany({ where: { customerId: other.customerId }, include: { messages: true, runs: { include: { steps: true } } } }),
      ]);
    const before = await rowsOf();
    await desk.erasures.erase(SUPER, { customerId: mine.customerId, idempotencyKey: newId('req') });
    expect(await rowsOf()).toBe(before);
  });

  it('is done once, however many ask at once', async () => {
    const { customerId } = await house.addCustomer();
    const erasures = await Promise.all(Array.from({ length: 10 }, () => house.desk.erasures.erase(SUPER, { customerId, idempotencyKey: 'at-once' })));
    expect(new Set(erasures.map(({ erasure }) => erasure.id)).size).toBe(1);
    expect(await house.database.erasure.count({ where: { customerId } })).toBe(1);
    expect(await house.database.auditEntry.count({ where: { subjectId: customerId, action: 'customer.erase' } })).toBe(1);
  });

  it('waits for a person at work and for money on its way, and says which', async () => {
    const { database, desk } = house;
    const { viewer, customerId } = await house.addCustomer();
    const { conversation, run } = await desk.conversations.start(viewer, { text: 'Keep this' });
    await house.ended(run.id);
    const userId = newId('usr');
    await database.user.create({ data: { id: userId, email: `${userId}@x.test`, name: 'Lena Fischer', role: 'user' } });
    const escalation = await database.escalation.create({
      data: {
        id: newId('esc'),
        conversationId: conversation.id,
        customerId,
        status: 'claimed',
        claimedById: userId,
        claimedAt: AT,
        priority: 'low',
        team: 't',
        reason: 'r',
        snapshot: {},
        raisedByKind: 'agent',
        raisedById: 'a',
        firstReplyDueAt: AT,
        createdAt: AT,
      },
    });
    const refused = desk.erasures.erase(SUPER, { customerId, idempotencyKey: newId('req') });
    await expect(refused).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('Lena Fischer') });
    await database.escalation.update({ where: { id: escalation.id }, data: { status: 'resolved' } });
    const refund = await database.outboxMessage.create({
      data: { id: newId('out'), kind: 'refund', customerId, subject: 'refund', payload: { amount: '5.00' }, nextAttemptAt: AT, createdAt: AT },
    });
    await expect(desk.erasures.erase(SUPER, { customerId, idempotencyKey: newId('req') })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(refund.id),
    });
    expect(await database.message.count({ where: { conversationId: conversation.id } })).toBe(2);
    expect(await database.erasure.count({ where: { customerId } })).toBe(0);
  });

  it('is for who may delete customers, and for customers there are', async () => {
    const { viewer, customerId } = await house.addCustomer('ptn_test');
    const input = { customerId, idempotencyKey: newId('req') };
    const nobody: Viewer[] = [viewer, partnerViewer({ partnerId: 'ptn_test', keyId: null }), staffViewer({ userId: 'usr_a', name: 'A', role: 'admin' })];
    for (const one of nobody) await expect(house.desk.erasures.erase(one, input)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(house.desk.erasures.erase(SUPER, { ...input, customerId: newId('cus') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('erasing in the middle of an answer', () => {
  let house: House | null = null;
  afterEach(async () => {
    await house?.close();
    house = null;
  });

  it('stops the answer first, so that nothing of it is written afterwards', async () => {
    const llm = createScriptedLlm();
    house = await openHouse({ llm });
    const { viewer, customerId } = await house.addCustomer();
    const { run } = await house.desk.conversations.start(viewer, { text: `My ${SECRET}` });
    const call = await llm.nextCall();
    call.send({ type: 'text', text: `About your ${SECRET}` });
    await house.desk.erasures.erase(SUPER, { customerId, idempotencyKey: 'now' });
    expect(call.signal.aborted).toBe(true);
    expect(await house.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'stopped' });
    expect(await tablesWith(house.database, [SECRET])).toEqual([]);
  });
});

describe('the tables of a customer', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm([]), started: false });
  });
  afterAll(() => house.close());

  /** These hold ids and sums, or go by themselves within a day. */
  const APART = new Set(['IdempotencyRecord', 'Budget', 'AuditEntry']);

  it('are all in the list: a new one cannot be forgotten', async () => {
    const rows = await house.database.$queryRaw<{ name: string }[]>`
      SELECT DISTINCT table_name AS name FROM information_schema.columns
       WHERE table_schema = 'public' AND column_name IN ('customerId', 'conversationId', 'runId', 'endpointId', 'contactId')`;
    const listed = new Set<string>(CUSTOMER_TABLES.map(({ name }) => name));
    expect(rows.map(({ name }) => name).filter((name) => !listed.has(name) && !APART.has(name))).toEqual([]);
    expect(rows.length).toBeGreaterThan(30);
  });

  it('have the columns that exports know as sums, and those they leave out', async () => {
    const columns = await house.database.$queryRaw<{ table: string; name: string; type: string }[]>`
      SELECT table_name AS "table", column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = 'public'`;
    const listed = new Set<string>(CUSTOMER_TABLES.map(({ name }) => name));
    const theirs = columns.filter(({ table }) => listed.has(table));
    const sums = new Set(theirs.filter(({ type }) => type === 'numeric').map(({ name }) => name));
    expect([...sums].toSorted()).toEqual([...SUM_COLUMNS].toSorted());
    for (const name of SUM_COLUMNS) expect(theirs.filter((one) => one.name === name && one.type !== 'numeric')).toEqual([]);
    const names = new Set(theirs.map(({ name }) => name));
    expect([...OWN_COLUMNS, ...STAFF_COLUMNS].filter((name) => !names.has(name))).toEqual([]);
  });
});
