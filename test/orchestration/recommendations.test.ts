/** What participants recommend in words of their own: what is the same, what is not, and that nobody's advice is lost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Vote } from '../../src/orchestration/agreement.ts';
import { consensusOf, mergeRecommendations } from '../../src/orchestration/recommendations.ts';

const advice = (agentId: string, recommendations: readonly string[], weight = 1): Vote => ({
  agentId,
  weight,
  verdict: { position: 'x', confidence: 0.5, recommendations: [...recommendations] },
});

describe('two recommendations', () => {
  it.each([
    ['Refund the duplicate charge.', 'Please refund the duplicated charges'],
    ['Open a ticket with the request id', 'We should open a ticket that has the request id.'],
    ['Offer 10% for three months', 'Offer 10% for 3 months.'],
    ['Turn on two-factor for all owners', 'Turn on two-factor for every owner'],
    ['Do not promise a date', "Don't promise any date"],
    ['Never share the key', 'Do not share the key'],
    ['Offer a discount of 20% for yearly billing', 'Offer a discount for yearly billing'],
    ['Für alle Nutzer SSO erzwingen', 'SSO für alle Nutzer erzwingen!'],
  ])('are the same: %j and %j', (one, other) => {
    const { shared, dissent, agreement } = consensusOf([advice('a', [one]), advice('b', [other])]);
    expect(shared.map(({ supporters }) => supporters)).toEqual([['a', 'b']]);
    expect(dissent).toEqual([]);
    expect(agreement).toBe(1);
  });

  it.each([
    ['Refund the customer', 'Do not refund the customer'],
    ['Refund the payment in full', 'Refuse the refund of the payment in full'],
    ['Offer 10% off the yearly plan', 'Offer 20% off the yearly plan'],
    ['Offer two free months of the plan', 'Offer three free months of the plan'],
    ['Upgrade the workspace to the Business plan', 'Downgrade the workspace to the Business plan'],
    ['Enable the webhook endpoint for the workspace', 'Disable the webhook endpoint for the workspace'],
    ['Send the invoice before the export is made', 'Send the invoice after the export is made'],
    ['Increase the seats of the team', 'Reduce the seats of the team'],
    ['Rotate the leaked key', 'Review the audit log of last week'],
    ['', '?'],
    ['退款', '拒绝'],
  ])('are two: %j and %j', (one, other) => {
    const { shared, dissent, agreement } = consensusOf([advice('a', [one]), advice('b', [other])]);
    expect(shared).toEqual([]);
    expect(dissent).toHaveLength(2);
    expect(agreement).toBe(0.5);
  });
});

describe('a consensus', () => {
  const votes = [
    advice('security', ['Rotate the leaked API key today.', 'Review the audit log of last week'], 2),
    advice('audit', ['Review the audit log for last week.', 'rotate the leaked API key today']),
    advice('api', ['Rotate the leaked API keys', 'Move the nightly job to webhooks']),
    advice('listener', ['Do nothing'], 0),
  ];

  it('names who supports what, keeps what a minority holds, and measures how much is shared', () => {
    expect(consensusOf(votes)).toEqual({
      shared: [
        { text: 'Rotate the leaked API key today.', supporters: ['api', 'audit', 'security'], weight: 4, share: 1 },
        { text: 'Review the audit log of last week', supporters: ['audit', 'security'], weight: 3, share: 0.75 },
      ],
      dissent: [{ text: 'Move the nightly job to webhooks', supporters: ['api'], weight: 1, share: 0.25 }],
      agreement: expect.closeTo(2 / 3, 12),
    });
    expect(mergeRecommendations(votes)).toEqual(['Rotate the leaked API key today.', 'Review the audit log of last week', 'Move the nightly job to webhooks']);
  });

  it('is no consensus of one, however heavy, unless there is only one', () => {
    const alone = advice('heavy', ['Offer a refund'], 2);
    expect(consensusOf([alone]).shared).toHaveLength(1);
    const { shared, dissent } = consensusOf([alone, advice('light', ['Close the ticket'], 0.5)]);
    expect(shared).toEqual([]);
    expect(dissent.map(({ text, share }) => ({ text, share }))).toEqual([
      { text: 'Offer a refund', share: 0.8 },
      { text: 'Close the ticket', share: 0.2 },
    ]);
  });

  it('counts one who says a thing twice once', () => {
    const { shared, dissent } = consensusOf([advice('a', ['Refund the charge', 'Refund the charges.', 'refund the charge!']), advice('b', ['Wait'])]);
    expect(shared).toEqual([]);
    expect(dissent).toEqual([
      { text: 'Refund the charge', supporters: ['a'], weight: 1, share: 0.5 },
      { text: 'Wait', supporters: ['b'], weight: 1, share: 0.5 },
    ]);
  });

  it('does not join a chain of small changes', () => {
    const chain = ['alpha bravo charlie delta', 'bravo charlie delta echo', 'charlie delta echo foxtrot', 'delta echo foxtrot golf', 'echo foxtrot golf hotel'];
    const merged = mergeRecommendations(chain.map((text, index) => advice(`agent_${index}`, [text])));
    expect(merged.length).toBeGreaterThan(1);
    expect(merged).toContain('alpha bravo charlie delta');
    expect(merged.some((text) => text.includes('golf'))).toBe(true);
  });

  it('of nobody, or of those who recommend nothing, disputes nothing', () => {
    const nothing = { shared: [], dissent: [], agreement: 1 };
    expect(consensusOf([])).toEqual(nothing);
    expect(consensusOf([advice('a', []), advice('b', [])])).toEqual(nothing);
  });
});

const phrases = [
  'Refund the charge',
  'refund the charges.',
  'Do not refund the charge',
  'Offer 10% off the yearly plan',
  'Offer 20% off the yearly plan',
  'Offer a discount off the yearly plan',
  'Open a ticket',
  'Open a ticket for the crash',
  'the',
];
const someVote = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    fc.array(fc.oneof(fc.constantFrom(...phrases), fc.string({ maxLength: 12 })), { maxLength: 5 }),
    fc.constantFrom(0, 0.1, 0.2, 0.3, 1, 2),
  )
  .map(([agentId, recommendations, weight]) => advice(agentId, recommendations, weight));
const someVotes = fc.array(someVote, { maxLength: 8 });
const withoutSums = (votes: readonly Vote[]) => {
  const { shared, dissent } = consensusOf(votes);
  return { shared: shared.map(({ text, supporters }) => ({ text, supporters })), dissent: dissent.map(({ text, supporters }) => ({ text, supporters })) };
};

describe('any recommendations', () => {
  it('give the same in any order of participants and of what each says', () => {
    const shuffled = someVotes.chain((votes) => fc.tuple(fc.constant(votes), fc.shuffledSubarray(votes, { minLength: votes.length })));
    fc.assert(
      fc.property(shuffled, ([votes, other]) => {
        const turned = other.map((vote) => ({ ...vote, verdict: { ...vote.verdict, recommendations: vote.verdict.recommendations.toReversed() } }));
        expect(consensusOf(other)).toEqual(consensusOf(votes));
        expect(withoutSums(turned)).toEqual(withoutSums(votes));
      }),
    );
  });

  it('give the same with more listeners and with all weights grown alike', () => {
    fc.assert(
      fc.property(someVotes, someVote, fc.constantFrom(1 / 3, 0.7, 1000), (votes, listener, factor) => {
        expect(consensusOf([...votes, { ...listener, weight: 0 }])).toEqual(consensusOf(votes));
        const grown = votes.map((vote) => ({ ...vote, weight: vote.weight * factor }));
        expect(withoutSums(grown)).toEqual(withoutSums(votes));
        expect(consensusOf(grown).agreement).toBeCloseTo(consensusOf(votes).agreement, 9);
      }),
    );
  });

  it('agree no less when one more supports all of them', () => {
    fc.assert(
      fc.property(someVotes, fc.constantFrom(0.1, 1, 2), (votes, weight) => {
        const before = consensusOf(votes);
        const after = consensusOf([...votes, advice('z', mergeRecommendations(votes), weight)]);
        expect(after.agreement).toBeGreaterThanOrEqual(before.agreement - 1e-9);
      }),
    );
  });

  it('lose nobody: whoever recommends something supports something, with a share of the whole', () => {
    fc.assert(
      fc.property(someVotes, (votes) => {
        const { shared, dissent } = consensusOf(votes);
        const speaking = votes.filter((vote) => vote.weight > 0 && vote.verdict.recommendations.length > 0).map(({ agentId }) => agentId);
        const named = [...shared, ...dissent].flatMap(({ supporters }) => supporters);
        expect(new Set(named)).toEqual(new Set(speaking));
        for (const { share } of [...shared, ...dissent]) expect(share > 0 && share <= 1).toBe(true);
        expect(mergeRecommendations(votes)).toHaveLength(new Set(mergeRecommendations(votes)).size);
      }),
    );
  });
});
