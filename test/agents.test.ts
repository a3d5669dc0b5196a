/** The agent files themselves: that they load with the real tools, and keep the rules of their prose that the loader does not know. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isScalar, isSeq, parseDocument } from 'yaml';
import type { Agent, Catalog } from '../src/catalog/agent.ts';
import { loadCatalog } from '../src/catalog/load-catalog.ts';
import { openToolbox, type Toolbox } from './tools/fixtures.ts';

const DIR = fileURLToPath(new URL('../agents', import.meta.url));
const PLACES: Readonly<Record<string, string>> = {
  account_deletion_specialist: 'support/account',
  audit_log_specialist: 'support/account',
  compliance_specialist: 'support/account',
  data_export_specialist: 'support/account',
  notification_configurator: 'support/account',
  permission_manager: 'support/account',
  profile_manager: 'support/account',
  security_advisor: 'support/account',
  sso_specialist: 'support/account',
  team_manager: 'support/account',
  api_agent: 'support/integration',
  billing_agent: 'support/billing',
  feature_teacher: 'support/usage',
  invoice_generator: 'support/billing',
  login_specialist: 'support/technical',
  payment_troubleshooter: 'support/billing',
  pricing_explainer: 'support/billing',
  refund_processor: 'support/billing',
  technical_agent: 'support/technical',
  sdk_expert: 'support/integration',
  rate_limit_advisor: 'support/integration',
  oauth_specialist: 'support/integration',
  webhook_troubleshooter: 'support/integration',
  browser_compatibility_specialist: 'support/technical',
  data_recovery_specialist: 'support/technical',
  performance_optimizer: 'support/technical',
  sync_troubleshooter: 'support/technical',
  crash_investigator: 'support/technical',
  usage_agent: 'support/usage',
  collaboration_expert: 'support/usage',
  import_specialist: 'support/usage',
  discount_negotiator: 'support/billing',
  downgrade_specialist: 'support/billing',
  export_specialist: 'support/usage',
  workflow_optimizer: 'support/usage',
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
    expect(Object.fromEntries(catalog.agents.map(({ id, domain }) => [id, domain]))).toEqual(PLACES);
    expect(catalog.agents.every(({ tier }) => tier === 'essential')).toBe(true);
  });

  it('give every agent a prompt within its budget, and a description of at most 300 characters that says when', () => {
    for (const { id, prompt, description } of catalog.agents) {
      expect(prompt.length, id).toBeLessThanOrEqual(PROMPT_CHARS_MAX);
      expect(description.length, id).toBeLessThanOrEqual(300);
      expect(description, id).toContain('Use when');
    }
  });

  it('give the router 60 to 180 utterances of each agent', () => {
    for (const { id, utterances } of catalog.agents.filter(({ reachable }) => reachable)) {
      expect(utterances.length, id).toBeGreaterThanOrEqual(60);
      expect(utterances.length, id).toBeLessThanOrEqual(180);
    }
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
      expect(handOver, agent.id).toMatch(/person if and only if/);
      expect(
        Object.keys(agent.tools).filter((name) => name !== 'search_knowledge' && !body.includes(`\`${name}\``)),
        agent.id,
      ).toEqual([]);
    }
  });

  it('name beside each message that is not theirs the neighbour whose it is', () => {
    for (const agent of catalog.agents) {
      const lines = notForOf(agent);
      expect(lines.length, agent.id).toBeGreaterThanOrEqual(3);
      for (const { neighbour } of lines) expect(catalog.get(neighbour)?.id, `${agent.id}: ${neighbour}`).toBe(neighbour);
    }
  });

  it('hand each domain to a general agent of its own', () => {
    for (const [path, { general }] of catalog.domains) {
      const agent = catalog.get(general ?? '');
      expect(agent?.domain.startsWith(path), path).toBe(true);
    }
  });
});
