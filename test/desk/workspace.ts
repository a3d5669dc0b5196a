/** A small workspace with people, and the call of an agent in it, for the tests of what agents may change there. */
import type { AgentCall } from '../../src/desk/agent-act.ts';
import { createToolDesk, type ToolDesk } from '../../src/desk/tool-desk.ts';
import { newId } from '../../src/foundation/ids.ts';
import type { Database } from '../../src/store/database.ts';
import type { Plan } from '../../src/store/generated/prisma/client.ts';
import { createTestDatabase } from '../support/database.ts';
import { addContact, addCustomer, addSubscription, days, NOW } from '../tools/fixtures.ts';

export interface Workspace {
  readonly customerId: string;
  /** The owner's address, which is the account's. */
  readonly email: string;
  /** A call with these words of the customer; every call has an id of its own. */
  says(said: string, rest?: Partial<AgentCall>): AgentCall;
}

export interface DeskBench {
  readonly database: Database;
  readonly desk: ToolDesk;
  /** Owner Dana, admin Ivy, member Theo (locked out), guest Gil, and Mia, who was invited ten days ago: four seats of `seats`. */
  workspace(wish?: { readonly plan?: Plan; readonly seats?: number }): Promise<Workspace>;
  outbox(customerId: string): Promise<readonly { kind: string; subject: string; recipient: string | null }[]>;
  audits(customerId: string): Promise<readonly string[]>;
  /** An earlier answer of the conversation, by an agent. */
  answer(customerId: string, conversationId: string, runId: string, text: string): Promise<void>;
  close(): Promise<void>;
}

export async function openDeskBench(): Promise<DeskBench> {
  const { database, close } = await createTestDatabase();
  const desk = createToolDesk({ database, clock: { now: () => NOW, sleep: () => Promise.resolve() } });
  return {
    database,
    desk,
    async workspace({ plan = 'premium', seats = 6 } = {}) {
      const email = `${newId('con')}@northwind.example`;
      const { id: customerId } = await addCustomer(database, { plan, email });
      await addSubscription(database, customerId, { plan, seats, seatsUsed: 4 });
      await addContact(database, customerId, { email, primary: true });
      await addContact(database, customerId, { name: 'Ivy Chen', email: 'ivy@northwind.example', signInMethod: 'google' });
      await addContact(database, customerId, {
        name: 'Theo Brandt',
        email: 'theo@northwind.example',
        failedSignIns: 5,
        lockedAt: new Date(NOW.getTime() - 60_000),
      });
      const member = (name: string, at: string, role: 'owner' | 'admin' | 'member' | 'guest', invited = false) => ({
        id: newId('mem'),
        customerId,
        name,
        email: at,
        role,
        status: invited ? ('invited' as const) : ('active' as const),
        invitedAt: days(-10),
        joinedAt: invited ? null : days(-9),
      });
      await database.member.createMany({
        data: [
          member('Dana Reyes', email, 'owner'),
          member('Ivy Chen', 'ivy@northwind.example', 'admin'),
          member('Theo Brandt', 'theo@northwind.example', 'member'),
          member('Gil Roth', 'gil@guest.example', 'guest'),
          member('Mia Solano', 'mia@northwind.example', 'member', true),
        ],
      });
      const says = (said: string, rest: Partial<AgentCall> = {}): AgentCall => {
        const runId = rest.runId ?? newId('run');
        return { customerId, conversationId: null, runId, agentId: 'team_manager', callId: `${runId}:agent:tool:${newId('step')}`, said, earlier: [], ...rest };
      };
      return { customerId, email, says };
    },
    outbox: (customerId) =>
      database.outboxMessage.findMany({ where: { customerId }, select: { kind: true, subject: true, recipient: true }, orderBy: { id: 'asc' } }),
    async audits(customerId) {
      const records = await database.idempotencyRecord.findMany({ where: { scope: `customer:${customerId}` } });
      const entries = await database.auditEntry.findMany({ where: { actorKind: 'agent', subjectId: { in: records.map((record) => record.subjectId) } } });
      return entries.map((entry) => entry.action);
    },
    async answer(customerId, conversationId, runId, text) {
      await database.conversation.upsert({
        where: { id: conversationId },
        create: { id: conversationId, customerId, lastMessageAt: NOW, createdAt: NOW },
        update: {},
      });
      await database.message.create({
        data: { id: newId('msg'), conversationId, role: 'agent', agentId: 'account_deletion_specialist', runId, text, createdAt: NOW },
      });
    },
    close,
  };
}
