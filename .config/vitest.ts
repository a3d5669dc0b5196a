/** How tests run: real services, three workers (walks wait as often as they compute), one PostgreSQL for the whole run (test/support/global-setup.ts). */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  // graphql ships two builds and checks that all values come from one of them: take the one that Node gives to every package.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(new URL('../node_modules/graphql/index.js', import.meta.url)) }] },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'node_modules/**'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 60_000,
    // What is waited for comes by itself; how soon is the machine's to say.
    expect: { poll: { timeout: 20_000 } },
    // Many tests kill processes and connections on two shared cores. What fails once and holds the second time is not hidden: it is listed as retried.
    retry: 1,
    hookTimeout: 120_000,
    reporters: ['default'],
  },
});
