/** Questions put together by what they share: made up here, so that each case is plain. */
import { describe, expect, it } from 'vitest';
import { clusterQuestions, trigramSimilarity, type AskedQuestion } from '../../src/knowledge/cluster.ts';
import { findFaqs, titleOf } from '../../src/knowledge/faq.ts';
import { findGaps } from '../../src/knowledge/gaps.ts';
import { mergeSuggestions } from '../../src/knowledge/suggestions.ts';
import { synthesize } from '../../src/knowledge/synthesize.ts';
import type { KnowledgeHit } from '../../src/knowledge/knowledge.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const signal = new AbortController().signal;
/** Words that articles know count little. */
const COMMON = new Set(['project', 'page', 'team', 'board', 'show']);
const weightOf = (stem: string): number => (COMMON.has(stem) ? 1 : 5);

let made = 0;
function ask(text: string, change: Partial<AskedQuestion> = {}): AskedQuestion {
  made += 1;
  const id = `srch_${String(made).padStart(4, '0')}`;
  return { id, text, stems: text.toLowerCase().split(' '), asker: id, similarity: 0.1, at: NOW, ...change };
}
const cluster = (questions: readonly AskedQuestion[]) => clusterQuestions(questions, weightOf, signal);

describe('clusters', () => {
  it('put together what shares a telling word, in whatever order it comes', async () => {
    const questions = ['horoscope project', 'horoscope team', 'page horoscope', 'embargo board', 'embargo project', 'team show'].map((text) => ask(text));
    for (const order of [questions, questions.toReversed()]) {
      const found = (await cluster(order)).map(({ questions: members }) => members.map(({ text }) => text).toSorted());
      expect(found.slice(0, 2)).toEqual([
        ['horoscope project', 'horoscope team', 'page horoscope'],
        ['embargo board', 'embargo project'],
      ]);
    }
  });

  it('do not form around words that every article has', async () => {
    expect(await cluster([ask('project lemon'), ask('project ukulele'), ask('project embargo')])).toHaveLength(3);
  });

  it('take a misspelt word for the one it resembles', async () => {
    expect(trigramSimilarity('horoscop', 'horoskop')).toBeGreaterThanOrEqual(0.5);
    const [first] = await cluster([ask('horoscop project'), ask('horoscop team'), ask('horoskop')]);
    expect(first?.askers).toBe(3);
    expect(first?.stems[0]).toBe('horoscop');
  });

  it('take the same answer for a hint, and no more', async () => {
    const same = { articleId: 'art_1' };
    expect(await cluster([ask('lemon team', same), ask('lime team', same)])).toHaveLength(2);
    const [only, ...others] = await cluster([ask('ukulele reset lemon', same), ask('ukulele forgotten', same)]);
    expect(others).toEqual([]);
    expect(only?.stems).not.toContain('@art_1');
  });

  it('count askers, not questions', async () => {
    const [only] = await cluster(Array.from({ length: 7 }, () => ask('horoscope', { asker: 'conv_1' })));
    expect(only).toMatchObject({ askers: 1 });
    expect(only?.questions).toHaveLength(7);
  });

  it('end when they are told to', async () => {
    const stopped = AbortSignal.abort(new Error('enough'));
    await expect(clusterQuestions([ask('horoscope')], weightOf, stopped)).rejects.toThrow();
  });
});

describe('gaps', () => {
  const asked = (count: number, similarity: number, at = NOW) => cluster(Array.from({ length: count }, () => ask('horoscope', { similarity, at })));

  it('are topics that at least five asked and most found nothing for', async () => {
    expect(findGaps(await asked(4, 0), NOW)).toEqual([]);
    expect(findGaps(await asked(5, 0), NOW)).toHaveLength(1);
    expect(findGaps(await asked(50, 0.5), NOW)).toEqual([]);
    expect(
      findGaps(
        await cluster([...Array.from({ length: 5 }, () => ask('horoscope')), ...Array.from({ length: 6 }, () => ask('horoscope', { similarity: 0.9 }))]),
        NOW,
      ),
    ).toEqual([]);
  });

  it('press more the more asked, the less was found and the later it was, from 0 to 100', async () => {
    const [few, many, matched, old] = await Promise.all([asked(5, 0), asked(40, 0), asked(5, 0.35), asked(5, 0, new Date('2026-10-25'))]);
    const priority = (clusters: typeof few): number => findGaps(clusters, NOW)[0]?.priority ?? -1;
    expect(priority(many)).toBe(100);
    expect(priority(few)).toBeLessThan(100);
    expect(priority(matched)).toBeLessThan(priority(few));
    expect(priority(old)).toBe(priority(few) - 20);
  });
});

function hit(slug: string, similarity: number, text = `Words about ${slug}.`): KnowledgeHit {
  return { articleId: `art_${slug}`, slug, title: `About ${slug}`, category: 'usage', section: 'Do it', text, similarity, score: similarity };
}

describe('the synthesis', () => {
  it('quotes up to five articles, cites each, and names the sources', () => {
    const { text, sources, confidence } = synthesize(['a', 'b', 'c', 'd', 'e', 'f'].map((slug, index) => hit(slug, 0.9 - index / 100)));
    expect(sources.map(({ slug }) => slug)).toEqual(['a', 'b', 'c', 'd', 'e']);
    for (const [index, { title, text: passage }] of sources.entries()) {
      expect(text).toContain(`**Do it** [${index + 1}]\n\n${passage}`);
      expect(text).toContain(`[${index + 1}] ${title}`);
    }
    expect(confidence).toBeGreaterThan(0.7);
  });

  it('leaves out what fits much less, and trusts a thin match little', () => {
    const { sources } = synthesize([hit('a', 0.9), hit('b', 0.4)]);
    expect(sources.map(({ slug }) => slug)).toEqual(['a']);
    expect(synthesize([hit('a', 0.3)]).confidence).toBeLessThan(0.4);
  });

  it('is empty and trusted with 0 when nothing was found', () => {
    expect(synthesize([])).toEqual({ text: '', sources: [], confidence: 0 });
  });
});

describe('FAQ entries', () => {
  it('are made of what at least ten asked and the articles answer well', async () => {
    const nine = await cluster(Array.from({ length: 9 }, () => ask('how horoscope')));
    const ten = await cluster(Array.from({ length: 10 }, () => ask('how horoscope')));
    const answer = async () => synthesize([hit('horoscope', 0.9)]);
    expect(await findFaqs(nine, answer)).toEqual([]);
    expect(await findFaqs(ten, async () => synthesize([]))).toEqual([]);
    expect(await findFaqs(ten, answer)).toMatchObject([
      { title: 'How horoscope?', articleId: 'art_horoscope', draft: expect.stringContaining('Sources: [1]') },
    ]);
  });

  it.each([
    ['hi there, how do i get a refund??', 'How do i get a refund?'],
    ['  refund\n please ', 'Refund please'],
    ['Hello team! where are my invoices', 'Where are my invoices?'],
    ['hi', 'Hi'],
    [`how ${'very '.repeat(60)}long`, `How ${'very '.repeat(22)}very…`],
  ])('name "%s"', (question, title) => {
    expect(titleOf(question)).toBe(title);
  });
});

describe('suggestions', () => {
  it('name a topic once, keep its key from round to round, and put the most pressing first', async () => {
    const [topic] = await cluster(Array.from({ length: 12 }, (_, index) => ask(index % 2 ? 'zodiac horoscope' : 'zodiac horoscope project')));
    if (!topic) throw new Error('no cluster');
    const gap = { cluster: topic, priority: 60, reason: 'Many.' };
    const faq = { cluster: topic, title: 'T', draft: 'D', articleId: null, priority: 90, reason: 'Many.' };
    const stale = { articleId: 'art_1', slug: 'sharing', title: 'Sharing', reasons: ['Old.'], priority: 70, effort: 'small' as const };
    const merged = mergeSuggestions({ gaps: [gap], faqs: [faq], stale: [stale] }, [{ kind: 'gap', topic: 'horoscope star zodiac' }]);
    expect(merged.map(({ kind, topic: key }) => [kind, key])).toEqual([
      ['outdated', 'sharing'],
      ['gap', 'horoscope star zodiac'],
    ]);
    expect(merged[0]?.reason).toBe('Old. The effort is small.');
  });
});
