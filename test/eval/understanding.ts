/**
 * How well the parts of understanding read the labelled messages of understanding.txt: shares that are right, by part of the set.
 * `node test/eval/understanding.ts` prints the figures; `--dev` also prints what was read wrong in the development part.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { understand } from '../../src/orchestration/understand.ts';
import type { SignalReader } from '../../src/orchestration/understand/signal-model.ts';
import { factsOf } from '../orchestration/facts.ts';
import { learnedSignals } from '../support/signals.ts';

const FILE = fileURLToPath(new URL('understanding.txt', import.meta.url));
const NOW = new Date('2026-11-20T12:00:00.000Z');
const BANDS = { '--': 'very negative', '-': 'negative', '0': 'neutral', '+': 'positive', '++': 'very positive' } as const;
/** Nothing of the account changes what is read. */
const CALM = factsOf({ churnRisk: 0.1, healthScore: 80 });

export const PARTS = ['dev', 'test', 'fresh'] as const;
type Part = (typeof PARTS)[number];

interface Labelled {
  readonly part: string;
  readonly language: string;
  readonly band: string;
  readonly emotion: string;
  readonly urgency: string;
  readonly complexity: string;
  readonly entities: readonly string[];
  readonly text: string;
}

export interface Figures {
  readonly count: number;
  /** Shares that are right, 0 to 1. */
  readonly language: number;
  readonly band: number;
  /** Negative, neutral or positive. */
  readonly sign: number;
  readonly emotion: number;
  readonly urgency: number;
  readonly complexity: number;
  /** Harmonic mean of how many entities found are right and how many right ones are found. */
  readonly entitiesF1: number;
}

export function readLabelled(): Labelled[] {
  return readFileSync(FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [part = '', language = '', band = '', emotion = '', urgency = '', complexity = '', entities = '', ...text] = line.split(' | ');
      return {
        part,
        language,
        band: BANDS[band as keyof typeof BANDS],
        emotion,
        urgency,
        complexity,
        entities: entities === '-' ? [] : entities.split(';'),
        text: text.join(' | '),
      };
    });
}

function readOne(text: string, readSignals: SignalReader) {
  const { language, sentiment, urgency, complexity, entities } = understand({ text, customer: CALM, now: NOW, earlier: [] }, readSignals);
  const { score } = complexity;
  return {
    language: language.language,
    band: sentiment.band,
    emotion: sentiment.emotion,
    urgency: urgency.said,
    complexity: score <= 3 ? 's' : score <= 6 ? 'm' : 'c',
    entities: entities.map(({ kind, value }) => (kind === 'problem' ? kind : `${kind}=${value}`)),
    score: sentiment.score,
  };
}

export function measure(part: Part, readSignals: SignalReader, onWrong: (line: string) => void = () => undefined): Figures {
  const labelled = readLabelled().filter((one) => one.part === part);
  const right = { language: 0, band: 0, sign: 0, emotion: 0, urgency: 0, complexity: 0 };
  let hits = 0;
  let found = 0;
  let wanted = 0;
  for (const one of labelled) {
    const read = readOne(one.text, readSignals);
    for (const kind of ['language', 'band', 'emotion', 'urgency', 'complexity'] as const) {
      if (read[kind] === one[kind]) right[kind] += 1;
      else onWrong(`${kind}: ${read[kind]}, not ${one[kind]} (${read.score}): ${one.text}`);
    }
    if (signOf(read.band) === signOf(one.band)) right.sign += 1;
    const same = one.entities.filter((entity) => read.entities.includes(entity));
    hits += same.length;
    found += read.entities.length;
    wanted += one.entities.length;
    if (same.length !== one.entities.length || same.length !== read.entities.length)
      onWrong(`entities: ${read.entities.join(';')}, not ${one.entities.join(';')}: ${one.text}`);
  }
  const share = (value: number): number => value / labelled.length;
  return {
    count: labelled.length,
    language: share(right.language),
    band: share(right.band),
    sign: share(right.sign),
    emotion: share(right.emotion),
    urgency: share(right.urgency),
    complexity: share(right.complexity),
    entitiesF1: (2 * hits) / (found + wanted),
  };
}

function signOf(band: string): number {
  return band.endsWith('negative') ? -1 : band.endsWith('positive') ? 1 : 0;
}

/** Milliseconds one message takes, all parts together. */
export function measureMs(readSignals: SignalReader): number {
  const texts = readLabelled().map(({ text }) => text);
  for (const text of texts) readOne(text, readSignals);
  const begun = performance.now();
  for (let round = 0; round < 5; round += 1) for (const text of texts) readOne(text, readSignals);
  return (performance.now() - begun) / (5 * texts.length);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readSignals = await learnedSignals();
  for (const part of PARTS) {
    const figures = measure(part, readSignals, part === 'dev' && process.argv.includes('--dev') ? (line) => process.stdout.write(`  ${line}\n`) : undefined);
    const shares = Object.entries(figures).map(([name, value]) => `${name} ${name === 'count' ? value : `${(100 * Number(value)).toFixed(1)}%`}`);
    process.stdout.write(`${part}: ${shares.join(', ')}\n`);
  }
  process.stdout.write(`${measureMs(readSignals).toFixed(3)} ms a message\n`);
}
