/**
 * `list_features`: the features by level with what the customer's plan contains, or one feature with the smallest thing to try and
 * the article that teaches it. Counts no use: find-feature-use.ts does.
 */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { FEATURES, type Feature } from '../store/feature.ts';
import type { Plan } from '../store/generated/prisma/client.ts';
import { Plan as PLANS } from '../store/generated/prisma/enums.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { FEATURE_WORDS, LEVELS, readFeature, type Level } from './feature-table.ts';
import { plain } from './reading.ts';
import { isAboutFeatures, isAboutFeatureUse } from './topics-usage.ts';
import { capitalise, paragraphs, sentences, writeBullets, writeList } from './words.ts';

const Input = z.strictObject({
  feature: z.enum(FEATURES).optional().describe('Only this feature, in more detail.'),
  level: z.enum(LEVELS).optional().describe('Only features of this level.'),
});
type Input = z.infer<typeof Input>;

const LEVEL_TITLES: Readonly<Record<Level, string>> = {
  beginner: 'To begin with',
  intermediate: 'For the second week',
  advanced: 'For those who know the rest',
};

export function listFeatures(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'list_features',
    description:
      "Lists what the product can do, by level, and marks what the customer's plan does not contain; with a feature named, what it is for, the smallest thing to try and the article that teaches it. Use it to teach or to propose features.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    // What they leave unused is find_feature_use's to say.
    infer: ({ text }) => (isAboutFeatures(text) && !isAboutFeatureUse(text) ? inferInput(text) : null),
    async run({ feature, level }, _grant, { customerId }) {
      const [customer, policy, articles] = await Promise.all([
        database.customer.findUnique({ where: { id: customerId }, select: { plan: true } }),
        readPolicy(database),
        database.knowledgeArticle.findMany({
          where: { slug: { in: FEATURES.map((one) => FEATURE_WORDS[one].article) } },
          select: { slug: true, title: true },
        }),
      ]);
      if (!customer) throw notFound('customer');
      const titles = new Map(articles.map(({ slug, title }) => [slug, title]));
      const chosen = FEATURES.filter((one) => (feature === undefined || one === feature) && (level === undefined || FEATURE_WORDS[one].level === level));
      return {
        summary: feature ? oneFeature(feature, customer.plan, policy, titles) : allFeatures(chosen, customer.plan, policy),
        facts: {
          plan: customer.plan,
          features: chosen.map((one) => {
            const { name, level: its, purpose, first, article } = FEATURE_WORDS[one];
            return {
              feature: one,
              name,
              level: its,
              purpose,
              first,
              fromPlan: policy.featurePlans[one],
              available: hasFeature(policy, customer.plan, one),
              article: titles.has(article) ? article : null,
            };
          }),
        },
      };
    },
  });
}

/** True when the plan contains the feature. */
export function hasFeature({ featurePlans }: Policy, plan: Plan, feature: Feature): boolean {
  const order = Object.values(PLANS);
  return order.indexOf(plan) >= order.indexOf(featurePlans[feature]);
}

function inferInput(text: string): Input {
  const feature = readFeature(text);
  if (feature) return { feature };
  const said = plain(text);
  if (/\badvanced\b|\bpower users?\b/.test(said)) return { level: 'advanced' };
  return /\b(?:beginners?|basics|simple|newcomers?)\b/.test(said) ? { level: 'beginner' } : {};
}

function oneFeature(feature: Feature, plan: Plan, policy: Policy, titles: ReadonlyMap<string, string>): string {
  const { name, level, purpose, first, article } = FEATURE_WORDS[feature];
  const title = titles.get(article);
  return sentences(
    `**${name}** (${level} level) ${plural(name) ? 'are' : 'is'} there to ${purpose}.`,
    hasFeature(policy, plan, feature)
      ? `Your ${capitalise(plan)} plan contains ${plural(name) ? 'them' : 'it'}.`
      : `Your ${capitalise(plan)} plan does not contain ${plural(name) ? 'them' : 'it'}: ${capitalise(policy.featurePlans[feature])} and larger plans do.`,
    `The smallest thing to try: ${first}`,
    title && `The article "${title}" teaches the rest.`,
  );
}

function allFeatures(features: readonly Feature[], plan: Plan, policy: Policy): string {
  const missing = features.filter((feature) => !hasFeature(policy, plan, feature));
  const lines = LEVELS.flatMap((level) => {
    const names = features
      .filter((feature) => FEATURE_WORDS[feature].level === level && !missing.includes(feature))
      .map((feature) => FEATURE_WORDS[feature].name);
    return names.length > 0 ? [`**${LEVEL_TITLES[level]}:** ${writeList(names)}`] : [];
  });
  return paragraphs(
    `Your ${capitalise(plan)} plan contains these features:`,
    writeBullets(lines),
    missing.length > 0 &&
      `Not contained: ${writeList(missing.map((feature) => `${FEATURE_WORDS[feature].name} (from ${capitalise(policy.featurePlans[feature])} on)`))}.`,
    'Name one, and I will show it with a small example.',
  );
}

function plural(name: string): boolean {
  return name.endsWith('s') || name.includes(' and ');
}
