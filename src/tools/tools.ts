/** Every tool there is, by name: what agent files may grant. Adding one means writing its file and naming it here. */
import type { Catalog } from '../catalog/agent.ts';
import type { Router } from '../catalog/router.ts';
import type { EscalationDesk } from '../desk/escalation.ts';
import type { ToolDesk } from '../desk/tool-desk.ts';
import type { Knowledge } from '../knowledge/knowledge.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { SignalReader } from '../orchestration/understand/signal-model.ts';
import type { Database } from '../store/database.ts';
import { accountTools } from './account-tools.ts';
import { billingTools } from './billing-tools.ts';
import { findCustomer } from './find-customer.ts';
import { findSignIn } from './find-sign-in.ts';
import { findUsage } from './find-usage.ts';
import { integrationTools } from './integration-tools.ts';
import { leaveNote } from './leave-note.ts';
import { qaTools } from './qa-tools.ts';
import { routingTools } from './routing-tools.ts';
import { searchKnowledge } from './search-knowledge.ts';
import { technicalTools } from './technical-tools.ts';
import { usageTools } from './usage-tools.ts';

export interface ToolDeps {
  /** Asked when a tool runs, never while tools are made: agent files name tools. */
  readonly catalog: Pick<Catalog, 'get'>;
  readonly router: Router;
  readonly database: Database;
  readonly knowledge: Knowledge;
  readonly desk: ToolDesk;
  readonly readSignals: SignalReader;
  /** For who asks for a person. */
  readonly escalations: Pick<EscalationDesk, 'raise' | 'waiting'>;
}

export function createTools({ catalog, router, database, knowledge, desk, escalations, readSignals }: ToolDeps): ReadonlyMap<string, AnyTool> {
  const tools = [
    findCustomer(database),
    findUsage(database),
    findSignIn(database),
    searchKnowledge(knowledge),
    leaveNote(desk.customers),
    ...accountTools({ database, desk }),
    ...billingTools({ database, desk }),
    ...technicalTools({ database, desk }),
    ...integrationTools({ database, desk }),
    ...usageTools({ database, desk }),
    ...qaTools({ database, knowledge }),
    ...routingTools({ database, router, catalog, tickets: desk.tickets, escalations, readSignals }),
  ];
  return new Map(tools.map((tool) => [tool.name, tool]));
}
