/** A storm in words: one line for each thing that counts, and what had to be true. */
import type { Outcome } from './storm.ts';
import { median, type Rolled } from './rolling.ts';
import { FAULTS, HARMS, type Tally } from './tally.ts';

export function linesOf({ tally, subscriptions, answers, attempts, seconds, complaints }: Outcome): string[] {
  const pairs = (counts: ReadonlyMap<string, number>): string => [...counts].map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
  return [
    `deliveries   ${tally.deliveries.toLocaleString('en')} to ${subscriptions} subscriptions in ${seconds.toFixed(0)} s (${tally.characters.toLocaleString('en')} characters of text)`,
    `answers      ${answers}, in ${attempts} attempts (${tally.posts} questions)`,
    `harm         ${pairs(tally.harms)}`,
    `announced    resets: ${pairs(tally.resets)}; answers begun again, as heard: ${tally.restarts}; pieces without their beginning: ${tally.blind}`,
    `mended       ${tally.reconnects} reconnects, ${tally.refusals} subscriptions asked for again, ${tally.reloads} conversations loaded again`,
    ...faultLines(tally),
    ...(complaints === '' ? [] : [`gateways complained: ${complaints.slice(-1_000)}`]),
  ];
}

/** Sentences that held, and those that did not. */
export interface Verdict {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

export function verdict({ tally, answers, attempts }: Outcome, deliveriesMin: number): Verdict {
  return judge([
    [`at least ${deliveriesMin} deliveries`, tally.deliveries >= deliveriesMin],
    ['every question has one run', answers === tally.posts],
    ['runs were interrupted', attempts > answers],
    ...HARMS.map((name): Claim => [`harm was done: ${name}`, (tally.harms.get(name) ?? 0) > 0]),
    ...unharmed(tally),
  ]);
}

export function rolledLines({ tally, exits, gapsMs }: Rolled): string[] {
  return [
    `deliveries   ${tally.deliveries.toLocaleString('en')}, ${tally.posts} questions; the processes ended with ${exits.join(' and ')}`,
    `median gap   typed client ${Math.round(median(gapsMs.typed))} ms, stock client ${Math.round(median(gapsMs.stock))} ms`,
    ...faultLines(tally),
  ];
}

export function rolledVerdict({ tally, exits, shownWrong }: Rolled): Verdict {
  return judge([
    ['both processes left in order', exits.length === 2 && exits.every((code) => code === 0)],
    ['no reader was told to start over', tally.resets.size === 0],
    ['every answer is shown as its row says', shownWrong.length === 0],
    ...unharmed(tally),
  ]);
}

type Claim = [words: string, held: boolean];

const unharmed = (tally: Tally): Claim[] => FAULTS.map((fault) => [`nothing ${fault}`, tally.faults.get(fault) === 0]);

function judge(claims: readonly Claim[]): Verdict {
  return { passed: claims.filter(([, held]) => held).map(([words]) => words), failed: claims.filter(([, held]) => !held).map(([words]) => words) };
}

function faultLines(tally: Tally): string[] {
  return [...FAULTS.map((fault) => `${fault.padEnd(12)} ${tally.faults.get(fault) ?? 0}`), ...tally.examples.map((example) => `  ${example}`)];
}
