/**
 * The verbs that tools may use, opened together: whoever starts the house, and every test, opens the same ones. A new noun of the
 * desk is one line in desk.ts and one here. What only people may do (conversations, agents) is not among them.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Database } from '../store/database.ts';
import { createCustomerDesk } from './customer.ts';
import type { Desk } from './desk.ts';
import { createTicketDesk } from './ticket.ts';

export type ToolDesk = Omit<Desk, 'presence' | 'conversations' | 'agents'>;

export interface ToolDeskDeps {
  readonly database: Database;
  readonly clock: Clock;
}

export function createToolDesk({ database, clock }: ToolDeskDeps): ToolDesk {
  return Object.freeze<ToolDesk>({
    customers: createCustomerDesk({ database, clock }),
    tickets: createTicketDesk({ database, clock }),
  });
}
