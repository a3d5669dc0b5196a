/** Agents as clients see them: their file, and whether the staff has them switched on. Their prompts and grants stay inside. */
import type { Agent as CatalogAgent, AgentRole as AgentRoleValue, AgentTier as AgentTierValue } from '../catalog/agent.ts';
import { requireViewer } from '../desk/access.ts';
import type { ModelGrade as ModelGradeValue } from '../llm/llm.ts';
import { builder, Node, type Context } from './builder.ts';
import { agentIdOf, found, given, line } from './input.ts';
import { pageOf } from './page.ts';
import { own, staff } from './rule.ts';
import { upperCased } from './scalars.ts';

const AgentTier = builder.enumType('AgentTier', {
  description: 'How close an agent stands to the daily work of support.',
  values: upperCased<AgentTierValue>({
    essential: 'What every support desk needs: billing, technical help, accounts.',
    revenue: 'Selling, keeping and growing customers.',
    operational: 'Running the business behind the desk.',
    advanced: 'Specialised work for few cases.',
  }),
});

const AgentRole = builder.enumType('AgentRole', {
  description: 'What kind of work an agent does.',
  values: upperCased<AgentRoleValue>({
    router: 'Decides who answers.',
    specialist: 'Answers customers in its field.',
    analyst: 'Reads figures and explains them.',
    automator: 'Carries out routine work.',
    guard: 'Checks what others want to say or do.',
    writer: 'Puts things into words.',
    coordinator: 'Brings several agents together.',
  }),
});

const ModelGrade = builder.enumType('ModelGrade', {
  description: 'What an agent asks of its language model; the operator decides which model that is.',
  values: upperCased<ModelGradeValue>({
    quick: 'Fast and cheap.',
    balanced: 'Between speed and care.',
    careful: 'Thorough, where mistakes are costly.',
  }),
});

export const Agent = builder.objectRef<CatalogAgent>('Agent').implement({
  authScopes: own('read:agents'),
  description: 'A support agent. Its id is the name of its file and never changes.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The file name of the agent: "refund_processor".' }),
    tier: t.field({ type: AgentTier, description: 'Where it stands among the tiers.', resolve: (agent) => agent.tier }),
    domain: t.exposeString('domain', { description: 'Its field, as a path from the general to the special: "support/billing".' }),
    title: t.exposeString('title', { description: 'The name that customers read.' }),
    role: t.field({ type: AgentRole, description: 'What kind of work it does.', resolve: (agent) => agent.role }),
    description: t.exposeString('description', { description: 'What it does and when to use it.' }),
    model: t.field({ type: ModelGrade, description: 'What it asks of its language model.', resolve: (agent) => agent.model }),
    examples: t.stringList({ description: 'Messages it is meant for, in the words of customers.', resolve: (agent) => [...agent.examples] }),
    tools: t.stringList({ description: 'Names of what it may use, sorted.', resolve: (agent) => Object.keys(agent.tools).toSorted() }),
    enabled: t.boolean({
      description: 'False while the staff has it switched off: it is then never chosen. A change is seen within two seconds.',
      resolve: async (agent, _args, { desk }) => !(await desk.agents.disabled()).has(agent.id),
    }),
  }),
});

builder.objectField(Agent, 'handsOverTo', (t) =>
  t.field({
    type: [Agent],
    description: 'The agents it passes a customer on to when a matter is not its own.',
    resolve: (agent, _args, { catalog }) => agent.handsOverTo.flatMap((id) => catalog.get(id) ?? []),
  }),
);

const AgentConnection = builder.connectionObject({ type: Agent, name: 'AgentConnection' }, { name: 'AgentEdge' });

/** The agent of an event or a row; null when its file has since been removed. */
export function agentOf(context: Context, agentId: string | null): CatalogAgent | null {
  return agentId === null ? null : context.catalog.get(agentId);
}

builder.queryFields((t) => ({
  agent: t.field({
    authScopes: own('read:agents'),
    type: Agent,
    nullable: true,
    description: 'One agent. NOT_FOUND when no agent has this id.',
    args: { id: t.arg.id({ required: true, description: 'The file name of the agent: "refund_processor".' }) },
    resolve: (_root, { id }, context) => {
      requireViewer(context.viewer);
      return found('agent', context.catalog.get(agentIdOf('id', id)));
    },
  }),
  agents: t.connection(
    {
      authScopes: own('read:agents'),
      type: Agent,
      nullable: true,
      description: 'The agents, sorted by id.',
      args: {
        tier: t.arg({ type: AgentTier, description: 'Only this tier.' }),
        domain: t.arg.string({ description: 'Only this field and what lies below it: "support" includes "support/billing".' }),
        search: t.arg.string({ description: 'Only agents with this text in their id, title or description; case does not matter.' }),
        enabled: t.arg.boolean({ description: 'Only agents that are switched on, or only those that are off.' }),
      },
      resolve: async (_root, args, { viewer, catalog, desk }) => {
        requireViewer(viewer);
        const domain = given(args.domain, (value) => line('domain', value, 200));
        const words = given(args.search, (value) => line('search', value, 200))?.toLowerCase();
        const disabled = await desk.agents.disabled();
        const chosen = catalog.agents
          .filter((agent) => !args.tier || agent.tier === args.tier)
          .filter((agent) => !domain || agent.domain === domain || agent.domain.startsWith(`${domain}/`))
          .filter((agent) => !words || [agent.id, agent.title, agent.description].some((text) => text.toLowerCase().includes(words)))
          .filter((agent) => args.enabled == null || args.enabled !== disabled.has(agent.id));
        return pageOf(args, chosen);
      },
    },
    AgentConnection,
  ),
}));

builder.relayMutationField(
  'setAgentEnabled',
  {
    description: 'Which agent to switch, and to what.',
    inputFields: (t) => ({
      agentId: t.id({ required: true, description: 'The agent.' }),
      enabled: t.boolean({ required: true, description: 'False stops it from being chosen; a turn it has begun is finished.' }),
      reason: t.string({ description: 'Why, for the colleagues; at most 500 characters.' }),
    }),
  },
  {
    authScopes: staff('admin:agents'),
    description: 'Switches one agent off or on. Takes the scope `admin:agents`.',
    resolve: async (_root, { input }, { viewer, desk, catalog }) => {
      const agentId = agentIdOf('input.agentId', input.agentId);
      const reason = given(input.reason, (value) => line('input.reason', value, 500));
      await desk.agents.setEnabled(requireViewer(viewer), { agentId, enabled: input.enabled, reason: reason ?? null });
      return { agent: found('agent', catalog.get(agentId)) };
    },
  },
  { outputFields: (t) => ({ agent: t.field({ type: Agent, description: 'The agent as it is now.', resolve: (payload) => payload.agent }) }) },
);
