/**
 * `npm run bench`: measures Parley beside a bare relay in one run and prints where it stands. Starts and stops all it needs, on the
 * loopback only. Exit code 0: all was measured and nothing was lost (a missed target is a result); 1: something failed or was lost;
 * 2: wrong options; 130: interrupted.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LoadCommands } from './load.ts';
import { explainProfile } from './profile.ts';
import { describeMachine, isClean, machineLine, table } from './report.ts';
import type { Theatre } from './scenarios.ts';
import { openRedis, openRows, type RedisService } from './services.ts';
import { createStage, type Stage } from './stage.ts';
import { SCENARIOS, type Result, type Scale, type Scenario } from './targets.ts';
import type { UpstreamCommands } from './upstream.ts';

const HELP = `npm run bench -- [options]

  --only=<name,...>  these scenarios: ${SCENARIOS.map(({ name }) => name).join(', ')}
  --rounds=<n>       measure everything n times and take the median (default 1)
  --size=<factor>    fewer conversations, sockets and turns, for a quick look (default 1; targets speak of 1)
  --time=<factor>    shorter measurements (default 1)
  --json=<file>      write the results there as well
  --profile          profile Parley's process while it is measured, print where its time went
  --help
`;

interface Options {
  readonly scenarios: readonly Scenario[];
  readonly scale: Scale;
  readonly json: string | null;
  readonly profile: boolean;
}

/** A run that hangs ends all the same. */
const RUN_MS = 40 * 60_000;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        rounds: { type: 'string', default: '1' },
        size: { type: 'string', default: '1' },
        time: { type: 'string', default: '1' },
        json: { type: 'string' },
        profile: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      say(HELP);
      process.exit(0);
    }
    const names = values.only?.split(',') ?? SCENARIOS.map(({ name }) => name);
    const scenarios = names.map((name) => {
      const found = SCENARIOS.find((scenario) => scenario.name === name);
      if (!found) throw new Error(`there is no scenario called ${name}`);
      return found;
    });
    const scale = {
      rounds: numberIn('rounds', values.rounds, 1, 9),
      size: numberIn('size', values.size, 0.01, 1),
      time: numberIn('time', values.time, 0.1, 2),
    };
    return { scenarios, scale, json: values.json ?? null, profile: values.profile };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}

function numberIn(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!(value >= least && value <= most)) throw new Error(`--${name} is a number from ${least} to ${most}`);
  return value;
}

async function raise(stage: Stage, profile: boolean): Promise<{ readonly theatre: Theatre; readonly profiles: ReadonlyMap<string, string> }> {
  const rows = await openRows(stage);
  const upstream = await stage.client<UpstreamCommands>('upstream.ts');
  const load = await stage.client<LoadCommands>('load.ts');
  const port = await upstream.ask('listen', null);
  const profiles = new Map<string, string>();
  const directory = profile ? await mkdtemp(join(tmpdir(), 'parley-profile-')) : null;
  let redis: Promise<RedisService> | null = null;
  const theatre: Theatre = {
    stage,
    load,
    upstream,
    upstreamUrl: `http://127.0.0.1:${port}`,
    rows,
    redis: () => (redis ??= openRedis(stage)),
    profileTo(scenario) {
      if (directory === null) return null;
      const file = join(directory, `${scenario}-${profiles.size}.cpuprofile`);
      profiles.set(file, scenario);
      return file;
    },
  };
  return { theatre, profiles };
}

async function run(stage: Stage, { scenarios, scale, json, profile }: Options): Promise<boolean> {
  const machine = describeMachine(stage.pinned);
  say(machineLine(machine));
  if (scale.size < 1 || scale.time < 1) say('Smaller or shorter than the targets speak of: a quick look, no result.');
  const { theatre, profiles } = await raise(stage, profile);
  const results: Result[] = [];
  const failures: { readonly scenario: string; readonly why: string }[] = [];
  for (const scenario of scenarios) {
    try {
      const result = await scenario.run(theatre, scale);
      results.push(result);
      say(table(result));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      failures.push({ scenario: scenario.name, why });
      say(`\n${scenario.name}: not measured: ${why}`);
    }
    for (const complaint of stage.complaints()) say(`  a server printed: ${complaint}`);
  }
  for (const [file, scenario] of profiles) say(`\n${scenario}, ${file}\n${await explainProfile(file)}`);
  const judged = results.flatMap(({ lines }) => lines.filter(({ met }) => met !== null));
  say(
    `\n${judged.filter(({ met }) => met).length} of ${judged.length} targets met${failures.length > 0 ? `, ${failures.length} scenarios not measured` : ''}.`,
  );
  if (json !== null) await writeFile(json, `${JSON.stringify({ machine, scale, results, failures }, null, 2)}\n`);
  return failures.length === 0 && results.every(({ faults }) => isClean(faults.parley) && isClean(faults.bare));
}

async function main(): Promise<void> {
  const options = readOptions();
  const stage = createStage();
  const interrupted = async (): Promise<void> => {
    await stage.close();
    process.exit(130);
  };
  process.once('SIGINT', () => void interrupted());
  process.once('SIGTERM', () => void interrupted());
  const limit = setTimeout(() => {
    process.stderr.write('The benchmark took too long and is stopped.\n');
    void interrupted();
  }, RUN_MS);
  let good = false;
  try {
    good = await run(stage, options);
  } finally {
    clearTimeout(limit);
    await stage.close();
  }
  process.exit(good ? 0 : 1);
}

await main();
