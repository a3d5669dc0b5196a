/**
 * What an agent may not decide goes to the people, whole: the refusal is told, and a request waits for them with everything they need.
 * Knows no particular act.
 */
import { AppError } from '../foundation/errors.ts';
import type { AgentActDeps, AgentCall } from './agent-act.ts';
import { openTicket } from './ticket.ts';

export interface Request {
  readonly title: string;
  readonly description: string;
}

/**
 * Does the act; when it is FORBIDDEN, leaves a request for the people first and then says so. The act's transaction is over by then,
 * so nothing of it stays. Once per call.
 * @throws AppError FORBIDDEN whose sentence names the request.
 */
export async function orAsk<T>({ database, clock }: AgentActDeps, call: AgentCall, request: Request, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'FORBIDDEN') throw error;
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
