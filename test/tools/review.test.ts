/** The nine checks of drafts, on real rows and articles: what they find, what they leave alone, and how often they are right on labelled drafts. */
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../src/foundation/errors.ts';
import { seedArticles } from '../../src/knowledge/articles.ts';
import type { Reviewed } from '../../src/orchestration/tool.ts';
import { Finding } from '../../src/orchestration/verdict.ts';
import { readCitations } from '../../src/tools/check-citations.ts';
import { readClaims } from '../../src/tools/check-claims.ts';
import { readCode } from '../../src/tools/check-code.ts';
import { readCompleteness } from '../../src/tools/check-completeness.ts';
import { readFacts } from '../../src/tools/check-facts.ts';
import { readLinks } from '../../src/tools/check-links.ts';
import { readPromises } from '../../src/tools/check-policy.ts';
import { readSensitivity } from '../../src/tools/check-sensitivity.ts';
import { readTone } from '../../src/tools/check-tone.ts';
import { readOwnFacts, type OwnFacts } from '../../src/tools/own-facts.ts';
import { scoreOf, type Reading } from '../../src/tools/review.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { measureQa, QA_TOOLS, readDrafts } from '../eval/qa.ts';
import { addContact, addCustomer, addInvoice, addPayment, addSubscription, NOW, openToolbox, type Toolbox } from './fixtures.ts';
import { TABLES } from './review-tables.ts';

const ARTICLES = fileURLToPath(new URL('../../prisma/knowledge', import.meta.url));
const Facts = z.strictObject({ findings: z.array(Finding), score: z.number().min(0).max(1) });

let toolbox: Toolbox;
let customerId: string;
let own: OwnFacts;

beforeAll(async () => {
  toolbox = await openToolbox();
  const { database } = toolbox;
  await seedArticles(database, ARTICLES, NOW);
  const customer = await addCustomer(database, { email: 'dana@northwind.example' });
  customerId = customer.id;
  await addSubscription(database, customerId);
  await addContact(database, customerId);
  const invoice = await addInvoice(database, customerId, { number: 'INV-2026-00001' });
  await addPayment(database, customerId, { invoiceId: invoice.id });
  own = await readOwnFacts(database, customerId, NOW);
});

afterAll(() => toolbox.close());

async function check(tool: string, reviewed: Reviewed) {
  const { summary, facts } = await toolbox.call(tool, customerId, reviewed);
  return { summary, ...Facts.parse(facts) };
}

describe('the checks of a draft', () => {
  it('let a number pass that the tools of its writer gave for the same thing, and for nothing else', async () => {
    const of = async (answer: string) => {
      const grounds = ['The payment of $585.00 was made 126 days ago, and the guarantee for a payment ends after 30 days.'];
      const { facts } = await toolbox.call('check_facts', customerId, {}, { reviewed: { question: 'Can I have a refund?', answer, grounds } });
      return Facts.parse(facts).findings.map(({ location }) => location);
    };
    expect(await of('A refund is possible within 30 days; your payment was made 126 days ago.')).toEqual([]);
    expect(await of('The guarantee gives you 126 days to ask for a refund after you paid.')).toEqual(['126 days']);
    expect(await of('The guarantee gives you 90 days to ask for a refund after you paid.')).toEqual(['90 days']);
  });

  it.each(
    Object.entries(TABLES).flatMap(([tool, { finds }]) =>
      finds.map(([question, answer, severity, finding]) => [tool, answer, question, severity, finding] as const),
    ),
  )('%s finds what is wrong in %j', async (tool, answer, question, severity, finding) => {
    const { findings, score, summary } = await check(tool, { question: question === '' && tool === 'check_completeness' ? 'What now?' : question, answer });
    expect(findings).toContainEqual(expect.objectContaining({ severity, finding: expect.stringMatching(finding) }));
    for (const { location } of findings) expect(answer).toContain(location);
    expect(score).toBeLessThan(1);
    expect(summary).toContain('finding');
  });

  it.each(Object.entries(TABLES).flatMap(([tool, { leaves }]) => leaves.map(([question, answer]) => [tool, answer, question] as const)))(
    '%s leaves %j alone',
    async (tool, answer, question) => {
      const { findings } = await check(tool, { question, answer });
      expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    },
  );

  it('read the draft under review when none is given, and say what is missing when there is none', async () => {
    const tool = toolbox.tools.get('check_tone');
    if (!tool) throw new Error('the tool is gone');
    const context = { customerId, conversationId: null, runId: 'run_x', agentId: 'tone_checker', callId: 'call_x', said: 'Check it', earlier: [], now: NOW };
    const reviewed = { question: 'How do I share a board?', answer: 'You should have read the article.' };
    const signal = AbortSignal.timeout(10_000);
    expect(tool.infer({ text: 'Check it', earlier: [], reviewed })).toEqual({});
    expect(tool.infer({ text: 'Check it', earlier: [] })).toBeNull();
    expect(Facts.parse((await tool.call({}, {}, { ...context, reviewed }, signal)).facts).findings).toMatchObject([
      { check: 'tone', severity: 'high', location: 'You should have read' },
    ]);
    expect(Facts.parse((await tool.call({ answer: 'Open the settings.' }, {}, { ...context, reviewed }, signal)).facts).findings).toEqual([]);
    for (const name of QA_TOOLS)
      await expect(toolbox.call(name, customerId, {})).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('"answer"') });
    const noQuestion = await toolbox.call('check_completeness', customerId, { answer: 'Open it.' }).catch((error: unknown) => error);
    expect(noQuestion).toBeInstanceOf(AppError);
    expect(noQuestion).toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('"question"') });
  });

  it('tell worst first, and a score that falls with what is found', async () => {
    const { findings, score, summary } = await check('check_policy', {
      question: '',
      answer: 'We will always be there. Please send me your password. Refunds are possible within 45 days.',
    });
    expect(findings.map(({ severity }) => severity)).toEqual(['critical', 'high', 'medium']);
    expect(summary).toMatch(/^I checked promises, terms, prices and conditions and have 3 findings:\n\n- critical: /);
    expect(score).toBeLessThan((await check('check_policy', { question: '', answer: 'We will always be there.' })).score);
    expect(await check('check_policy', { question: '', answer: 'Open the settings.' })).toEqual({
      summary: 'I checked promises, terms, prices and conditions and found nothing to mend.',
      findings: [],
      score: 1,
    });
    expect(scoreOf({ findings, checked: 1 })).toBe(0);
    expect(scoreOf({ findings, checked: 10 })).toBe(0.79);
  });

  it('never repeat a secret they find', async () => {
    const secret = 'lwk_9fK2mQ7xT4vB8nR1zL5wY3cH6jD0';
    for (const [tool, answer] of [
      ['check_code', `\`\`\`js\nconst key = '${secret}';\n\`\`\``],
      ['check_policy', `Your key is ${secret}, keep it.`],
    ] as const) {
      const told = await check(tool, { question: '', answer });
      expect(told.findings).toContainEqual(expect.objectContaining({ severity: 'critical' }));
      expect(JSON.stringify(told)).not.toContain(secret.slice(4, 20));
    }
  });

  it('know of a deed that was done', async () => {
    const { database } = toolbox;
    const other = await addCustomer(database);
    const said = { question: '', answer: 'I have opened a ticket for you.' };
    const before = Facts.parse((await toolbox.call('check_claims', other.id, said)).facts);
    expect(before.findings).toMatchObject([{ check: 'deed' }]);
    await database.ticket.create({
      data: { id: 'tic_check', kind: 'request', customerId: other.id, title: 'A wish', description: 'A wish', severity: 'low', createdAt: NOW, updatedAt: NOW },
    });
    expect(Facts.parse((await toolbox.call('check_claims', other.id, said)).facts).findings).toEqual([]);
  });

  it('would send back hardly any of the help articles, which are what the house says itself', async () => {
    const articles = await toolbox.database.knowledgeArticle.findMany({ select: { slug: true, title: true, body: true } });
    expect(articles.length).toBeGreaterThan(200);
    const policy = policyFrom(new Map());
    const sentBack = articles.flatMap((article) => {
      const reviewed = { question: article.title, answer: article.body };
      const truth = { policy, own, sources: [article], now: NOW };
      const readings = [
        readFacts(reviewed, truth),
        readPromises(reviewed, truth),
        readTone(reviewed),
        readCode(reviewed),
        readLinks(reviewed, policy.linkHosts),
        readSensitivity(reviewed),
        readClaims(reviewed, truth),
      ];
      return readings.flatMap(({ findings }) =>
        findings.filter(({ severity }) => severity !== 'info' && severity !== 'low').map(({ finding }) => `${article.slug}: ${finding}`),
      );
    });
    expect(sentBack.slice(2)).toEqual([]);
  });

  it('are right on most labelled drafts', async () => {
    expect(readDrafts().length).toBeGreaterThanOrEqual(100);
    const dev = await measureQa('dev', async (tool, reviewed) => (await check(tool, reviewed)).findings);
    expect(dev.leftAlone).toBeGreaterThanOrEqual(0.9);
    expect(dev.seen).toBeGreaterThanOrEqual(0.95);
    expect(dev.precision).toBeGreaterThanOrEqual(0.9);
    const test = await measureQa('test', async (tool, reviewed) => (await check(tool, reviewed)).findings);
    expect(test.leftAlone).toBeGreaterThanOrEqual(0.85);
    expect(test.seen).toBeGreaterThanOrEqual(0.9);
    expect(test.precision).toBeGreaterThanOrEqual(0.8);
  });
});

/** Pieces that make the readers work: marks, sums, dates, fences, links, other scripts, halves of characters. */
const PIECES = [
  '```',
  '```js\n',
  '`',
  '"',
  '“',
  "'",
  '[1]',
  '[',
  ']',
  '(',
  ')',
  '](',
  'https://',
  'http://a.b',
  'www.',
  '$25',
  '$1,000.00',
  '30 days',
  '5 to 10 business days',
  '20%',
  'Premium',
  'Free:',
  'not',
  'never',
  'refund',
  'discount',
  'we guarantee',
  'INV-2026-1',
  '#12',
  '3 May 2026',
  '2026-02-31',
  '!',
  '?!',
  '...',
  '\n',
  '\n\n',
  '> ',
  '- ',
  'Sources:',
  '[1] Title',
  '{',
  '}',
  '\\',
  '/',
  '*',
  'You are on the',
  'seats',
  '= 5',
  ' x ',
  '2',
  'ß',
  '日本',
  '😀',
  '\ud83d',
  '\u0000',
  'e.g.',
  'idiot',
  'rm -rf /',
  'SELECT',
  '=',
  'lwk_9fK2mQ7xT4vB8nR1zL5wY3cH6jD0',
];

describe('any text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.array(fc.constantFrom(...PIECES, ' '), { maxLength: 60 }).map((pieces) => pieces.join('')),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join(' ')),
  );

  it('is read by every check without an error, and what is found stands in it', () => {
    const policy = policyFrom(new Map());
    const sources = [
      { slug: 'refunds-and-guarantee', title: 'Refunds', body: 'A payment is refunded within 30 days.\n\n## More\n\nIt takes 5 to 10 business days.' },
    ];
    const readers: readonly ((reviewed: Reviewed) => Reading)[] = [
      (reviewed) => readFacts(reviewed, { policy, own, sources }),
      (reviewed) => readPromises(reviewed, { policy, own }),
      readTone,
      readCompleteness,
      readCode,
      (reviewed) => readLinks(reviewed, policy.linkHosts),
      readSensitivity,
      (reviewed) => readClaims(reviewed, { policy, own, sources, now: NOW }),
      (reviewed) => readCitations(reviewed, { near: sources, named: sources }),
    ];
    fc.assert(
      fc.property(text, text, (question, answer) => {
        for (const read of readers) {
          const reading = read({ question, answer });
          for (const finding of reading.findings) {
            Finding.parse(finding);
            expect(answer).toContain(finding.location);
          }
          const score = scoreOf(reading);
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('of the longest kind is read in little more than a moment', () => {
    const policy = policyFrom(new Map());
    for (const piece of [
      'a ',
      '(',
      '[',
      '[1](',
      '"',
      '$1 ',
      '30 days ',
      'not ',
      'https://',
      '> ',
      '`',
      '```\n',
      'a.',
      '{{',
      '- a\n',
      'x = 1 ',
      'You have ',
      '1,',
      'we will ',
      '-e ',
      'rm -r ',
      'Premium ',
      '\\',
      '/* ',
    ]) {
      const reviewed = { question: piece.repeat(10_000 / piece.length), answer: piece.repeat(40_000 / piece.length) };
      const readings = [
        readFacts(reviewed, { policy, own, sources: [] }),
        readPromises(reviewed, { policy, own }),
        readTone(reviewed),
        readCompleteness(reviewed),
        readCode(reviewed),
        readLinks(reviewed, policy.linkHosts),
        readSensitivity(reviewed),
        readClaims(reviewed, { policy, own, sources: [], now: NOW }),
        readCitations(reviewed, { near: [], named: [] }),
      ];
      expect(readings).toHaveLength(9);
    }
  });
});
