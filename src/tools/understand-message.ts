/**
 * `understand_message`: what the turn itself reads in a message, part by part: the parts an agent is granted. The same code as every
 * turn uses, so that what is answered here is what is decided there.
 */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { understand, type Understanding } from '../orchestration/understand.ts';
import type { SignalReader } from '../orchestration/understand/signal-model.ts';
import { readCustomerFacts } from '../store/customer-facts.ts';
import type { Database } from '../store/database.ts';
import { defineTool } from './define-tool.ts';
import { paragraphs, sentences, writeList } from './words.ts';

export const UNDERSTANDING_PARTS = ['entities', 'sentiment', 'complexity', 'language'] as const;
type Part = (typeof UNDERSTANDING_PARTS)[number];

const Input = z.strictObject({ text: z.string().min(1).max(10_000).optional().describe('The message to read; left out: the one being answered.') });
const Grant = z.strictObject({ parts: z.array(z.enum(UNDERSTANDING_PARTS)).min(1) });

export interface UnderstandMessageDeps {
  readonly database: Database;
  readonly readSignals: SignalReader;
}

export function understandMessage({ database, readSignals }: UnderstandMessageDeps): AnyTool {
  return defineTool<z.infer<typeof Input>, z.infer<typeof Grant>>({
    name: 'understand_message',
    description: 'Reads a message by fixed rules: what it names, how the customer feels and how urgent it is, how much it asks for, its language.',
    input: Input,
    grant: Grant,
    effect: 'read',
    infer: () => ({}),
    async run({ text }, { parts }, { customerId, conversationId, said, earlier, now }) {
      const customer = await readCustomerFacts(database, customerId, conversationId, now);
      if (!customer) throw notFound('customer');
      const read = understand({ text: text ?? said, customer, earlier, now }, readSignals);
      return { summary: paragraphs(...parts.map((part) => WRITERS[part](read))), facts: Object.fromEntries(parts.map((part) => [part, FACTS[part](read)])) };
    },
  });
}

const FACTS: Readonly<Record<Part, (read: Understanding) => unknown>> = {
  entities: ({ entities }) => entities,
  sentiment: ({ sentiment, urgency }) => ({ ...sentiment, ...urgency }),
  complexity: ({ complexity }) => complexity,
  language: ({ language, kind }) => ({ ...language, kind }),
};

const WRITERS: Readonly<Record<Part, (read: Understanding) => string>> = {
  entities: ({ entities }) =>
    entities.length === 0
      ? 'The message names none of the ten kinds of entities.'
      : `The message names ${writeList(entities.map(({ kind, value }) => `${kind.replace('_', ' ')} "${value}"`))}.`,
  sentiment: ({ sentiment, urgency }) =>
    sentences(
      `The sentiment of the message is ${sentiment.band} (${sentiment.score} on a scale from -1 to 1), the emotion ${sentiment.emotion}.`,
      `The urgency is ${urgency.urgency}: ${urgency.because.join(' ')}${/[.!?]$/.test(urgency.because.at(-1) ?? '') ? '' : '.'}`,
      `Satisfaction is ${sentiment.satisfaction} and politeness ${sentiment.politeness}, both from 0 to 1.`,
      sentiment.because.length > 0 && `Read from: ${writeList(sentiment.because.map((word) => `"${word}"`))}.`,
    ),
  complexity: ({ complexity }) =>
    sentences(
      `The complexity of the message is ${complexity.score} of 10 (${complexity.band}), ${complexity.severalAgents ? 'so several agents are needed' : 'so one agent is enough'}; it is likely to take a ${complexity.time} time.`,
      complexity.skills.length > 0 && `It wants the skills ${writeList(complexity.skills.map((skill) => skill.replaceAll('_', ' ')))}.`,
      complexity.because.length > 0 && `Reasons: ${complexity.because.join('; ')}.`,
    ),
  language: ({ language, kind }) => `The message is a ${kind.replace('_', ' ')} in the language "${language.language}" (confidence ${language.confidence}).`,
};
