/** Tickets: one per call, one per customer and known fault, and none without words. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewTicket } from '../../src/desk/ticket.ts';
import { createToolDesk, type ToolDesk } from '../../src/desk/tool-desk.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let opened: TestDatabase;
let desk: ToolDesk;
beforeAll(async () => {
  opened = await createTestDatabase();
  desk = createToolDesk({ database: opened.database, clock: systemClock });
});
afterAll(() => opened.close());

async function addCustomer(): Promise<string> {
  const id = newId('cus');
  await opened.database.customer.create({ data: { id, email: `${id}@northwind.example`, name: 'Dana Reyes' } });
  return id;
}

async function addIssue(): Promise<string> {
  const id = newId('iss');
  await opened.database.knownIssue.create({
    data: { id, title: 'It hangs', area: 'web', status: 'identified', severity: 'high', symptoms: ['hangs'], startedAt: new Date() },
  });
  return id;
}

const ticket = (customerId: string, rest: Partial<NewTicket> = {}): NewTicket => ({
  customerId,
  conversationId: null,
  kind: 'bug',
  title: 'The board hangs',
  description: 'Since Monday, in Chrome.',
  severity: 'medium',
  agentId: 'technical_agent',
  callId: newId('step'),
  ...rest,
});

describe('a ticket', () => {
  it('is opened once by a call that is made ten times at once, and audited without its words', async () => {
    const customerId = await addCustomer();
    const once = ticket(customerId);
    const rows = await Promise.all(Array.from({ length: 10 }, () => desk.tickets.open(once)));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1);
    expect(await opened.database.ticket.count({ where: { customerId } })).toBe(1);
    const [entry, ...others] = await opened.database.auditEntry.findMany({ where: { subjectId: rows[0]?.id ?? '' } });
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ actorKind: 'agent', actorId: 'technical_agent', action: 'ticket.open' });
    expect(JSON.stringify(entry?.changes)).not.toContain('hangs');
  });

  it('is the same for ten calls at once about one known fault, and a new one after it was resolved', async () => {
    const customerId = await addCustomer();
    const knownIssueId = await addIssue();
    const rows = await Promise.all(Array.from({ length: 10 }, () => desk.tickets.open(ticket(customerId, { knownIssueId }))));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1);
    await opened.database.ticket.updateMany({ where: { customerId }, data: { status: 'resolved' } });
    const next = await desk.tickets.open(ticket(customerId, { knownIssueId }));
    expect(next.id).not.toBe(rows[0]?.id);
  });

  it('of another customer on the same fault is another ticket', async () => {
    const knownIssueId = await addIssue();
    const [one, other] = await Promise.all([addCustomer(), addCustomer()]);
    const first = await desk.tickets.open(ticket(one, { knownIssueId }));
    const second = await desk.tickets.open(ticket(other, { knownIssueId }));
    expect(second.id).not.toBe(first.id);
    expect(second.number).not.toBe(first.number);
  });

  it('is refused without words, with a fault nobody knows, for nobody, and for the call of somebody else', async () => {
    const customerId = await addCustomer();
    await expect(desk.tickets.open(ticket(customerId, { title: '  ' }))).rejects.toMatchObject({ code: 'BAD_INPUT', field: 'input.title' });
    await expect(desk.tickets.open(ticket(customerId, { description: 'a\u0000b' }))).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(desk.tickets.open(ticket(customerId, { knownIssueId: newId('iss') }))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(desk.tickets.open(ticket(newId('cus')))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const taken = ticket(customerId);
    await desk.tickets.open(taken);
    await expect(desk.tickets.open({ ...taken, customerId: await addCustomer() })).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});
