/**
 * How tests run: real services, one PostgreSQL for the whole run (test/support/global-setup.ts), in three groups. Longest first: what opens
 * whole instances; then the rooms; last and by itself what wants the machine for itself.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Kill processes and servers, count what is left behind, or wait for others: each file in a process of its own. */
const INSTANCES = [
  'test/{walks,chaos,scenarios,conformance}/**/*.test.ts',
  'test/topology.test.ts',
  'test/events/redis-*.test.ts',
  'test/store/embedded-postgres.test.ts',
];
/** Two instances that watch each other's silence. */
const ALONE = ['test/walks/instances.test.ts'];
const NEVER = ['test/browser/**', 'node_modules/**'];

/** Two cores are busy with two files that compute; those that open instances wait as often. */
const WORKERS = 3;

interface Group {
  readonly name: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly isolate: boolean;
  readonly groupOrder?: number;
}

function group({ name, include, exclude, isolate, groupOrder = 0 }: Group): TestProjectConfiguration {
  return {
    root: ROOT,
    // graphql ships two builds and checks that all values come from one of them: take the one that Node gives to every package.
    resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(new URL('../node_modules/graphql/index.js', import.meta.url)) }] },
    test: {
      name,
      include: [...include],
      exclude: [...exclude, ...NEVER],
      isolate,
      sequence: { groupOrder },
      pool: 'forks',
      maxWorkers: WORKERS,
      testTimeout: 60_000,
      // What is waited for comes by itself; how soon is the machine's to say.
      expect: { poll: { timeout: 20_000 } },
      // Many tests kill processes and connections on two shared cores. What fails once and holds the second time is not hidden: it is listed as retried.
      retry: 1,
      hookTimeout: 120_000,
    },
  };
}

export default defineConfig({
  root: ROOT,
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default'],
    projects: [
      // Vitest begins with the first by name.
      group({ name: 'instances', include: INSTANCES, exclude: ALONE, isolate: true }),
      // What they import is evaluated once per worker, not once per file: it is half of their time.
      group({ name: 'rooms', include: ['test/**/*.test.ts'], exclude: [...INSTANCES, ...ALONE], isolate: false }),
      group({ name: 'alone', include: ALONE, exclude: [], isolate: true, groupOrder: 1 }),
    ],
  },
});
