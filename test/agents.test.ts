/** The agent files themselves: that they load with the real tools, and keep the rules of their prose that the loader does not know. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isScalar, isSeq, parseDocument } from 'yaml';
import type { Agent, Catalog } from '../src/catalog/agent.ts';
import { loadCatalog } from '../src/catalog/load-catalog.ts';
import { openToolbox, type Toolbox } from './tools/fixtures.ts';

const DIR = fileURLToPath(new URL('../agents', import.meta.url));
/** The first tier, whole: the twelve that route and the thirty-five that customers talk with. */
const ESSENTIAL: Readonly<Record<string, readonly string[]>> = {
  routing: [
    'complexity_assessor',
    'context_injector',
    'coordinator',
    'cs_domain_router',
    'entity_extractor',
    'escalation_decider',
    'handoff_manager',
    'intent_classifier',
    'meta_router',
    'sales_domain_router',
    'sentiment_analyzer',
    'support_domain_router',
  ],
  'support/account': [
    'account_deletion_specialist',
    'audit_log_specialist',
    'compliance_specialist',
    'data_export_specialist',
    'notification_configurator',
    'permission_manager',
    'profile_manager',
    'security_advisor',
    'sso_specialist',
    'team_manager',
  ],
  'support/billing': [
    'billing_agent',
    'discount_negotiator',
    'downgrade_specialist',
    'invoice_generator',
    'payment_troubleshooter',
    'pricing_explainer',
    'refund_processor',
  ],
  'support/integration': ['api_agent', 'oauth_specialist', 'rate_limit_advisor', 'sdk_expert', 'webhook_troubleshooter'],
  'support/technical': [
    'browser_compatibility_specialist',
    'crash_investigator',
    'data_recovery_specialist',
    'login_specialist',
    'performance_optimizer',
    'sync_troubleshooter',
    'technical_agent',
  ],
  'support/usage': ['collaboration_expert', 'export_specialist', 'feature_teacher', 'import_specialist', 'usage_agent', 'workflow_optimizer'],
};
/** Of the third tier: those that check drafts. */
const OPERATIONAL: Readonly<Record<string, readonly string[]>> = {
  qa: [
    'citation_validator',
    'code_validator',
    'completeness_checker',
    'fact_checker',
    'hallucination_detector',
    'link_checker',
    'policy_checker',
    'response_verifier',
    'sensitivity_checker',
    'tone_checker',
  ],
};
/** Characters; about 1,500 tokens, so that the fixed part of a turn stays cheap. */
const PROMPT_CHARS_MAX = 6_000;

let toolbox: Toolbox;
let catalog: Catalog;

beforeAll(async () => {
  toolbox = await openToolbox();
  const { tools } = toolbox;
  catalog = await loadCatalog(DIR, { has: (name) => tools.has(name), parseGrant: (name, grant) => tools.get(name)?.parseGrant(grant) });
});

afterAll(async () => {
  await toolbox.close();
});

function bodyOf(agent: Agent): string {
  return agent.prompt.slice(agent.prompt.lastIndexOf(`# ${agent.title}\n`));
}

/** The `not_for` lines with the agent each names in its comment. */
function notForOf(agent: Agent): readonly { text: string; neighbour: string }[] {
  const front = readFileSync(`${DIR}/${agent.file}`, 'utf8').split('---\n')[1] ?? '';
  const list = parseDocument(front).get('not_for');
  if (!isSeq(list)) return [];
  return list.items.map((item) => (isScalar(item) ? { text: String(item.value), neighbour: (item.comment ?? '').trim() } : { text: '', neighbour: '' }));
}

describe('the agent files', () => {
  it('load with the real tools, each in its domain', () => {
    for (const [tier, places, count] of [
      ['essential', ESSENTIAL, 47],
      ['operational', OPERATIONAL, 10],
    ] as const) {
      const planned = Object.entries(places).flatMap(([domain, ids]) => ids.map((id) => [id, domain] as const));
      expect(planned).toHaveLength(count);
      expect(Object.fromEntries(catalog.agents.filter((agent) => agent.tier === tier).map(({ id, domain }) => [id, domain]))).toEqual(
        Object.fromEntries(planned),
      );
    }
    expect(catalog.agents).toHaveLength(57);
  });

  it('give every agent a prompt within its budget, and a description of at most 300 characters that says when', () => {
    for (const { id, prompt, description } of catalog.agents) {
      expect(prompt.length, id).toBeLessThanOrEqual(PROMPT_CHARS_MAX);
      expect(description.length, id).toBeLessThanOrEqual(300);
      expect(description, id).toContain('Use when');
    }
  });

  it('give the router 100 to 600 utterances of each agent that a customer can reach, and none of the others', () => {
    for (const { id, utterances, reachable } of catalog.agents) {
      expect(utterances.length, id).toBeGreaterThanOrEqual(reachable ? 100 : 0);
      expect(utterances.length, id).toBeLessThanOrEqual(reachable ? 600 : 0);
    }
    expect(catalog.agents.filter(({ reachable }) => reachable)).toHaveLength(36);
  });

  it('hold no sum, share or term: business numbers are rows, not prose', () => {
    for (const { id, prompt } of catalog.agents) expect(prompt, id).not.toMatch(/[$€£]\s?\d|\d\s?%|\b\d+ (days?|hours?|minutes?|seats?|requests?|dollars?)\b/i);
  });

  it('name in their text only tools they are granted and neighbours they hand over to', () => {
    const tools = [...toolbox.tools.keys()];
    const ids = catalog.agents.map(({ id }) => id);
    for (const agent of catalog.agents) {
      const named = [...bodyOf(agent).matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => name);
      expect(
        named.filter((name) => tools.includes(name) && !Object.hasOwn(agent.tools, name)),
        agent.id,
      ).toEqual([]);
      expect(
        named.filter((name) => ids.includes(name) && !agent.handsOverTo.includes(name)),
        agent.id,
      ).toEqual([]);
    }
  });

  it('say when to use every tool they are granted, and when to hand over to each neighbour', () => {
    for (const agent of catalog.agents) {
      const body = bodyOf(agent);
      const [, handOver = ''] = body.split('## Hand over');
      expect(
        agent.handsOverTo.filter((id) => !handOver.includes(`\`${id}\``)),
        agent.id,
      ).toEqual([]);
      if (agent.domain !== 'routing') expect(handOver, agent.id).toMatch(/person if and only if/);
      expect(
        Object.keys(agent.tools).filter((name) => name !== 'search_knowledge' && !body.includes(`\`${name}\``)),
        agent.id,
      ).toEqual([]);
    }
  });

  it('name beside each message that is not theirs the neighbour whose it is', () => {
    for (const agent of catalog.agents) {
      const lines = notForOf(agent);
      expect(lines.length, agent.id).toBeGreaterThanOrEqual(agent.reachable && agent.domain !== 'routing' ? 3 : 0);
      for (const { neighbour } of lines) expect(catalog.get(neighbour)?.id, `${agent.id}: ${neighbour}`).toBe(neighbour);
    }
  });

  it('hand each domain that customers reach to a general agent of its own', () => {
    for (const [path, { general }] of catalog.domains) {
      if (path === 'routing' || path === 'qa') continue;
      const agent = catalog.get(general ?? '');
      expect(agent?.domain.startsWith(path), path).toBe(true);
    }
  });
});
