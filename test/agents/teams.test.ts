/** A message that is too much for one agent is looked at by several: what colleagues find goes to the one that answers, and to the desk. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAgentWalk, type AgentWalk, type Walked } from '../support/agent-walk.ts';
import type { MessagesBody, ScriptedReply } from '../support/messages-api.ts';

const COMPLEX =
  'We already tried the importer twice. How do we import our CSV and map the fields, then set up the webhooks while the invoices still go to the old address, and which permissions do guests need for the sync?';
const CANDIDATES = ['webhook_troubleshooter', 'permission_manager', 'invoice_generator'];

let walk: AgentWalk;
let agentOf: ReadonlyMap<string, string>;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true, articles: true });
  agentOf = new Map(walk.catalog.agents.map(({ id, prompt }) => [prompt, id]));
});
afterAll(() => walk.close());

interface Played extends Walked {
  readonly asked: readonly { readonly agentId: string; readonly read: string; readonly tools: readonly string[] }[];
}

async function play(act: (agentId: string) => ScriptedReply, text = COMPLEX): Promise<Played> {
  const asked: { agentId: string; read: string; tools: readonly string[] }[] = [];
  const answer = (body: MessagesBody): ScriptedReply => {
    const agentId = agentOf.get(body.system?.[0]?.text ?? '') ?? 'nobody';
    asked.push({ agentId, read: JSON.stringify([body.system, body.messages]), tools: (body.tools ?? []).map(({ name }) => name) });
    return act(agentId);
  };
  return { ...(await walk.say({ agentId: 'import_specialist', customerId: walk.demo, text, candidates: CANDIDATES, answer })), asked };
}

const team = (pattern: string, agents: readonly string[]): ScriptedReply => ({
  text: 'It touches several fields.',
  toolCalls: [{ name: 'choose_team', input: { pattern, agents, reason: 'It touches several fields.' } }],
});

const pathsOf = ({ events }: Walked): readonly string[] => events.flatMap((event) => (event.type === 'StepStarted' ? [event.path] : []));

describe('a message that is too much for one agent', () => {
  it('is looked at side by side with the offline model, and what they found stands in the answer', async () => {
    const walked = await walk.say({ agentId: 'import_specialist', customerId: walk.demo, text: COMPLEX, candidates: CANDIDATES });
    expect(walked.run).toMatchObject({ status: 'succeeded', outcome: 'answered', agentId: 'import_specialist' });
    expect(pathsOf(walked).slice(0, 3)).toEqual(['understand', 'route', 'team']);
    const parts = await walk.database.runStep.findMany({ where: { runId: walked.run.id, path: { startsWith: 'parallel/' } }, orderBy: { path: 'asc' } });
    expect(parts.length).toBeGreaterThan(1);
    const colleagues = parts.flatMap(({ agentId }) => (agentId && agentId !== 'import_specialist' ? [walk.catalog.get(agentId)?.title ?? ''] : []));
    for (const title of colleagues) expect(walked.text).toContain(`**${title}**`);
    // Greeted once, and told once what the offline model is.
    expect(walked.text.match(/offline model/g)).toHaveLength(1);
  });

  it('goes to the team that the coordinator names: a panel, and the agent that answers has read what came of it', async () => {
    let coordinated = 0;
    let imported = 0;
    const played = await play((agentId) => {
      if (agentId === 'coordinator') {
        coordinated += 1;
        if (coordinated === 1) return team('expert_panel', ['import_specialist', 'webhook_troubleshooter']);
      }
      if (agentId === 'import_specialist') {
        imported += 1;
        if (imported === 2) return { text: 'Import first, then switch the webhooks on.' };
      }
      return {
        text: agentId === 'coordinator' ? 'Both say: import before webhooks.' : `${agentId} says import first.`,
        toolCalls: [{ name: 'give_verdict', input: { position: 'import first', confidence: 0.9, recommendations: ['Import before webhooks'] } }],
      };
    });
    expect(played.text).toBe('Import first, then switch the webhooks on.');
    expect(pathsOf(played)).toEqual(['understand', 'route', 'team', 'expert_panel/experts/0', 'expert_panel/experts/1', 'expert_panel/synthesis', 'agent']);
    expect(played.asked.at(-1)).toMatchObject({ agentId: 'import_specialist', read: expect.stringContaining('Both say: import before webhooks.') });
    // What colleagues say to each other is not for customers.
    const read = played.events.flatMap((event) => (event.type === 'TextDelta' && event.visibility === 'CUSTOMER' ? [event.text] : [])).join('');
    expect(read).toBe(played.text);
  });

  it('is only read up on by colleagues: none of them can change anything', async () => {
    const played = await play((agentId) =>
      agentId === 'coordinator' ? team('parallel', ['permission_manager', 'invoice_generator']) : { text: `${agentId} has looked.` },
    );
    const changing = [...walk.tools.values()].filter(({ effect }) => effect !== 'read').map(({ name }) => name);
    const colleagues = played.asked.filter(({ agentId }) => agentId === 'permission_manager' || agentId === 'invoice_generator');
    expect(colleagues).toHaveLength(2);
    for (const { tools } of colleagues) expect(tools.filter((name) => changing.includes(name))).toEqual([]);
    expect(played.asked.at(-1)?.tools.some((name) => changing.includes(name))).toBe(true);
  });

  it('is answered by one agent when the coordinator says that one is enough', async () => {
    const played = await play((agentId) => (agentId === 'coordinator' ? team('one_agent', []) : { text: 'I can say all of it.' }));
    expect(played.asked.map(({ agentId }) => agentId)).toEqual(['coordinator', 'import_specialist']);
    expect(played.text).toBe('I can say all of it.');
  });

  it('is answered by one agent when nobody can put a team together, or the team fails', async () => {
    const unfit = await play((agentId) => (agentId === 'coordinator' ? team('debate', ['import_specialist']) : { text: 'Then I answer alone.' }));
    expect(unfit.text).toBe('Then I answer alone.');
    const failing = await play((agentId) => {
      if (agentId === 'coordinator') return team('parallel', ['permission_manager', 'invoice_generator']);
      return agentId === 'import_specialist' ? { text: 'Then I answer alone.' } : { status: 400 };
    });
    expect(failing.text).toBe('Then I answer alone.');
    expect(failing.run).toMatchObject({ status: 'succeeded', outcome: 'answered' });
  });

  it('is no message that is simple', async () => {
    const played = await play(() => ({ text: 'Under Settings.' }), 'Where do I import a file?');
    expect(played.asked.map(({ agentId }) => agentId)).toEqual(['import_specialist']);
  });
});
