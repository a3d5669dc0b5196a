/** Counting verdicts: what is one position, who leads, what is a tie, and that nothing depends on the order of participants. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agreementOf,
  bestOf,
  enough,
  majorityOf,
  tally,
  unanimous,
  verificationAction,
  weightedWinner,
  type DraftFinding,
  type Join,
  type Vote,
} from '../../src/orchestration/agreement.ts';
import { JOINS, SEVERITIES, type Severity } from '../../src/orchestration/workflow-input.ts';

const vote = (agentId: string, position: string, weight = 1, confidence = 0.5): Vote => ({
  agentId,
  weight,
  verdict: { position, confidence, recommendations: [] },
});

/** All that is made of votes, to compare whole. */
function outcome(votes: readonly Vote[], options?: readonly string[]) {
  const counted = tally(votes, options);
  return {
    counted,
    agreement: agreementOf(counted),
    decisions: [majorityOf(counted), unanimous(counted), weightedWinner(counted), bestOf(counted)],
  };
}

const positions = ['Refund', 'refund.', ' "REFUND" ', 'decline', '**Decline**', 'Wait', 'ask first'];
const someVote = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    fc.constantFrom(...positions),
    fc.constantFrom(0, 0.1, 0.2, 0.3, 0.7, 1, 1.5, 2),
    fc.constantFrom(0, 0.1, 0.35, 0.7, 0.9, 1),
  )
  .map(([agentId, position, weight, confidence]) => vote(agentId, position, weight, confidence));
const someVotes = fc.array(someVote, { maxLength: 12 });
const someOptions = fc.constantFrom(undefined, ['refund', 'decline'], ['Refund', 'Decline', 'Wait', 'Ask first']);

describe('positions', () => {
  it.each([
    ['Refund', 'refund'],
    ['  Refund in full. ', 'refund  in full'],
    ['"Refund"', '**Refund**'],
    ['(refund)', '- Refund!'],
    ['Ｒefund', 'refund'],
    ['“Ja, gerne”', 'ja, gerne'],
  ])('are one: %j and %j', (one, other) => {
    expect(tally([vote('a', one), vote('b', other)]).ranked).toHaveLength(1);
  });

  it.each([
    ['C', 'C++'],
    ['5', '5%'],
    ['1', '-1'],
    ['refund', 'refund in full'],
    ['?', '!'],
  ])('are two: %j and %j', (one, other) => {
    expect(tally([vote('a', one), vote('b', other)]).ranked).toHaveLength(2);
  });

  it('are told as the option was given, or as most of their weight wrote them', () => {
    expect(tally([vote('a', 'REFUND!')], ['Refund', 'Decline']).ranked[0]?.position).toBe('Refund');
    expect(tally([vote('a', 'REFUND'), vote('b', 'refund', 2)]).ranked[0]?.position).toBe('refund');
  });

  it('that are no option are no vote, and are named', () => {
    const counted = tally([vote('a', 'refund'), vote('b', 'it depends', 2), vote('c', 'a wish', 0)], ['Refund', 'Decline']);
    expect(counted).toMatchObject({ weight: 1, strayed: ['b'], tied: false });
    expect(counted.ranked.map(({ position }) => position)).toEqual(['Refund']);
    expect(unanimous(counted).position).toBe('Refund');
    expect(agreementOf(counted)).toBe(1);
  });
});

describe('a tally', () => {
  it('ranks by weight, then mean confidence, then text', () => {
    const { ranked, weight, tied } = tally([
      vote('a', 'one', 1, 0.9),
      vote('b', 'two', 2, 0.3),
      vote('c', 'four', 0.5, 0.6),
      vote('d', 'three', 0.5, 0.6),
      vote('e', 'one', 1, 0.5),
      vote('f', 'five', 0.5, 0.7),
    ]);
    expect(ranked).toEqual([
      { position: 'one', weight: 2, voters: ['a', 'e'], confidence: 0.7 },
      { position: 'two', weight: 2, voters: ['b'], confidence: 0.3 },
      { position: 'five', weight: 0.5, voters: ['f'], confidence: 0.7 },
      { position: 'four', weight: 0.5, voters: ['c'], confidence: 0.6 },
      { position: 'three', weight: 0.5, voters: ['d'], confidence: 0.6 },
    ]);
    expect({ weight, tied }).toEqual({ weight: 5.5, tied: true });
  });

  it('counts confidence by weight', () => {
    expect(tally([vote('a', 'one', 2, 0.9), vote('b', 'one', 1, 0.3)]).ranked[0]?.confidence).toBeCloseTo(0.7, 12);
  });

  it('sees a tie although decimals add up to different last digits', () => {
    const votes = [vote('a', 'one', 0.1), vote('b', 'one', 0.2), vote('c', 'two', 0.3)];
    expect(0.1 + 0.2).not.toBe(0.3);
    expect(tally(votes).tied).toBe(true);
    expect(weightedWinner(tally(votes))).toEqual({ position: null, tied: true, among: ['one', 'two'] });
  });

  it('of nobody is empty and decides nothing', () => {
    const nothing = { position: null, tied: false, among: [] };
    expect(outcome([])).toEqual({
      counted: { ranked: [], weight: 0, tied: false, counted: [], strayed: [] },
      agreement: 0,
      decisions: [nothing, nothing, nothing, { ...nothing, votes: [] }],
    });
  });

  it('does not depend on the order of participants', () => {
    const shuffled = someVotes.chain((votes) => fc.tuple(fc.constant(votes), fc.shuffledSubarray(votes, { minLength: votes.length }), someOptions));
    fc.assert(
      fc.property(shuffled, ([votes, other, options]) => {
        expect(outcome(other, options)).toEqual(outcome(votes, options));
      }),
    );
  });

  it('does not change with those who only listen', () => {
    fc.assert(
      fc.property(someVotes, someVotes, someOptions, (votes, listeners, options) => {
        const silent = listeners.map((listener) => ({ ...listener, weight: 0 }));
        expect(outcome([...silent, ...votes], options)).toEqual(outcome(votes, options));
      }),
    );
  });

  it('decides the same when all weights grow alike', () => {
    fc.assert(
      fc.property(someVotes, fc.constantFrom(0.001, 1 / 3, 0.7, 3, 1000), (votes, factor) => {
        const [before, after] = [tally(votes), tally(votes.map((one) => ({ ...one, weight: one.weight * factor })))];
        expect(after.ranked.map(({ position, voters }) => ({ position, voters }))).toEqual(before.ranked.map(({ position, voters }) => ({ position, voters })));
        expect(after.tied).toBe(before.tied);
        expect(agreementOf(after)).toBeCloseTo(agreementOf(before), 9);
        for (const decide of [majorityOf, unanimous, weightedWinner]) expect(decide(after)).toEqual(decide(before));
        expect(bestOf(after).position).toBe(bestOf(before).position);
        expect(bestOf(after).tied).toBe(bestOf(before).tied);
      }),
    );
  });

  it('agrees no less when one more agrees, and keeps the majority and the winner it had', () => {
    fc.assert(
      fc.property(someVotes, fc.constantFrom(0.1, 0.3, 1, 2), fc.constantFrom(0, 0.5, 1), (votes, weight, confidence) => {
        const before = tally(votes);
        const leading = before.ranked[0]?.position ?? 'refund';
        const after = tally([...votes, vote('z', leading, weight, confidence)]);
        expect(agreementOf(after)).toBeGreaterThanOrEqual(agreementOf(before) - 1e-12);
        expect(weightedWinner(after).position?.toLowerCase().replaceAll(/\W/g, '')).toBe(leading.toLowerCase().replaceAll(/\W/g, ''));
        const { position } = majorityOf(before);
        if (position === leading) expect(majorityOf(after).among).toHaveLength(1);
        if (position === leading) expect(majorityOf(after).position).not.toBeNull();
      }),
    );
  });

  it('gives shares of a whole, and each vote once', () => {
    fc.assert(
      fc.property(someVotes, someOptions, (votes, options) => {
        const { ranked, weight, counted, strayed } = tally(votes, options);
        const voting = votes.filter((one) => one.weight > 0);
        expect(counted.length + strayed.length).toBe(voting.length);
        expect(ranked.flatMap(({ voters }) => voters)).toHaveLength(counted.length);
        expect(ranked.reduce((sum, standing) => sum + standing.weight, 0)).toBeCloseTo(weight, 9);
        const agreement = agreementOf(tally(votes, options));
        expect(agreement).toBeGreaterThanOrEqual(ranked.length === 0 ? 0 : 1 / ranked.length - 1e-12);
        expect(agreement).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('a decision', () => {
  it('by majority counts heads, not weight, and needs more than half', () => {
    const votes = [vote('a', 'yes'), vote('b', 'yes'), vote('c', 'no', 2)];
    expect(majorityOf(tally(votes))).toEqual({ position: 'yes', tied: false, among: ['yes'] });
    expect(majorityOf(tally([...votes, vote('d', 'maybe')]))).toEqual({ position: null, tied: false, among: ['yes'] });
    expect(majorityOf(tally([...votes, vote('d', 'no')]))).toEqual({ position: null, tied: true, among: ['no', 'yes'] });
  });

  it('by weight takes the heaviest, be it less than half', () => {
    expect(weightedWinner(tally([vote('a', 'yes'), vote('b', 'yes'), vote('c', 'no', 1.5)])).position).toBe('yes');
    expect(weightedWinner(tally([vote('a', 'yes'), vote('b', 'maybe'), vote('c', 'no', 1.5)])).position).toBe('no');
    expect(weightedWinner(tally([vote('a', 'yes'), vote('b', 'yes'), vote('c', 'no', 2)]))).toEqual({ position: null, tied: true, among: ['no', 'yes'] });
  });

  it('is unanimous only when all hold it', () => {
    expect(unanimous(tally([vote('a', 'Yes'), vote('b', 'yes.')])).position).toBe('Yes');
    expect(unanimous(tally([vote('a', 'yes', 2), vote('b', 'yes'), vote('c', 'no', 0.1)]))).toEqual({ position: null, tied: false, among: ['yes'] });
  });

  it('for the best takes the most confident by weight, and says which votes share that place', () => {
    const [sure, heavy, weak] = [vote('a', 'yes', 1, 0.9), vote('b', 'no', 2, 0.6), vote('c', 'maybe', 1, 0.2)];
    expect(bestOf(tally([sure, heavy, weak]))).toEqual({ position: 'no', tied: false, among: ['no'], votes: [heavy] });
    const [same, agreeing] = [vote('d', 'yes', 1.5, 0.8), vote('e', 'No.', 1.2, 1)];
    expect(bestOf(tally([heavy, same, weak]))).toEqual({ position: null, tied: true, among: ['no', 'yes'], votes: [heavy, same] });
    expect(bestOf(tally([heavy, agreeing, weak]))).toMatchObject({ tied: false, votes: [heavy, agreeing] });
  });
});

describe('enough', () => {
  it.each<[Join, answered: number, failed: number, total: number, quorum: number | undefined, said: string]>([
    ['all', 2, 0, 3, undefined, 'wait'],
    ['all', 3, 0, 3, undefined, 'done'],
    ['all', 2, 1, 3, undefined, 'impossible'],
    ['any', 0, 2, 3, undefined, 'wait'],
    ['any', 1, 0, 3, undefined, 'done'],
    ['any', 0, 3, 3, undefined, 'impossible'],
    ['majority', 2, 0, 4, undefined, 'wait'],
    ['majority', 3, 1, 4, undefined, 'done'],
    ['majority', 2, 2, 4, undefined, 'impossible'],
    ['majority', 2, 1, 3, undefined, 'done'],
    ['quorum', 1, 3, 5, 2, 'wait'],
    ['quorum', 2, 0, 5, 2, 'done'],
    ['quorum', 1, 4, 5, 2, 'impossible'],
  ])('for %s with %i answers and %i failures of %i (quorum %s) says %s', (join, answered, failed, total, quorum, said) => {
    expect(enough(join, { answered, failed, total, quorum })).toBe(said);
  });

  it('never goes back, whatever comes in, and is over when all ended', () => {
    const progress = fc.integer({ min: 1, max: 12 }).chain((total) =>
      fc.record({
        join: fc.constantFrom(...JOINS),
        quorum: fc.integer({ min: 1, max: total }),
        ends: fc.array(fc.boolean(), { minLength: total, maxLength: total }),
      }),
    );
    fc.assert(
      fc.property(progress, ({ join, quorum, ends }) => {
        const said = ends.map((_, index) => {
          const answered = ends.slice(0, index + 1).filter(Boolean).length;
          return enough(join, { answered, failed: index + 1 - answered, total: ends.length, quorum });
        });
        const [first = 'wait'] = said.filter((word) => word !== 'wait');
        expect(first).not.toBe('wait');
        expect(said.slice(said.indexOf(first)).every((word) => word === first)).toBe(true);
      }),
    );
  });

  it('asks for no fewer when the quorum is higher', () => {
    const order = { done: 0, wait: 1, impossible: 2 };
    fc.assert(
      fc.property(fc.nat(10), fc.nat(10), fc.nat(10), fc.integer({ min: 1, max: 20 }), (answered, failed, rest, quorum) => {
        const progress = { answered, failed, total: answered + failed + rest };
        expect(order[enough('quorum', { ...progress, quorum: quorum + 1 })]).toBeGreaterThanOrEqual(order[enough('quorum', { ...progress, quorum })]);
      }),
    );
  });
});

describe('what becomes of a draft', () => {
  const found = (severity: Severity, iteration = 1, location = '', check = 'facts'): DraftFinding => ({ check, severity, location, iteration });

  it.each<[worst: Severity | null, left: string, last: string]>([
    ['critical', 'revise', 'escalate'],
    ['high', 'revise', 'reject'],
    ['medium', 'revise', 'approve_with_notes'],
    ['low', 'approve_with_notes', 'approve_with_notes'],
    ['info', 'approve_with_notes', 'approve_with_notes'],
    [null, 'approve', 'approve'],
  ])('with %s at the worst is %s while drafts are left, then %s', (worst, left, last) => {
    const findings = worst === null ? [] : [found('info'), found(worst), found('info')];
    expect(verificationAction(findings, { iteration: 1, iterations: 3 }).action).toBe(left);
    expect(verificationAction(findings, { iteration: 1, iterations: 1 }).action).toBe(last);
  });

  it('is scored by penalties, shared out among what was checked, never below 0', () => {
    const of = (findings: readonly DraftFinding[], checks?: number) =>
      verificationAction(findings, { iteration: 1, iterations: 1, ...(checks && { checks }) }).score;
    expect(SEVERITIES.map((severity) => Number(of([found(severity)]).toFixed(9)))).toEqual([0, 0.3, 0.6, 0.8, 0.9]);
    expect(of([found('high'), found('medium')])).toBe(0);
    expect(of([found('high'), found('low')], 9)).toBeCloseTo(0.9, 12);
    expect(of([])).toBe(1);
  });

  it('does not depend on what earlier drafts had', () => {
    const mended = [found('critical', 1), found('high', 2)];
    expect(verificationAction(mended, { iteration: 3, iterations: 3 })).toEqual({ action: 'approve', score: 1 });
    expect(verificationAction([...mended, found('low', 3)], { iteration: 3, iterations: 3 })).toEqual({ action: 'approve_with_notes', score: 0.8 });
  });

  it('counts what several verifiers found by the same check in the same words once, at its worst', () => {
    const twice = [found('medium', 1, 'within 60 days'), found('low', 1, 'Within 60 days.'), found('low', 1, 'within 60 days', 'policy')];
    expect(verificationAction(twice, { iteration: 1, iterations: 2 })).toEqual({ action: 'revise', score: expect.closeTo(0.4, 9) });
    expect(verificationAction([found('low'), found('low')], { iteration: 1, iterations: 2 }).score).toBeCloseTo(0.6, 9);
  });

  it('is the same in any order, and one more finding never makes it better', () => {
    const order = ['approve', 'approve_with_notes', 'revise', 'reject', 'escalate'];
    const some = fc.record({
      check: fc.constantFrom('facts', 'tone'),
      severity: fc.constantFrom(...SEVERITIES),
      location: fc.constantFrom('', 'here', 'there'),
      iteration: fc.constantFrom(1, 2),
    });
    const case_ = fc.array(some, { maxLength: 8 }).chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }), some));
    fc.assert(
      fc.property(case_, fc.constantFrom(1, 2), fc.constantFrom(2, 3), ([findings, other, more], iteration, iterations) => {
        const before = verificationAction(findings, { iteration, iterations });
        expect(verificationAction(other, { iteration, iterations })).toEqual(before);
        const after = verificationAction([...findings, more], { iteration, iterations });
        expect(order.indexOf(after.action)).toBeGreaterThanOrEqual(order.indexOf(before.action));
        expect(after.score).toBeLessThanOrEqual(before.score + 1e-12);
      }),
    );
  });
});
