/** The tools of the routing agents: the parts of the turn, each to be asked by itself. */
import type { Catalog } from '../catalog/agent.ts';
import type { Router } from '../catalog/router.ts';
import type { EscalationDesk } from '../desk/escalation.ts';
import type { TicketDesk } from '../desk/ticket.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { SignalReader } from '../orchestration/understand/signal-model.ts';
import type { Database } from '../store/database.ts';
import { askForPerson } from './ask-for-person.ts';
import { decideEscalation } from './decide-escalation.ts';
import { describeCustomer } from './describe-customer.ts';
import { previewRoute } from './preview-route.ts';
import { traceHandovers } from './trace-handovers.ts';
import { understandMessage } from './understand-message.ts';

export interface RoutingToolDeps {
  readonly database: Database;
  readonly router: Router;
  readonly catalog: Pick<Catalog, 'get'>;
  readonly readSignals: SignalReader;
  readonly tickets: TicketDesk;
  readonly escalations: Pick<EscalationDesk, 'raise' | 'waiting'>;
}

export function routingTools(deps: RoutingToolDeps): AnyTool[] {
  return [understandMessage(deps), previewRoute(deps), describeCustomer(deps.database), decideEscalation(deps), askForPerson(deps), traceHandovers(deps)];
}
