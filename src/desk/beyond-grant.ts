/**
 * What an agent may not decide goes to the people, whole. Where the policy says who decides, the refusal carries what is asked, and
 * whoever runs the agent has it wait for them; else the refusal is told, and a request waits with everything they need. Knows no particular act.
 */
import { AppError } from '../foundation/errors.ts';
import { ApprovalNeeded, neededBeyondGrant, type Asked, type Beyond } from '../store/approval.ts';
import type { Policy } from '../store/policy-schema.ts';
import type { AgentActDeps, AgentCall } from './agent-act.ts';
import { openTicket } from './ticket.ts';

export interface Request {
  readonly title: string;
  readonly description: string;
}

/**
 * @throws ApprovalNeeded, always; AppError FORBIDDEN where nobody may decide it.
 */
export function refuseBeyondGrant(asked: Asked, policy: Policy, sentence: string, what: Pick<Beyond, 'summary' | 'terms'>): never {
  const needed = neededBeyondGrant(asked, policy);
  throw needed ? new ApprovalNeeded(sentence, { needed, ...what }) : new AppError('FORBIDDEN', sentence);
}

/**
 * Does the act; when it is FORBIDDEN and nobody is asked for an approval, leaves a request for the people first and then says so. The act's
 * transaction is over by then, so nothing of it stays. Once per call.
 * @throws ApprovalNeeded as it is; AppError FORBIDDEN whose sentence names the request.
 */
export async function orAsk<T>({ database, clock }: AgentActDeps, call: AgentCall, request: Request, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    // Where people have been asked already, nothing is left to pass on.
    if (!(error instanceof AppError) || error.code !== 'FORBIDDEN' || error instanceof ApprovalNeeded || call.approved) throw error;
    const { customerId, conversationId, agentId, callId } = call;
    const ticket = await database.$transaction((tx) =>
      openTicket(
        tx,
        {
          customerId,
          conversationId,
          kind: 'request',
          title: request.title,
          description: `${request.description}\n\n${error.message}`,
          severity: 'medium',
          agentId,
          callId,
        },
        clock.now(),
      ),
    );
    throw new AppError('FORBIDDEN', `${error.message} I have passed it on as request ${ticket.number}.`, { cause: error });
  }
}
