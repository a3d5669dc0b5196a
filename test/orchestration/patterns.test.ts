/** The five patterns over the real agent steps, with a model whose answers the test decides: who is asked what, what comes of it, what is told. */
import type { Decision } from '../../src/orchestration/waiting.ts';
import { MemorySaver } from '@langchain/langgraph';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Agent } from '../../src/catalog/agent.ts';
import { AppError } from '../../src/foundation/errors.ts';
import type { Outcome } from '../../src/orchestration/participant.ts';
import { createPatterns } from '../../src/orchestration/patterns.ts';
import type { Turn } from '../../src/orchestration/turn.ts';
import type { WorkflowEvent } from '../../src/orchestration/workflow-event.ts';
import { inputFor, WorkflowInput, type Pattern } from '../../src/orchestration/workflow-input.ts';
import { RESULTS } from '../../src/orchestration/workflow-result.ts';
import { createActingLlm, type Act, type Line } from '../support/acting-llm.ts';
import { REDACTION } from '../support/redaction.ts';
import { factsOf } from './facts.ts';

const TURN: Turn = {
  runId: 'run_1',
  attempt: 1,
  conversationId: null,
  customerId: 'cus_1',
  customer: factsOf(),
  text: 'May we refund this?',
  history: [],
  lastAgentId: null,
  agentId: null,
  escalated: false,
  now: new Date('2026-01-01T12:00:00Z'),
};

function agent(id: string): Agent {
  return {
    id,
    tier: 'essential',
    domain: 'support/test',
    title: id,
    role: 'specialist',
    description: `Does ${id}. Use when testing.`,
    model: 'quick',
    tools: {},
    handsOverTo: [],
    examples: [],
    notFor: [],
    utterances: [],
    reachable: true,
    riskArea: null,
    job: `Do ${id}.`,
    prompt: `You are ${id}.`,
    file: `essential/support/test/${id}.md`,
  };
}

const promise = (pattern: Pattern) => z.fromJSONSchema(z.toJSONSchema(RESULTS[pattern]) as z.core.JSONSchema.JSONSchema);
const PROMISED = {
  sequential: promise('sequential'),
  parallel: promise('parallel'),
  debate: promise('debate'),
  verification: promise('verification'),
  expert_panel: promise('expert_panel'),
};

type Play = (scene: Act) => Line | Promise<Line>;

interface Staged {
  /** What people decided, by path. */
  readonly decided?: ReadonlyMap<string, 'approved' | 'refused' | 'expired'>;
  readonly checkpointer?: MemorySaver;
  readonly attempt?: number;
  readonly past?: readonly (readonly [path: string, outcome: Outcome])[];
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: WorkflowEvent) => void;
}

const decisionOf = (outcome: Decision['outcome'] | undefined): Decision | null => (outcome ? { outcome, note: null } : null);

/** Runs a pattern to its end. Nobody waits between tries: the waits are told. */
async function run(
  act: Play,
  given: unknown,
  { past = [], decided = new Map(), checkpointer, signal = new AbortController().signal, onEvent, attempt = 1 }: Staged = {},
) {
  const llm = createActingLlm(act);
  const waits: number[] = [];
  const patterns = createPatterns({
    llm,
    tools: new Map(),
    catalog: { get: (id) => (id.startsWith('no_') ? null : agent(id)) },
    historyTokens: 1_000,
    answerTokensMax: 500,
    stepMs: 60_000,
    redaction: REDACTION,
    sleep: async (ms) => void waits.push(ms),
    checkpointer: checkpointer ?? null,
  });
  const events: WorkflowEvent[] = [];
  const known = new Map(past);
  for await (const event of patterns(
    { ...TURN, attempt },
    WorkflowInput.parse(given),
    { past: (path) => known.get(path) ?? null, decisions: { asked: decided.size > 0, of: (path) => decisionOf(decided.get(path)) } },
    signal,
  )) {
    events.push(event);
    onEvent?.(event);
  }
  const finished = events.find((event) => event.type === 'finished');
  // Whatever a pattern comes to is what its JSON Schema promises to those who read it from the row.
  if (finished) expect(PROMISED[WorkflowInput.parse(given).pattern].safeParse(JSON.parse(JSON.stringify(finished.result)))).toMatchObject({ success: true });
  return { llm, waits, events, result: finished?.result ?? {}, outcome: finished?.outcome };
}

const agents = (pattern: Pattern, ...ids: string[]) => inputFor(pattern, ids);
const steps = (events: readonly WorkflowEvent[]) => events.flatMap((event) => (event.type === 'step_finished' ? [`${event.step} ${event.outcome}`] : []));
const votes = (position: string, confidence = 0.8, recommendations: string[] = []): Line => ({
  text: `I say ${position}. `,
  form: { position, confidence, recommendations },
});
const busy = () => new AppError('MODEL_OVERLOADED', 'The model is busy.', { retryable: true });

describe('sequential', () => {
  it('asks one after the other, each with what the ones before have found, and ends with the last word', async () => {
    const { llm, events, result, outcome } = await run(({ agentId }) => ({ text: `${agentId} was here.` }), agents('sequential', 'first', 'second', 'third'));
    expect(steps(events)).toEqual(['sequential/0 succeeded', 'sequential/1 succeeded', 'sequential/2 succeeded']);
    expect(outcome).toBe('done');
    expect(result['text']).toBe('third was here.');
    expect(llm.asked[2]?.systemTurn).toContain('first was here.');
    expect(llm.asked[0]?.systemTurn).not.toContain('was here.');
    expect(events.filter((event) => event.type === 'spoken').map(({ path }) => path)).toContain('sequential/1');
    expect(events.some((event) => event.type === 'text')).toBe(false);
  });

  it('tries again what may pass, with growing pauses, and takes back what was said', async () => {
    const play: Play = ({ nth }) => (nth < 2 ? Promise.reject(busy()) : { text: 'At last.' });
    const { waits, events, result } = await run(play, { pattern: 'sequential', steps: [{ agentId: 'first', retries: 2 }] });
    expect(waits).toEqual([1_000, 2_000]);
    expect(events.filter((event) => event.type === 'spoken_anew')).toHaveLength(2);
    expect(result).toMatchObject({ text: 'At last.', steps: [{ tries: 3 }] });
    expect(new Set(events.flatMap((event) => (event.type === 'used' ? [event.request] : []))).size).toBe(
      events.filter((event) => event.type === 'used').length,
    );
  });

  it('goes on without an optional step that fails, and ends at a required one', async () => {
    const play: Play = ({ agentId }) => (agentId === 'second' ? Promise.reject(new AppError('MODEL_REFUSED', 'No.', { retryable: false })) : { text: 'Yes.' });
    const optional = await run(play, { pattern: 'sequential', steps: [{ agentId: 'first' }, { agentId: 'second', required: false }, { agentId: 'third' }] });
    expect(steps(optional.events)).toEqual(['sequential/0 succeeded', 'sequential/1 failed', 'sequential/2 succeeded']);
    expect(optional.outcome).toBe('done_in_part');
    await expect(run(play, agents('sequential', 'first', 'second', 'third'))).rejects.toMatchObject({
      code: 'MODEL_REFUSED',
      message: 'Step 2 (second) failed: No.',
    });
  });

  it('skips a step whose condition does not hold: by outcome, by position, by confidence', async () => {
    const play: Play = ({ agentId }) => (agentId === 'first' ? votes('refund', 0.4) : { text: 'Done.' });
    const when = (condition: object) => ({ pattern: 'sequential', steps: [{ agentId: 'first' }, { agentId: 'second', when: { step: 0, ...condition } }] });
    for (const [condition, expected] of [
      [{ outcome: 'succeeded' }, 'succeeded'],
      [{ outcome: 'failed' }, 'skipped'],
      [{ position: 'Refund' }, 'succeeded'],
      [{ position: 'decline' }, 'skipped'],
      [{ confidenceFrom: 0.4 }, 'succeeded'],
      [{ confidenceFrom: 0.5 }, 'skipped'],
    ] as const)
      expect(steps((await run(play, when(condition))).events)[1]).toBe(`sequential/1 ${expected}`);
  });
});

/** Keeps what was put so often and all that belongs to it, and nothing after that: its process has died there. */
function diesAfter(putsMax: number): { readonly saver: MemorySaver; live(): void } {
  const saver = new MemorySaver();
  const { put, putWrites } = { put: saver.put.bind(saver), putWrites: saver.putWrites.bind(saver) };
  let puts = 0;
  let dead = true;
  saver.put = async (config, checkpoint, metadata) => ((puts += 1) > putsMax && dead ? config : put(config, checkpoint, metadata));
  saver.putWrites = async (...written) => (puts <= putsMax || !dead ? putWrites(...written) : undefined);
  return { saver, live: () => void (dead = false) };
}

it.each([0, 1, 2, 3, 4, 5])('a run whose process died when its state had been kept %d times goes on to the same end', async (puts) => {
  const given = { pattern: 'sequential', steps: [{ agentId: 'first' }, { agentId: 'second' }, { agentId: 'third' }] };
  const play: Play = ({ agentId }) => ({ text: `${agentId} was here.` });
  const { saver, live } = diesAfter(puts);
  await run(play, given, { checkpointer: saver });
  live();
  const { result } = await run(play, given, { checkpointer: saver, attempt: 2 });
  expect(result['text']).toBe('third was here.');
  expect(result['steps']).toHaveLength(3);
});

describe('a step that people have to approve', () => {
  const input = (ifRefused: 'end' | 'go_on') => ({
    pattern: 'sequential',
    steps: [{ agentId: 'first', approval: { level: 'manager', what: 'Send this offer.', ifRefused } }, { agentId: 'second' }],
  });
  const path = 'sequential/0/approval';
  const decided = (how: 'approved' | 'refused' | 'expired') => ({ decided: new Map([[path, how]]), checkpointer: new MemorySaver() });
  const play: Play = ({ agentId }) => ({ text: `${agentId} was here.` });

  it('asks with what exactly it came to, and goes no further until they have', async () => {
    const halted = new AbortController();
    const seen: WorkflowEvent[] = [];
    const onEvent = (event: WorkflowEvent) => {
      seen.push(event);
      if (event.type === 'approval_wanted') halted.abort(new Error('it waits'));
    };
    await expect(run(play, input('end'), { checkpointer: new MemorySaver(), signal: halted.signal, onEvent })).rejects.toThrow('it waits');
    expect(seen.at(-1)).toMatchObject({
      type: 'approval_wanted',
      path,
      agentId: 'first',
      arguments: { step: 0, text: 'first was here.' },
      summary: 'Send this offer.',
      needed: { level: 'manager', people: 1, risk: 'medium' },
    });
    expect(steps(seen)).toEqual(['sequential/0 succeeded']);
  });

  it('goes on when they approve, ends with why when they do not, or goes on without where it says so', async () => {
    expect(steps((await run(play, input('end'), decided('approved'))).events)).toEqual(['sequential/0 succeeded', 'sequential/1 succeeded']);
    await expect(run(play, input('end'), decided('refused'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(run(play, input('end'), decided('expired'))).rejects.toMatchObject({ code: 'APPROVAL_EXPIRED' });
    expect(steps((await run(play, input('go_on'), decided('refused'))).events)).toHaveLength(2);
  });
});

describe('parallel', () => {
  it('asks all, so many at once, and merges in the order they were named', async () => {
    let atWork = 0;
    let most = 0;
    const gate = Promise.withResolvers<void>();
    const play: Play = async ({ agentId }) => {
      atWork += 1;
      most = Math.max(most, atWork);
      if (atWork === 2) gate.resolve();
      await gate.promise;
      atWork -= 1;
      return { text: `${agentId} says so.` };
    };
    const { result } = await run(play, { pattern: 'parallel', concurrency: 2, agents: ['a1', 'a2', 'a3', 'a4', 'a5'].map((agentId) => ({ agentId })) });
    expect(most).toBe(2);
    expect(result['text']).toMatch(/a1 says so[^]*a2 says so[^]*a5 says so/);
  });

  it.each([
    ['any', undefined, 1],
    ['majority', undefined, 3],
    ['quorum', 2, 2],
  ] as const)('cancels the rest up to the model once enough have answered: %s', async (join, quorum, needed) => {
    const never = new Promise<Line>(() => undefined);
    const names = ['a0', 'a1', 'a2', 'a3', 'a4'];
    const play: Play = ({ agentId }) => (names.indexOf(agentId) < needed ? votes('yes') : never);
    const input = {
      pattern: 'parallel',
      join,
      ...(quorum ? { quorum } : {}),
      aggregate: 'vote',
      options: ['yes', 'no'],
      agents: names.map((agentId) => ({ agentId })),
    };
    const { llm, events, result } = await run(play, input);
    expect(steps(events).filter((step) => step.endsWith('stopped'))).toHaveLength(5 - needed);
    expect(llm.cut()).toBe(5 - needed);
    expect(result).toMatchObject({ position: 'yes', agreement: 1, tied: false });
  });

  it('counts answers and not names, by weight, and says a tie', async () => {
    const play: Play = ({ agentId }) => votes(agentId === 'a1' ? 'no' : 'yes');
    const vote = (weights: readonly number[]) => ({
      pattern: 'parallel',
      aggregate: 'vote',
      options: ['yes', 'no'],
      agents: weights.map((weight, index) => ({ agentId: `a${index}`, weight })),
    });
    expect((await run(play, vote([1, 2, 0.5]))).result).toMatchObject({ position: 'no' });
    expect((await run(play, vote([1, 1, 1]))).result).toMatchObject({ position: 'yes' });
    expect(await run(play, vote([1, 2, 1]))).toMatchObject({ outcome: 'tied', result: { position: null, tied: true } });
  });

  it('ends when too few can answer, with why, and cancels those who are still at work', async () => {
    const play: Play = ({ agentId }) => (agentId === 'a0' ? Promise.reject(busy()) : new Promise<Line>(() => undefined));
    const input = { pattern: 'parallel', agents: [{ agentId: 'a0', required: true }, { agentId: 'a1' }] };
    await expect(run(play, input)).rejects.toMatchObject({ code: 'MODEL_OVERLOADED', message: expect.stringContaining('a0: The model is busy.') });
  });

  it('takes the best by confidence and weight, and finds what is recommended in common', async () => {
    const play: Play = ({ agentId }) =>
      votes('yes', agentId === 'a1' ? 0.9 : 0.5, ['Refund the last payment', ...(agentId === 'a1' ? ['Call the customer back'] : [])]);
    const of = (aggregate: string) => ({ pattern: 'parallel', aggregate, agents: ['a0', 'a1', 'a2'].map((agentId) => ({ agentId })) });
    expect((await run(play, of('best'))).result).toMatchObject({ best: 'a1' });
    const { result } = await run(play, of('consensus'));
    expect(result).toMatchObject({ shared: [{ text: 'Refund the last payment' }], dissent: [{ text: 'Call the customer back', supporters: ['a1'] }] });
  });
});

describe('a debate', () => {
  it('ends early once so much of the weight holds one position', async () => {
    const play: Play = ({ agentId, nth }) => votes(nth > 0 || agentId === 'a0' ? 'refund' : 'decline');
    const { events, result } = await run(play, agents('debate', 'a0', 'a1', 'a2'));
    expect(result).toMatchObject({ position: 'refund', agreement: 1, rounds: 2 });
    expect(steps(events)).toHaveLength(6);
  });

  it('lets each hear what was said before, and in a structured one neither openings nor closings of the round', async () => {
    const play: Play = ({ agentId, nth }) => votes(`${agentId}${nth}`);
    const input = { ...(agents('debate', 'a0', 'a1') as object), rounds: 3, format: 'structured' };
    const { llm } = await run(play, input);
    const heard = (index: number) => llm.asked[index]?.systemTurn ?? '';
    expect(heard(1)).not.toContain('I say a00');
    expect(heard(3)).toContain('I say a01');
    expect(heard(5)).not.toContain('I say a02');
    expect(heard(5)).toContain('I say a01');
    const inTurn = await run(play, { ...(agents('debate', 'a0', 'a1') as object), rounds: 1 });
    expect(inTurn.llm.asked[1]?.systemTurn).toContain('I say a00');
  });

  it.each([
    ['majority', 'no'],
    ['weighted', 'yes'],
    ['confidence', 'yes'],
    ['unanimous', null],
    ['moderator', 'no'],
  ] as const)('decides by %s on positions', async (decide, position) => {
    const play: Play = ({ agentId }) => (agentId === 'boss' ? votes('no', 1) : agentId === 'a0' ? votes('yes', 0.9) : votes('no', 0.5));
    const participants = [
      { agentId: 'a0', weight: 2 },
      { agentId: 'a1', weight: 0.5 },
      { agentId: 'a2', weight: 0.5 },
      { agentId: 'boss', role: 'moderator' },
    ];
    const { result } = await run(play, { pattern: 'debate', participants, decide, rounds: 1, options: ['yes', 'no'] });
    expect(result).toMatchObject({ position });
  });

  it('has one ask and the others answer when it is socratic', async () => {
    const play: Play = ({ agentId }) => (agentId === 'boss' ? { text: 'Why at all? ', form: { position: 'yes', confidence: 1 } } : votes('yes'));
    const participants = [{ agentId: 'a0' }, { agentId: 'a1' }, { agentId: 'boss', role: 'moderator' }];
    const { llm, events } = await run(play, { pattern: 'debate', participants, format: 'socratic', rounds: 1 });
    expect(events.flatMap((event) => (event.type === 'step_started' ? [`${event.agentId} ${event.role}`] : []))).toEqual([
      'boss asks',
      'a0 neutral',
      'a1 neutral',
      'boss moderator',
    ]);
    expect(llm.asked[1]?.systemTurn).toContain('Why at all?');
  });
});

describe('verification', () => {
  const finding = (severity: string) => ({ check: 'facts', severity, finding: 'The price is wrong.', recommendation: 'Say 25.', location: '20 a month' });
  const checked = (...findings: object[]): Line => ({ text: 'I looked.', form: { findings, confidence: 0.9 } });

  it('has the draft written again with what was found, and forgets findings of the draft before', async () => {
    const play: Play = ({ agentId, nth }) =>
      agentId === 'writer' ? { text: nth === 0 ? 'It is 20 a month.' : 'It is 25 a month.' } : nth === 0 ? checked(finding('high')) : checked();
    const { llm, events, result } = await run(play, agents('verification', 'writer', 'checker'));
    expect(result).toMatchObject({
      action: 'approve',
      score: 1,
      text: 'It is 25 a month.',
      findings: [],
      iterations: [{ action: 'revise' }, { action: 'approve' }],
    });
    expect(llm.asked[2]?.systemTurn).toContain('Say 25.');
    expect(steps(events)).toEqual([
      'verification/1/draft succeeded',
      'verification/1/verifiers/0 succeeded',
      'verification/2/draft succeeded',
      'verification/2/verifiers/0 succeeded',
    ]);
  });

  it.each([
    ['critical', 'escalate'],
    ['high', 'reject'],
    ['medium', 'approve_with_notes'],
    ['low', 'approve_with_notes'],
  ])('ends a draft that still has a %s finding: %s', async (severity, action) => {
    const play: Play = ({ agentId }) => (agentId === 'writer' ? { text: 'It is 20 a month.' } : checked(finding(severity)));
    const input = { ...(agents('verification', 'writer', 'checker') as object), iterations: 2 };
    expect(await run(play, input)).toMatchObject({ outcome: action, result: { draft: 'It is 20 a month.' } });
  });

  it('approves nothing that nobody could check, and never lets a check be worse than it is named', async () => {
    const broken: Play = ({ agentId }) =>
      agentId === 'writer' ? { text: 'A draft.' } : Promise.reject(new AppError('MODEL_REFUSED', 'No.', { retryable: false }));
    expect(await run(broken, agents('verification', 'writer', 'checker'))).toMatchObject({
      outcome: 'escalate',
      result: { iterations: [{ failed: ['checker'] }] },
    });
    const strict: Play = ({ agentId }) => (agentId === 'writer' ? { text: 'A draft.' } : checked(finding('critical')));
    const mild = {
      ...(agents('verification', 'writer', 'checker') as object),
      iterations: 1,
      checks: [{ name: 'facts', description: 'Right?', severity: 'low' }],
    };
    expect(await run(strict, mild)).toMatchObject({ outcome: 'approve_with_notes' });
  });
});

describe('an expert panel', () => {
  it('asks the experts apart, then the coordinator, and keeps dissent', async () => {
    const play: Play = ({ agentId }) =>
      agentId === 'coordinator'
        ? votes('refund it', 0.9)
        : votes(agentId === 'a2' ? 'decline' : 'refund', 0.7, [agentId === 'a2' ? 'Send a voucher' : 'Refund the payment']);
    const { llm, events, result } = await run(play, agents('expert_panel', 'a0', 'a1', 'a2'));
    expect(result).toMatchObject({
      synthesis: 'coordinator',
      position: 'refund it',
      shared: [{ text: 'Refund the payment' }],
      dissent: [{ text: 'Send a voucher', supporters: ['a2'] }],
    });
    expect(llm.asked.slice(0, 3).every(({ systemTurn }) => !systemTurn.includes('I say'))).toBe(true);
    expect(llm.asked[3]?.systemTurn).toContain('I say decline');
    expect(steps(events).at(-1)).toBe('expert_panel/synthesis succeeded');
  });

  it('lets the weights decide where the coordinator fails, and says so', async () => {
    const play: Play = ({ agentId }) =>
      agentId === 'coordinator' ? Promise.reject(new AppError('MODEL_REFUSED', 'No.', { retryable: false })) : votes('refund');
    expect((await run(play, agents('expert_panel', 'a0', 'a1'))).result).toMatchObject({ synthesis: 'weighted', instead: 'coordinator', position: 'refund' });
  });

  it('is none with fewer than two opinions', async () => {
    const play: Play = ({ agentId }) => (agentId === 'a0' ? votes('refund') : Promise.reject(new AppError('MODEL_REFUSED', 'No.', { retryable: false })));
    await expect(run(play, agents('expert_panel', 'a0', 'a1', 'a2'))).rejects.toMatchObject({
      code: 'MODEL_REFUSED',
      message: expect.stringContaining('Only 1 of 3'),
    });
  });
});

describe('every pattern', () => {
  it('asks again for the form when the model forgot it, once, and makes it call it', async () => {
    const play: Play = ({ request, nth }) => (request.mustCall ? votes('yes') : nth === 0 ? { text: 'I think so.' } : votes('no'));
    const { llm, result } = await run(play, { pattern: 'parallel', aggregate: 'vote', options: ['yes', 'no'], agents: [{ agentId: 'a0' }, { agentId: 'a0' }] });
    expect(llm.asked.some(({ mustCall }) => mustCall === 'give_verdict')).toBe(true);
    expect(result).toMatchObject({ answers: [{ outcome: 'succeeded' }, { outcome: 'succeeded' }] });
  });

  it('counts a position that is no option as no verdict', async () => {
    const play: Play = ({ agentId }) => votes(agentId === 'a0' ? 'perhaps' : 'yes');
    const { result } = await run(play, { pattern: 'parallel', aggregate: 'vote', options: ['yes', 'no'], agents: [{ agentId: 'a0' }, { agentId: 'a1' }] });
    expect(result).toMatchObject({ position: 'yes', answers: [{ outcome: 'failed', error: { code: 'MODEL_OVERLOADED' } }, { outcome: 'succeeded' }] });
  });

  it('asks nobody again who ended in an earlier attempt, and tells nothing of them', async () => {
    const before: Outcome = {
      agentId: 'a0',
      outcome: 'succeeded',
      text: 'Said before.',
      filled: { position: 'yes', confidence: 1, recommendations: [] },
      error: null,
      tries: 1,
    };
    const { llm, events, result } = await run(() => votes('yes'), agents('expert_panel', 'a0', 'a1'), { past: [['expert_panel/experts/0', before]] });
    expect(llm.asked.map(({ persona }) => persona.agentId)).toEqual(['a1', 'coordinator']);
    expect(steps(events)).toEqual(['expert_panel/experts/1 succeeded', 'expert_panel/synthesis succeeded']);
    expect(result).toMatchObject({ opinions: [{ text: 'Said before.' }, {}] });
  });

  it('is halted with its participants, and ends with why', async () => {
    const halted = new AbortController();
    const never = new Promise<Line>(() => undefined);
    const onEvent = (event: WorkflowEvent) => {
      if (event.type === 'step_started' && event.path.endsWith('/1')) halted.abort(new Error('stopped by a person'));
    };
    await expect(run(() => never, agents('parallel', 'a0', 'a1'), { signal: halted.signal, onEvent })).rejects.toThrow('stopped by a person');
  });

  it('ends at its deadline, with the model cut off', async () => {
    const never = new Promise<Line>(() => undefined);
    const input = { ...(agents('parallel', 'a0', 'a1') as object), deadlineMs: 1_000, stepMs: 1_000 };
    await expect(run(() => never, input)).rejects.toMatchObject({ code: 'MODEL_OVERLOADED' });
  });

  it('says when an agent has gone since it was started', async () => {
    const { result } = await run(() => ({ text: 'Here.' }), agents('parallel', 'a0', 'no_such'));
    expect(result).toMatchObject({ answers: [{ outcome: 'succeeded' }, { outcome: 'failed', error: { code: 'NOT_FOUND' } }] });
  });
});

describe('the input', () => {
  it.each([
    ['one participant', agents('parallel', 'a0'), 'agents'],
    ['a debate of one', agents('debate', 'a0'), 'participants'],
    ['a moderator missing', { ...(agents('debate', 'a0', 'a1') as object), decide: 'moderator' }, 'participants'],
    ['a quorum larger than the panel', { ...(agents('parallel', 'a0', 'a1') as object), join: 'quorum', quorum: 3 }, 'quorum'],
    ['a quorum without its join', { ...(agents('parallel', 'a0', 'a1') as object), quorum: 1 }, 'quorum'],
    ['no iterations', { ...(agents('verification', 'a0', 'a1') as object), iterations: 0 }, 'iterations'],
    ['a negative weight', { pattern: 'expert_panel', experts: [{ agentId: 'a0', weight: -1 }, { agentId: 'a1' }] }, 'experts.0.weight'],
    ['a deadline shorter than a step', { ...(agents('sequential', 'a0') as object), deadlineMs: 5_000, stepMs: 6_000 }, 'deadlineMs'],
    ['a vote without options', { ...(agents('parallel', 'a0', 'a1') as object), aggregate: 'vote' }, 'options'],
    ['a condition on a later step', { pattern: 'sequential', steps: [{ agentId: 'a0', when: { step: 0 } }] }, 'steps.0.when.step'],
    ['a verifier that checks itself', agents('verification', 'a0', 'a0'), 'verifiers'],
    ['a field that is not there', { ...(agents('parallel', 'a0', 'a1') as object), modle: 1 }, ''],
  ])('refuses %s, naming the field', (_what, given, path) => {
    const parsed = WorkflowInput.safeParse(given);
    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues[0]?.path.join('.')).toBe(path);
  });
});

describe('the schema of a result', () => {
  it('promises all there is and nothing else', async () => {
    const { result } = await run(() => votes('yes'), agents('debate', 'first', 'second'));
    const { tally: _tally, ...less } = result;
    for (const wrong of [
      less,
      { ...result, mood: 'good' },
      { ...result, pattern: 'parallel' },
      { ...result, agreement: 1.5 },
      { ...result, outcome: 'fine' },
    ]) {
      expect(RESULTS.debate.safeParse(wrong).success).toBe(false);
      expect(PROMISED.debate.safeParse(wrong).success).toBe(false);
    }
  });
});
