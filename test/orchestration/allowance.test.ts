/** What a part of a turn may take: time and tokens, and what becomes of who is at work when they are spent. */
import { describe, expect, it } from 'vitest';
import { within } from '../../src/orchestration/allowance.ts';
import { NOTHING_BEFORE, type Stage } from '../../src/orchestration/participant.ts';
import type { Turn } from '../../src/orchestration/turn.ts';
import type { WorkflowEvent } from '../../src/orchestration/workflow-event.ts';
import { factsOf } from './facts.ts';

const TURN: Turn = {
  runId: 'run_1',
  attempt: 1,
  conversationId: null,
  customerId: 'cus_1',
  customer: factsOf(),
  text: 'A question',
  history: [],
  lastAgentId: null,
  agentId: null,
  escalated: false,
  now: new Date('2026-01-01T12:00:00Z'),
};

const ALLOWANCE = { seconds: 30, tokensMax: 100 };

function open() {
  const events: WorkflowEvent[] = [];
  const halt = new AbortController();
  const stage: Stage = { turn: TURN, signal: halt.signal, ...NOTHING_BEFORE, emit: async (event) => void events.push(event) };
  const time = Promise.withResolvers<void>();
  const asleep: { ms: number; signal: AbortSignal }[] = [];
  const sleep = (ms: number, signal: AbortSignal): Promise<void> => {
    asleep.push({ ms, signal });
    return time.promise;
  };
  return { stage, events, halt, time, asleep, sleep };
}

const untilCut = ({ cancel }: Stage): Promise<never> =>
  new Promise((_resolve, reject) => cancel?.addEventListener('abort', () => reject(cancel.reason), { once: true }));

const used = (step: string, request: number, outputTokens: number): WorkflowEvent => ({
  type: 'used',
  step,
  request,
  model: 'm',
  usage: { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens, cost: '0' },
});

describe('an allowance', () => {
  it('comes to nothing when the time is over, and cuts off who is at work', async () => {
    const { stage, time, asleep, sleep } = open();
    const done = within({ sleep }, stage, ALLOWANCE, untilCut);
    expect(asleep[0]?.ms).toBe(30_000);
    time.resolve();
    expect(await done).toBeNull();
  });

  it('comes to nothing when the tokens of all requests together are used, however often each is told', async () => {
    const { stage, events, sleep } = open();
    const cut: boolean[] = [];
    const done = await within({ sleep }, stage, ALLOWANCE, async (inner) => {
      for (const event of [used('a', 1, 40), used('a', 1, 60), used('b', 1, 40), used('a', 2, 1)]) {
        await inner.emit(event);
        cut.push(inner.cancel?.aborted ?? false);
      }
      return 'too late';
    });
    expect(cut).toEqual([false, false, false, true]);
    expect(done).toBeNull();
    expect(events).toHaveLength(4);
  });

  it('gives what was done in time, and waits for nothing any more', async () => {
    const { stage, asleep, sleep } = open();
    expect(await within({ sleep }, stage, ALLOWANCE, async () => 'done')).toBe('done');
    expect(asleep[0]?.signal.aborted).toBe(true);
  });

  it('passes on what went wrong, and the reason of a run that is halted', async () => {
    const { stage, halt, sleep } = open();
    await expect(within({ sleep }, stage, ALLOWANCE, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    const halted = within(
      { sleep },
      stage,
      ALLOWANCE,
      ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('cut')))),
    );
    halt.abort(new Error('stopped by the customer'));
    await expect(halted).rejects.toThrow('stopped by the customer');
  });
});
