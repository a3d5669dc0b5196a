/**
 * What is promised, scenario by scenario: which figures are compared with what, and where the line is. Measures nothing itself.
 */
import { idle, plain, stream, turns, type Figures, type Measured, type Streaming, type Theatre } from './scenarios.ts';
import { median, type Faults } from './tally.ts';
import { workflows } from './workflows.ts';

export interface Line {
  readonly figure: string;
  readonly unit: string;
  readonly parley: number;
  /** What it is compared with; null: it stands alone. */
  readonly bare: number | null;
  readonly ratio: number | null;
  /** In words; null: shown for information. */
  readonly target: string | null;
  readonly met: boolean | null;
}

export interface Result {
  readonly scenario: string;
  readonly work: string;
  readonly lines: readonly Line[];
  readonly faults: { readonly parley: Faults; readonly bare: Faults };
}

export interface Scale {
  /** Of the number of conversations, sockets and turns; 1 is what the targets speak of. */
  readonly size: number;
  /** Of the time measured. */
  readonly time: number;
  /** How often everything is measured; the median counts. */
  readonly rounds: number;
}

export interface Scenario {
  readonly name: string;
  run(theatre: Theatre, scale: Scale): Promise<Result>;
}

type Bound = { readonly most: number } | { readonly least: number };

export const SCENARIOS: readonly Scenario[] = [
  streaming({
    name: 'conversations-redis',
    work: '500 conversations at 50 tokens/s through Redis',
    of: { conversations: 500, readersEach: 1, tokensPerS: 50, seconds: 12, redis: true, across: false },
    lines: (parley, bare) => [...cpuLines(parley, bare, { most: 1.2 }), notSaturated(parley), ...ageLines(parley, bare), ...loopLines(parley, bare)],
  }),
  streaming({
    name: 'conversations',
    work: '500 conversations at 50 tokens/s',
    of: { conversations: 500, readersEach: 1, tokensPerS: 50, seconds: 12, redis: false, across: false },
    lines: (parley, bare) => [...cpuLines(parley, bare, { most: 1.3 }), notSaturated(parley), ...ageLines(parley, bare), ...loopLines(parley, bare)],
  }),
  streaming({
    name: 'across',
    work: '100 conversations at 50 tokens/s, message on A, reader on B, through Redis (CPU of both)',
    of: { conversations: 100, readersEach: 1, tokensPerS: 50, seconds: 12, redis: true, across: true },
    lines: (parley, bare) => [
      ...cpuLines(parley, bare, { most: 1.6 }),
      alone('age p50', 'ms', parley, bare, 'ageP50Ms', { most: 10 }),
      alone('age p99', 'ms', parley, bare, 'ageP99Ms'),
      ...loopLines(parley, bare),
    ],
  }),
  streaming({
    name: 'flat-out',
    work: '200 conversations as fast as they come, 1,000 tokens each',
    of: { conversations: 200, readersEach: 1, tokensPerS: null, seconds: 0, redis: false, across: false },
    lines: (parley, bare) => [
      ratio('tokens/s', '', parley, bare, 'tokensPerS', { least: 1 }),
      ...cpuLines(parley, bare),
      ...ageLines(parley, bare),
      ...loopLines(parley, bare),
    ],
  }),
  streaming({
    name: 'fan-out',
    work: 'one conversation at 50 tokens/s, 500 subscribers',
    of: { conversations: 1, readersEach: 500, tokensPerS: 50, seconds: 12, redis: false, across: false },
    lines: (parley, bare) => [...cpuLines(parley, bare, { most: 1.15 }), notSaturated(parley), ...ageLines(parley, bare), ...loopLines(parley, bare)],
  }),
  {
    name: 'idle',
    async run(theatre, scale) {
      const sockets = sized(2_000, scale);
      return compare(
        'idle',
        `${sockets} idle subscribed sockets`,
        scale,
        (which) => idle(theatre, which, sockets),
        (parley, bare) => [
          alone('memory per socket', 'KB', parley, bare, 'memoryPerSocketKb', { most: 20 }),
          alone('RSS per socket', 'KB', parley, bare, 'rssPerSocketKb'),
          alone('heap per socket', 'KB', parley, bare, 'heapPerSocketKb'),
        ],
      );
    },
  },
  {
    name: 'turns',
    async run(theatre, scale) {
      const inFlight = sized(50, scale);
      const work = { name: 'turns', inFlight, seconds: 12 * scale.time };
      return compare(
        'turns',
        `${inFlight} turns in flight, 20 tokens each`,
        scale,
        (which) => turns(theatre, which, work),
        (parley, bare) => [
          alone('CPU per turn', 'ms', parley, bare, 'cpuPerTurnMs', { most: 10 }),
          alone('first-token overhead p50', 'ms', parley, bare, 'overheadP50Ms', { most: 20 }),
          alone('first-token overhead p99', 'ms', parley, bare, 'overheadP99Ms'),
          alone('turns/s', '', parley, bare, 'turnsPerS'),
          ...loopLines(parley, bare),
        ],
      );
    },
  },
  { name: 'growth', run: growth },
  { name: 'workflows', run: manyWorkflows },
  {
    name: 'plain',
    async run(theatre, scale) {
      const work = { connections: 32, seconds: 6 * scale.time };
      const measure = (which: 'relay' | 'parley') => plain(theatre, which === 'relay' ? 'yoga' : which, work);
      return compare('plain', 'plain queries and mutations over HTTP, beside stock Yoga', scale, measure, (parley, bare) => [
        ratio('queries/s', '', parley, bare, 'queriesPerS', { least: 0.8 }),
        ratio('mutations/s', '', parley, bare, 'mutationsPerS', { least: 0.8 }),
        ratio('CPU per query', 'ms', parley, bare, 'cpuPerQueryMs'),
        ratio('CPU per mutation', 'ms', parley, bare, 'cpuPerMutationMs'),
      ]);
    },
  },
];

interface StreamingScenario {
  readonly name: string;
  readonly work: string;
  readonly of: Omit<Streaming, 'name' | 'tokens'> & { readonly seconds: number };
  readonly lines: (parley: Figures, bare: Figures) => readonly Line[];
}

const FLAT_OUT_TOKENS = 1_000;

function streaming({ name, work, of: { seconds, ...rest }, lines }: StreamingScenario): Scenario {
  return {
    name,
    async run(theatre, scale) {
      const scaled: Streaming = {
        ...rest,
        name,
        conversations: rest.conversations === 1 ? 1 : sized(rest.conversations, scale),
        readersEach: rest.readersEach === 1 ? 1 : sized(rest.readersEach, scale),
        tokens: rest.tokensPerS === null ? FLAT_OUT_TOKENS : Math.round(rest.tokensPerS * Math.max(4, seconds * scale.time)),
      };
      return compare(name, work, scale, (which) => stream(theatre, which, scaled), lines);
    },
  };
}

/** What a token costs must not depend on how many conversations are open. Each server is compared with itself. */
async function growth(theatre: Theatre, scale: Scale): Promise<Result> {
  const few = sized(100, scale);
  const many = sized(2_000, scale);
  const of = (conversations: number): Streaming => ({
    name: 'growth',
    conversations,
    readersEach: 1,
    tokensPerS: 2,
    tokens: Math.round(2 * Math.max(6, 17 * scale.time)),
    redis: false,
    across: false,
  });
  const measure = async (which: 'relay' | 'parley'): Promise<Measured> => {
    const small = await stream(theatre, which, of(few));
    const large = await stream(theatre, which, of(many));
    const [atFew = Number.NaN, atMany = Number.NaN] = [small.figures['cpuPerM'], large.figures['cpuPerM']];
    return { faults: added([small.faults, large.faults]), figures: { atFew, atMany, growth: atMany / atFew } };
  };
  return compare('growth', `${few} and ${many} conversations at 2 tokens/s`, scale, measure, (parley, bare) => [
    alone(`CPU/1M tokens, ${many} over ${few}`, 'x', parley, bare, 'growth', { most: 1.15 }),
    ratio(`CPU/1M tokens at ${few}`, 's', parley, bare, 'atFew'),
    ratio(`CPU/1M tokens at ${many}`, 's', parley, bare, 'atMany'),
  ]);
}

/** Beside nothing, so the other column stays empty. */
async function manyWorkflows(theatre: Theatre, scale: Scale): Promise<Result> {
  const runs = sized(200, scale);
  const rounds: Measured[] = [];
  for (let round = 0; round < scale.rounds; round += 1) rounds.push(await workflows(theatre, { name: 'workflows', runs }));
  const figures = middle(rounds);
  const of = (figure: string, unit: string, name: string): Line => line(figure, unit, figures[name] ?? Number.NaN, null, null);
  return {
    scenario: 'workflows',
    work: `${runs} workflows of three agents at once, half of them parallel, half sequential`,
    lines: [
      of('CPU per workflow', 'ms', 'cpuPerRunMs'),
      of('from the first to the last', 's', 'seconds'),
      of('refused', '', 'refused'),
      of('heap kept per workflow', 'KB', 'keptPerRunKb'),
      of('RSS afterwards', 'MB', 'rssMb'),
      of('event-loop delay p50', 'ms', 'loopP50Ms'),
      of('event-loop delay p99', 'ms', 'loopP99Ms'),
    ],
    faults: { parley: added(rounds.map(({ faults }) => faults)), bare: added([]) },
  };
}

/** Both in turn, so that a noisy minute hits both. */
async function compare(
  scenario: string,
  work: string,
  scale: Scale,
  measure: (which: 'relay' | 'parley') => Promise<Measured>,
  lines: (parley: Figures, bare: Figures) => readonly Line[],
): Promise<Result> {
  const bare: Measured[] = [];
  const parley: Measured[] = [];
  for (let round = 0; round < scale.rounds; round += 1) {
    bare.push(await measure('relay'));
    parley.push(await measure('parley'));
  }
  return {
    scenario,
    work,
    lines: lines(middle(parley), middle(bare)),
    faults: { parley: added(parley.map(({ faults }) => faults)), bare: added(bare.map(({ faults }) => faults)) },
  };
}

function middle(rounds: readonly Measured[]): Figures {
  const names = Object.keys(rounds[0]?.figures ?? {});
  return Object.fromEntries(names.map((name) => [name, median(rounds.map(({ figures }) => figures[name] ?? Number.NaN))]));
}

function added(all: readonly Faults[]): Faults {
  const total = (of: (faults: Faults) => number): number => all.reduce((sum, faults) => sum + of(faults), 0);
  return {
    lost: total(({ lost }) => lost),
    doubled: total(({ doubled }) => doubled),
    disordered: total(({ disordered }) => disordered),
    resets: total(({ resets }) => resets),
    broken: total(({ broken }) => broken),
    said: all.flatMap(({ said }) => said),
  };
}

function cpuLines(parley: Figures, bare: Figures, bound?: Bound): readonly Line[] {
  return [ratio('CPU/1M tokens', 's', parley, bare, 'cpuPerM', bound), alone('tokens per frame', '', parley, bare, 'tokensPerFrame')];
}

function notSaturated(parley: Figures): Line {
  return line('delivered of emitted', '', parley['share'] ?? Number.NaN, null, null, { least: 0.98 });
}

function ageLines(parley: Figures, bare: Figures): readonly Line[] {
  return [alone('age p50', 'ms', parley, bare, 'ageP50Ms'), alone('age p99', 'ms', parley, bare, 'ageP99Ms')];
}

function loopLines(parley: Figures, bare: Figures): readonly Line[] {
  return [alone('event-loop delay p99', 'ms', parley, bare, 'loopP99Ms')];
}

/** The bound is on the ratio. */
function ratio(figure: string, unit: string, parley: Figures, bare: Figures, name: string, bound?: Bound): Line {
  return line(figure, unit, parley[name] ?? Number.NaN, bare[name] ?? Number.NaN, 'ratio', bound);
}

/** The bound is on Parley's own figure; the other is shown beside it. */
function alone(figure: string, unit: string, parley: Figures, bare: Figures, name: string, bound?: Bound): Line {
  return line(figure, unit, parley[name] ?? Number.NaN, bare[name] ?? Number.NaN, null, bound);
}

function line(figure: string, unit: string, parley: number, bare: number | null, judged: 'ratio' | null, bound?: Bound): Line {
  const over = bare === null ? null : parley / bare;
  const value = judged === 'ratio' ? (over ?? Number.NaN) : parley;
  const sign = judged === 'ratio' ? ' x' : unit === '' || unit === 'x' ? '' : ` ${unit}`;
  const words = !bound ? null : 'most' in bound ? `<= ${bound.most}${sign}` : `>= ${bound.least}${sign}`;
  // Rounded as it is shown: 1.204 is no miss of 1.2.
  const shown = Math.round(value * 100) / 100;
  const met = !bound ? null : 'most' in bound ? shown <= bound.most : shown >= bound.least;
  return { figure, unit, parley, bare, ratio: over, target: words, met };
}

function sized(count: number, { size }: Scale): number {
  return Math.max(1, Math.round(count * size));
}
