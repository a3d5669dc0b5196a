/**
 * Everything a machine can say about the sources: types, lint, format, unused files and exports, and with `--tests` the tests.
 * One line per step; what a step has to complain about follows its line. Mends nothing: that is `npm run fix`.
 */
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const STEP_MS = 15 * 60_000;

const steps: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['client code', process.execPath, '.config/generate.ts'],
  ['types', 'tsc', '--noEmit'],
  ['operations', process.execPath, '.config/registered-operations.ts', 'check'],
  ['lint', 'oxlint', '--config', '.config/oxlint.json'],
  ['format', 'oxfmt', '--config', '.config/oxfmt.json', '--check'],
  ['unused', 'knip', '--config', '.config/knip.json', '--no-config-hints'],
  ...(process.argv.includes('--tests') ? ([['tests', 'vitest', 'run', '--config', '.config/vitest.ts']] as const) : []),
];

let failed = 0;
for (const [name, command, ...args] of steps) {
  const started = performance.now();
  const { code, output } = await run(command, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(12)} ${seconds.padStart(6)} s\n`);
  if (code === 0 && name !== 'tests') continue;
  process.stdout.write(`${output.trimEnd()}\n`);
  if (code !== 0) failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;

async function run(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  const path = [join(root, 'node_modules/.bin'), dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  const child = spawn(command, args, { cwd: root, env: { ...process.env, PATH: path }, stdio: ['ignore', 'pipe', 'pipe'], timeout: STEP_MS });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
