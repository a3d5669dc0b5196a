/**
 * `npm run eval:escalation`: which messages of the labelled set go to people, judged as a turn judges them: understood, routed by the
 * local router, decided by the rules. Figures for the development and the test part apart. `--dev` also prints what was decided
 * wrongly in the development part; never for the test part, because whoever looks at its mistakes and mends them has none any more.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openRoutingModel } from '../../src/catalog/kept-routing.ts';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { createLocalRouter, reachableAgents } from '../../src/catalog/local-router.ts';
import type { Router } from '../../src/catalog/router.ts';
import { SIGNALS, type SignalName } from '../../src/catalog/signal-examples.ts';
import { understand } from '../../src/orchestration/understand.ts';
import { escalationOf } from '../../src/orchestration/judge.ts';
import type { Escalation } from '../../src/orchestration/understand/escalation.ts';
import { openSignalReader } from '../../src/orchestration/understand/kept-signals.ts';
import type { SignalReader } from '../../src/orchestration/understand/signal-model.ts';
import { Plan } from '../../src/store/generated/prisma/enums.ts';
import { policyFrom } from '../../src/store/policy.ts';

const FILE = fileURLToPath(new URL('escalation.txt', import.meta.url));
const AGENTS = fileURLToPath(new URL('../../agents', import.meta.url));
const NOW = new Date('2026-11-20T12:00:00.000Z');
const ROUTE_MS = 5_000;
/** What an account of each plan pays in a month: below what makes a message a matter for the management by itself. */
const MONTHLY_CENTS: Readonly<Record<Plan, number>> = { free: 0, basic: 80_00, premium: 500_00, enterprise: 4_000_00 };

/** `fresh`: written by somebody else again, when the rules had been measured on the test part five times. */
export const ESCALATION_PARTS = ['development', 'test', 'fresh'] as const;
type Part = (typeof ESCALATION_PARTS)[number];

export interface Judges {
  readonly router: Router;
  readonly readSignals: SignalReader;
}

interface Labelled {
  /** Empty for a message that an agent should answer. */
  readonly labels: readonly SignalName[];
  readonly plan: Plan;
  readonly text: string;
}

interface Judged extends Labelled {
  readonly escalation: Escalation;
}

export interface EscalationFigures {
  readonly count: number;
  /** Messages that need people. */
  readonly wanted: number;
  /** Shares, 0 to 1: of those that need people, of those that do not, and of those that went to people. */
  readonly recall: number;
  readonly falseEscalations: number;
  readonly precision: number;
  readonly byLabel: Readonly<Record<SignalName, { readonly count: number; readonly recall: number }>>;
  /** To whom a person is only offered, of those that need one and of those that do not. */
  readonly offeredWanted: number;
  readonly offeredOthers: number;
}

export function readEscalationSet(part: Part): readonly Labelled[] {
  const lines = readFileSync(FILE, 'utf8').split('\n');
  const starts = ESCALATION_PARTS.map((name) => lines.indexOf(`# ${name}`));
  const at = ESCALATION_PARTS.indexOf(part);
  return lines
    .slice(starts[at], starts[at + 1])
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [labels = '', named = '', ...text] = line.split(' | ');
      const plan = Object.values(Plan).find((known) => known === named);
      if (plan === undefined) throw new Error(`no plan is called "${named}": ${line}`);
      return { labels: SIGNALS.filter((label) => labels.split(',').includes(label)), plan, text: text.join(' | ') };
    });
}

export async function measureEscalation(part: Part, judges: Judges, onWrong: (line: string) => void = () => undefined): Promise<EscalationFigures> {
  const judged: Judged[] = [];
  for (const labelled of readEscalationSet(part)) {
    const escalation = await decide(labelled, judges);
    judged.push({ ...labelled, escalation });
    if (labelled.labels.length > 0 !== (escalation.decision === 'ESCALATE'))
      onWrong(`${labelled.labels.join(',') || 'none'} | ${labelled.text}\n      ${escalation.decision}: ${escalation.reason}`);
  }
  const wanted = judged.filter(({ labels }) => labels.length > 0);
  const others = judged.filter(({ labels }) => labels.length === 0);
  const escalated = judged.filter(isEscalated);
  return {
    count: judged.length,
    wanted: wanted.length,
    recall: share(wanted, isEscalated),
    falseEscalations: share(others, isEscalated),
    precision: share(escalated, ({ labels }) => labels.length > 0),
    byLabel: recalls(wanted),
    offeredWanted: share(wanted, isOffered),
    offeredOthers: share(others, isOffered),
  };
}

/** Over the real agent files and examples: learns before it is returned, where nothing is kept. */
export async function openJudges(): Promise<Judges> {
  const catalog = await loadCatalog(AGENTS, { has: () => true, parseGrant: () => undefined });
  const agents = reachableAgents(catalog);
  const model = await openRoutingModel(agents);
  return { router: createLocalRouter(catalog, { model }), readSignals: await openSignalReader(AGENTS, agents) };
}

/** As the reply graph does it for the first message of a calm account. */
async function decide({ text, plan }: Labelled, { router, readSignals }: Judges): Promise<Escalation> {
  const monthlyValueCents = MONTHLY_CENTS[plan];
  const customer = {
    name: 'Ada',
    company: null,
    plan,
    status: 'active',
    language: 'en',
    since: new Date('2025-01-10T00:00:00.000Z'),
    lastSeenAt: null,
    healthScore: 80,
    churnRisk: 0.1,
    monthlyValueCents,
    subscription: null,
    openInvoices: [],
    overdueInvoices: 0,
    failedPayments: 0,
    lastPaymentFailed: false,
    openTickets: 0,
    escalations: 0,
    rating: null,
    signIns: null,
    featuresUsed: [],
    healthChange: null,
    conversations: [],
  };
  const read = understand({ text, customer, now: NOW, earlier: [] }, readSignals);
  const route = await router.route({ text: read.subject, earlier: [], lastAgentId: null, enabled: () => true }, AbortSignal.timeout(ROUTE_MS));
  return escalationOf(read, route, customer, policyFrom(new Map()));
}

function recalls(wanted: readonly Judged[]): EscalationFigures['byLabel'] {
  const of = (label: SignalName) => {
    const labelled = wanted.filter(({ labels }) => labels.includes(label));
    return { count: labelled.length, recall: share(labelled, isEscalated) };
  };
  return { human: of('human'), legal: of('legal'), furious: of('furious'), outage: of('outage'), data_loss: of('data_loss'), break_in: of('break_in') };
}

function isEscalated({ escalation }: Judged): boolean {
  return escalation.decision === 'ESCALATE';
}

function isOffered({ escalation }: Judged): boolean {
  return escalation.decision === 'OFFER';
}

function share(judged: readonly Judged[], holds: (one: Judged) => boolean): number {
  return judged.filter(holds).length / Math.max(judged.length, 1);
}

function report(part: string, figures: EscalationFigures): void {
  const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
  print(`${part}: ${figures.count} messages, ${figures.wanted} for people`);
  print(`  recall ${percent(figures.recall)}, precision ${percent(figures.precision)}, false escalations ${percent(figures.falseEscalations)}`);
  print(`  only offered: ${percent(figures.offeredWanted)} of those for people, ${percent(figures.offeredOthers)} of the others`);
  for (const label of SIGNALS)
    print(`  recall of ${label.padEnd(10)} ${percent(figures.byLabel[label].recall).padStart(6)} of ${figures.byLabel[label].count}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const judges = await openJudges();
  const only = process.argv.includes('--dev');
  report('development', await measureEscalation('development', judges, only ? (line) => print(`  ${line}`) : undefined));
  if (!only) for (const part of ['test', 'fresh'] as const) report(part, await measureEscalation(part, judges));
}
