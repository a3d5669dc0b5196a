/**
 * Every pattern in a process that is killed behind each of its steps and in the middle of those at work: what has finished is not paid twice,
 * what was done is not done again, and the result is the same. Many runs stand each at its own place, and one kill meets them all.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import type { Pattern } from '../../src/orchestration/workflow-input.ts';
import { startMessagesApi, type MessagesApi, type MessagesBody, type ScriptedReply } from '../support/messages-api.ts';
import { eventually, openBench, type Bench, type ParleyProcess } from '../support/process.ts';
import { AGENTS } from '../support/signals.ts';

const START = `mutation Start($workflow: ID!, $question: String!, $input: JSON!, $customerId: ID!) {
  startWorkflow(input: { workflow: $workflow, question: $question, input: $input, customerId: $customerId }) { run { id } } }`;

interface Shape {
  readonly input: Readonly<Record<string, unknown>>;
  /** By agent and turn, in the order in which they finish here. */
  readonly steps: readonly string[];
  /** Of those that have not finished, who is at work at once. */
  readonly atWork: (finished: number) => readonly string[];
}

const agents = (...ids: readonly string[]) => ids.map((agentId) => ({ agentId }));
const oneByOne = (steps: readonly string[]): Shape['atWork'] => {
  return (finished) => steps.slice(finished, finished + 1);
};
const FOUR = ['refund_processor', 'technical_agent', 'security_advisor', 'invoice_generator'];
const STEPS = FOUR.map((agentId) => `${agentId} 1`);
const TURNS = ['refund_processor 1', 'security_advisor 1', 'refund_processor 2', 'security_advisor 2'];
const PANEL = ['refund_processor 1', 'invoice_generator 1', 'security_advisor 1', 'coordinator 1'];

const SHAPES: Readonly<Record<Pattern, Shape>> = {
  sequential: { input: { steps: agents(...FOUR) }, steps: STEPS, atWork: oneByOne(STEPS) },
  parallel: { input: { agents: agents(...FOUR), aggregate: 'consensus' }, steps: STEPS, atWork: (finished) => STEPS.slice(finished) },
  debate: { input: { participants: agents('refund_processor', 'security_advisor'), rounds: 2 }, steps: TURNS, atWork: oneByOne(TURNS) },
  verification: {
    input: { producer: { agentId: 'refund_processor' }, verifiers: agents('security_advisor') },
    steps: TURNS,
    atWork: oneByOne(TURNS),
  },
  expert_panel: {
    input: { experts: agents('refund_processor', 'invoice_generator', 'security_advisor') },
    steps: PANEL,
    atWork: (finished) => PANEL.slice(finished, Math.max(3, finished + 1)),
  },
};

interface Request {
  readonly scene: string;
  readonly step: string;
  /** True once a tool of this step has answered. */
  readonly answered: boolean;
}

interface Row {
  readonly status: string;
  readonly attempt: number;
  readonly result: Readonly<Record<string, unknown>>;
}

/** What tools write in the middle of a step. Told in other words each time: one and the same wish is known by its place, not by how it is put. */
const TOOLS: Readonly<Record<string, (nth: number) => { readonly name: string; readonly input: unknown }>> = {
  'ticket technical_agent 1': (nth) => ({
    name: 'open_ticket',
    input: { kind: 'bug', title: 'Sync stands still', severity: 'high', description: `They have said so in wish number ${nth}.` },
  }),
  'note refund_processor 1': (nth) => ({ name: 'leave_note', input: { text: `They want it back, wish number ${nth}.` } }),
};

let bench: Bench;
let model: MessagesApi;
let parley: ParleyProcess;
let url: string;
const agentOf = new Map<string, string>();
const runs = new Map<string, string>();
let asked: Request[] = [];
/** In the middle of its answer, and held there for ever. */
let stuck: string[] = [];
/** Where each scene is held up: these steps, once a tool of theirs has answered where `afterTool` says so. Emptied by the kill. */
const holds = new Map<string, { readonly steps: readonly string[]; readonly afterTool?: boolean }>();
/** Steps that wait for a word of the test. */
const gates = new Map<string, PromiseWithResolvers<void>>();

beforeAll(async () => {
  const catalog = await loadCatalog(AGENTS, { has: () => true, parseGrant: () => undefined });
  for (const agent of catalog.agents) agentOf.set(agent.prompt, agent.id);
  model = await startMessagesApi();
  model.otherwise(reply);
  bench = await openBench({ filled: true });
  parley = startParley();
  url = await parley.ready();
});
afterAll(async () => {
  await bench.close();
  await model.close();
});

function startParley(): ParleyProcess {
  return bench.start({ ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: model.url, OFFLINE_TOKENS_PER_S: '0' });
}

function reply(body: MessagesBody): ScriptedReply {
  const words = JSON.stringify([body.system?.slice(1), body.messages]);
  const agentId = agentOf.get(body.system?.[0]?.text ?? '') ?? '';
  const turn = /This is round 2|You wrote this draft before|draft number 2/.test(words) ? 2 : 1;
  const request = { scene: /Scene (\S+?)\./.exec(words)?.[1] ?? '', step: `${agentId} ${turn}`, answered: words.includes('"tool_result"') };
  asked.push(request);
  const { scene, step, answered } = request;
  const hold = holds.get(scene);
  const held = hold !== undefined && hold.steps.includes(step) && answered === (hold.afterTool ?? false);
  const gate = gates.get(`${scene} ${step}`);
  return {
    ...say(body, request),
    gate: (token) => {
      if (!held || token < 2) return gate?.promise;
      stuck.push(`${scene} ${step}`);
      return new Promise<void>(() => undefined);
    },
  };
}

function say(body: MessagesBody, { scene, step, answered }: Request): ScriptedReply {
  const [agentId, turn] = step.split(' ');
  const offers = (name: string): boolean => body.tools?.some((tool) => tool.name === name) ?? false;
  const tool = TOOLS[`${scene} ${step}`];
  if (tool && !answered) return { text: 'I write that down.', toolCalls: [tool(asked.length)] };
  const text = `I have looked at it twice, says ${agentId}, draft number ${turn}.`;
  const finding = { check: 'policy', severity: 'high', finding: 'It promises too much.', recommendation: 'Promise less.', location: '' };
  if (offers('give_findings')) return { text, toolCalls: [{ name: 'give_findings', input: { findings: turn === '1' ? [finding] : [], confidence: 0.9 } }] };
  if (!offers('give_verdict')) return { text };
  // In a debate they disagree at first.
  const declines = scene.startsWith('debate') && step === 'security_advisor 1';
  return {
    text,
    toolCalls: [{ name: 'give_verdict', input: { position: declines ? 'decline' : 'refund', confidence: 0.9, recommendations: ['Refund the last payment'] } }],
  };
}

async function start(scene: string, pattern: Pattern): Promise<void> {
  const { staffToken, customerId } = await bench.demo();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${staffToken}` },
    body: JSON.stringify({
      query: START,
      variables: { workflow: pattern, question: `Scene ${scene}. Should we refund this customer?`, input: SHAPES[pattern].input, customerId },
    }),
  });
  const answer = (await response.json()) as { readonly data?: { readonly startWorkflow: { readonly run: { readonly id: string } } | null } };
  if (!answer.data?.startWorkflow) throw new Error(JSON.stringify(answer));
  runs.set(scene, answer.data.startWorkflow.run.id);
}

const idOf = (scene: string): string => runs.get(scene) ?? '';

async function finishedIn(scene: string): Promise<number> {
  const [row] = await bench.rows<{ n: string }>(`SELECT count(*) AS n FROM "RunStep" WHERE "runId" = $1 AND "status" = 'succeeded'`, [idOf(scene)]);
  return Number(row?.n);
}

function ended(scene: string): Promise<Row> {
  return eventually(`${scene} has ended`, async () => {
    const [found] = await bench.rows<Row>('SELECT "status", "attempt", "result" FROM "Run" WHERE "id" = $1', [idOf(scene)]);
    return found && ['succeeded', 'failed', 'stopped'].includes(found.status) ? found : null;
  });
}

/** The steps that were asked, sorted; a step that calls a tool asks twice. */
const stepsAsked = (scene: string): string[] => asked.flatMap((request) => (request.scene === scene ? [request.step] : [])).toSorted();

const whole = new Map<Pattern, Row>();
const PATTERNS = Object.keys(SHAPES) as Pattern[];
const PLACES = PATTERNS.flatMap((pattern) => [0, 1, 2, 3].map((finished) => ({ pattern, finished, scene: `${pattern}-${finished}` })));

/** Of what was written by tools, how many rows. */
async function written(): Promise<Readonly<Record<string, number>>> {
  const [row] = await bench.rows<Record<string, string>>(
    `SELECT (SELECT count(*) FROM "Ticket" WHERE "callId" LIKE $1 || ':%') AS tickets,
            (SELECT count(*) FROM "AuditEntry" a JOIN "Ticket" t ON t."id" = a."subjectId" WHERE t."callId" LIKE $1 || ':%') AS entries,
            (SELECT count(*) FROM "CustomerNote" WHERE "text" LIKE 'They want it back, wish number %') AS notes`,
    [idOf('ticket')],
  );
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, count]) => [name, Number(count)]));
}

describe('workflows of every pattern whose process is killed', () => {
  /** What was asked before the kill. */
  let before: Request[] = [];

  beforeAll(async () => {
    for (const pattern of PATTERNS) await start(`${pattern}-whole`, pattern);
    for (const pattern of PATTERNS) whole.set(pattern, await ended(`${pattern}-whole`));
    for (const { pattern, finished, scene } of PLACES) holds.set(scene, { steps: SHAPES[pattern].atWork(finished) });
    holds.set('ticket', { steps: ['technical_agent 1'], afterTool: true });
    holds.set('note', { steps: ['refund_processor 1'], afterTool: true });
    holds.set('unsaved', { steps: ['technical_agent 1'] });
    const gate = Promise.withResolvers<void>();
    gates.set('unsaved refund_processor 1', gate);
    await Promise.all(PLACES.map(({ pattern, scene }) => start(scene, pattern)));
    await Promise.all([start('ticket', 'sequential'), start('note', 'expert_panel'), start('unsaved', 'sequential')]);
    const count = PLACES.reduce((sum, { pattern, finished }) => sum + SHAPES[pattern].atWork(finished).length, 2);
    await eventually('all are held where they are to be', async () => {
      if (stuck.length !== count) return false;
      const reached = await Promise.all(PLACES.map(async ({ scene, finished }) => (await finishedIn(scene)) === finished));
      return reached.every(Boolean);
    });
    // From here on no graph's state is kept, as when the process dies between a step's row and that.
    const saver = await bench.connect();
    await saver.query('BEGIN');
    await saver.query('LOCK TABLE langgraph.checkpoints, langgraph.checkpoint_writes, langgraph.checkpoint_blobs IN EXCLUSIVE MODE');
    gate.resolve();
    await eventually('the second step is at work', async () => stuck.includes('unsaved technical_agent 1') && (await finishedIn('unsaved')) === 1);
    await parley.end('SIGKILL');
    await saver.end();
    before = asked;
    asked = [];
    stuck = [];
    holds.clear();
    parley = startParley();
    url = await parley.ready();
  }, 120_000);

  it.each(PLACES)('$pattern, with $finished finished, asks only the others again and comes to the same', async ({ pattern, finished, scene }) => {
    const { steps, atWork } = SHAPES[pattern];
    expect(await ended(scene)).toEqual({ ...whole.get(pattern), attempt: 2 });
    const done = steps.slice(0, finished);
    expect(before.flatMap((request) => (request.scene === scene ? [request.step] : [])).toSorted()).toEqual([...done, ...atWork(finished)].toSorted());
    expect(stepsAsked(scene)).toEqual(steps.slice(finished).toSorted());
  });

  it('was not killed in what it is compared with, which has all its steps', async () => {
    for (const [pattern, row] of whole) {
      expect(row).toMatchObject({ status: 'succeeded', attempt: 1, result: { pattern } });
      expect(await finishedIn(`${pattern}-whole`)).toBe(4);
    }
    expect(whole.get('debate')?.result).toMatchObject({ rounds: 2, position: 'refund' });
    expect(whole.get('verification')?.result).toMatchObject({ outcome: 'approve', iterations: [{ action: 'revise' }, { action: 'approve' }] });
  });

  it('knows who has finished by the rows where the state of the graph was not kept', async () => {
    expect(await ended('unsaved')).toEqual({ ...whole.get('sequential'), attempt: 2 });
    expect(stepsAsked('unsaved')).toEqual(STEPS.slice(1).toSorted());
  });

  it('does once what a tool had done when its step was cut off', async () => {
    for (const scene of ['ticket', 'note']) expect(await ended(scene)).toMatchObject({ status: 'succeeded', attempt: 2 });
    const asksOf = (requests: readonly Request[]): string[] =>
      requests.flatMap(({ scene, step, answered }) => (`${scene} ${step}` in TOOLS ? [`${scene}, ${answered ? 'answered' : 'called'}`] : [])).toSorted();
    const both = ['note, answered', 'note, called', 'ticket, answered', 'ticket, called'];
    // The tools had answered when the process was killed, and were called again by the one after it.
    expect([asksOf(before), asksOf(asked)]).toEqual([both, both]);
    expect(await written()).toEqual({ tickets: 1, entries: 1, notes: 1 });
  });

  it('leaves in order when it is told to', async () => {
    expect(await parley.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
