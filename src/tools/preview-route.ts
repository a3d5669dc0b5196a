/**
 * `preview_route`: where a message would go, as far down as an agent is granted to look: part of the business, category, or agent. The
 * turn's own router and rules; runs nobody.
 */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { Catalog } from '../catalog/agent.ts';
import type { Route, Router } from '../catalog/router.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { accountOf, understand, type Understanding } from '../orchestration/understand.ts';
import { BUSINESS_DOMAINS, salesCategory, successCategory } from '../orchestration/understand/business.ts';
import type { SignalReader } from '../orchestration/understand/signal-model.ts';
import { readCustomerFacts, type CustomerFacts } from '../store/customer-facts.ts';
import type { Database } from '../store/database.ts';
import { defineTool } from './define-tool.ts';
import { sentences, writeList } from './words.ts';

const Input = z.strictObject({ text: z.string().min(1).max(10_000).optional().describe('The message; left out: the one being answered.') });
const Grant = z.discriminatedUnion('level', [
  z.strictObject({ level: z.literal('business') }),
  z.strictObject({ level: z.literal('category'), within: z.enum(BUSINESS_DOMAINS) }),
  z.strictObject({ level: z.literal('agent') }),
  z.strictObject({ level: z.literal('team') }),
]);
type Grant = z.infer<typeof Grant>;

/** Below this nobody of a team is named. */
const TEAM_CONFIDENCE_MIN = 0.05;
const TEAM_MAX = 4;

export interface PreviewRouteDeps {
  readonly database: Database;
  readonly router: Router;
  readonly catalog: Pick<Catalog, 'get'>;
  readonly readSignals: SignalReader;
}

interface Seen {
  readonly route: Route;
  readonly understanding: Understanding;
  readonly customer: CustomerFacts;
  readonly now: Date;
}

export function previewRoute({ database, router, catalog, readSignals }: PreviewRouteDeps): AnyTool {
  return defineTool<z.infer<typeof Input>, Grant>({
    name: 'preview_route',
    description: 'Says where a message would go and why: which part of the business, which category or which agent. Nobody is run.',
    input: Input,
    grant: Grant,
    effect: 'read',
    infer: () => ({}),
    async run({ text }, grant, { customerId, conversationId, said, earlier, now }, signal) {
      const [customer, off] = await Promise.all([
        readCustomerFacts(database, customerId, conversationId, now),
        database.agentSetting.findMany({ where: { enabled: false }, select: { agentId: true } }),
      ]);
      if (!customer) throw notFound('customer');
      const understanding = understand({ text: text ?? said, customer, earlier, now }, readSignals);
      const disabled = new Set(off.map(({ agentId }) => agentId));
      const route = await router.route({ text: understanding.subject, earlier, lastAgentId: null, enabled: (agentId) => !disabled.has(agentId) }, signal);
      const { business } = understanding;
      return {
        summary: write(grant, { route, understanding, customer, now }, catalog),
        facts: { business, agentId: route.agentId, confidence: route.confidence, candidates: route.candidates, reason: route.reason, by: route.by },
      };
    },
  });
}

function write(grant: Grant, seen: Seen, catalog: Pick<Catalog, 'get'>): string {
  const { route, understanding } = seen;
  const place = placeOf(route.agentId, catalog);
  switch (grant.level) {
    case 'business': {
      const { domain, confidence, reason } = understanding.business;
      return `This message belongs to ${domain.replace('_', ' ')} (confidence ${confidence}). ${reason}`;
    }
    case 'category':
      return writeCategory(grant.within, seen, place);
    case 'agent':
      return sentences(
        `The intent of this message is ${place.path}, with confidence ${route.confidence.toFixed(2)}.`,
        route.reason,
        route.candidates.length > 1 &&
          `Also considered: ${writeList(others(route).map(({ agentId, confidence }) => `${agentId} (${confidence.toFixed(2)})`))}.`,
      );
    case 'team': {
      const { severalAgents } = understanding.complexity;
      const team = [route, ...others(route).filter(({ confidence }) => confidence >= TEAM_CONFIDENCE_MIN)].slice(0, TEAM_MAX).map(({ agentId }) => agentId);
      return severalAgents && team.length > 1
        ? `This message needs several agents: ${writeList(team)}, led by ${route.agentId}. ${route.reason}`
        : `One agent is enough for this message: ${route.agentId}. ${route.reason}`;
    }
  }
}

function writeCategory(within: (typeof BUSINESS_DOMAINS)[number], { route, understanding, customer, now }: Seen, place: Place): string {
  const { domain } = understanding.business;
  const elsewhere = domain !== within && `By itself the message would go to ${domain.replace('_', ' ')}: ${understanding.business.reason}`;
  if (within === 'support') return sentences(`Within support this message is about ${place.category}. ${route.reason}`, elsewhere);
  if (within === 'sales') return sentences(`Within sales this message is a matter of ${salesCategory(understanding.subject.toLowerCase())}.`, elsewhere);
  const { category, reason } = successCategory(accountOf(customer, now));
  return sentences(`Within customer success this message is a matter of ${category}: ${reason}.`, elsewhere);
}

interface Place {
  readonly path: string;
  readonly category: string;
}

/** `support > billing > refund_processor`; who stands for a person has no category. */
function placeOf(agentId: string, catalog: Pick<Catalog, 'get'>): Place {
  const domain = catalog.get(agentId)?.domain ?? '';
  const [, category = 'a person'] = domain.split('/');
  return { path: [...domain.split('/'), agentId].join(' > '), category };
}

function others({ candidates, agentId }: Route): Route['candidates'] {
  return candidates.filter((candidate) => candidate.agentId !== agentId);
}
