/**
 * The long forms as a program: a storm of a million deliveries, then a rolling restart under 500 readers, and one line for each
 * thing that counts. Ends with 1 when anything was lost, doubled, out of order, or not announced.
 *
 *     npm run chaos -- --deliveries 1000000 --seconds 300 --readers 500
 */
import { parseArgs } from 'node:util';
import { linesOf, rolledLines, rolledVerdict, verdict, type Verdict } from './report.ts';
import { roll } from './rolling.ts';
import { storm } from './storm.ts';

const { values } = parseArgs({
  options: {
    deliveries: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '300' },
    readers: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
  },
});
const deliveries = Number(values.deliveries);
const seconds = Number(values.seconds);
const seed = Number(values.seed);
const readers = Number(values.readers);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (![deliveries, seconds, seed, readers].every((each) => Number.isInteger(each) && each >= 0)) {
  say('--deliveries, --seconds, --readers and --seed take whole numbers; 0 readers: no rolling restart');
  process.exit(2);
}

// What was started ends with this process; an end by signal alone would not say so to all of it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

say(`Three gateways, one PostgreSQL, one Redis: ${deliveries.toLocaleString('en')} deliveries, at most ${seconds} s of bad weather, seed ${seed}.`);
const outcome = await storm({
  gateways: 3,
  customers: 16,
  conversationsEach: 4,
  socketsEach: 16,
  tokensPerAnswer: 150,
  tokenMs: 20,
  harmEveryMs: 700,
  gatewayEveryMs: 3_000,
  emptyEveryMs: 20_000,
  deliveries,
  seconds,
  seed,
  onProgress: (tally) =>
    say(`  ${tally.deliveries.toLocaleString('en')} deliveries, ${[...tally.faults.values()].reduce((sum, each) => sum + each, 0)} faults`),
});
for (const line of linesOf(outcome)) say(line);
const verdicts: Verdict[] = [verdict(outcome, deliveries)];
if (readers > 0) {
  say(`Two gateways restarted in turn under ${readers} readers.`);
  const rolled = await roll({ readers, conversations: 20, tokensPerAnswer: 150, tokenMs: 50, drainMs: 12_000 });
  for (const line of rolledLines(rolled)) say(line);
  verdicts.push(rolledVerdict(rolled));
}
const failed = verdicts.flatMap((each) => each.failed);
for (const words of failed) say(`not ok: ${words}`);
say(`${verdicts.flatMap((each) => each.passed).length} passed, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);
