/** A customer in conversation with tools that act: quotes are told as an agent tells them, answers come as the next message. */
import { newId } from '../../src/foundation/ids.ts';
import type { ToolOutcome } from '../../src/orchestration/tool.ts';
import type { Database } from '../../src/store/database.ts';
import { NOW, type CallOptions, type Toolbox } from '../tools/fixtures.ts';

export interface Talk {
  readonly customerId: string;
  readonly conversationId: string;
  /** Calls a tool in a turn of its own and tells the customer what it said, as the answer of that turn. */
  ask(tool: string, input?: unknown, options?: CallOptions): Promise<ToolOutcome>;
  /** Calls a tool in a turn that answers `said`; nothing is told. */
  act(tool: string, said: string, options?: CallOptions & { readonly input?: unknown }): Promise<ToolOutcome>;
  /** An answer of an agent, made by this run. */
  tell(text: string, runId: string): Promise<void>;
}

let told = 0;

export async function openTalk(box: Toolbox, customerId: string, at: Date = NOW): Promise<Talk> {
  const { database } = box;
  const conversationId = await addConversation(database, customerId, at);
  async function tell(text: string, runId: string): Promise<void> {
    told += 1;
    const createdAt = new Date(at.getTime() + told);
    await database.message.create({
      data: { id: newId('msg'), conversationId, role: 'agent', agentId: 'billing_agent', runId, text, createdAt, finishedAt: createdAt },
    });
  }
  return {
    customerId,
    conversationId,
    tell,
    async ask(tool, input = {}, options = {}) {
      const runId = options.runId ?? newId('run');
      const outcome = await box.call(tool, customerId, input, { conversationId, said: 'Please tell me', ...options, runId });
      await tell(outcome.summary, runId);
      return outcome;
    },
    async act(tool, said, { input = {}, ...options } = {}) {
      const runId = options.runId ?? newId('run');
      return box.call(tool, customerId, input, { conversationId, said, callId: `${runId}:agent:${tool}:1`, ...options, runId });
    },
  };
}

async function addConversation(database: Database, customerId: string, at: Date): Promise<string> {
  const id = newId('conv');
  await database.conversation.create({ data: { id, customerId, lastMessageAt: at, createdAt: at } });
  return id;
}
