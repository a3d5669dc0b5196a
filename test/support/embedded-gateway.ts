/** A process that uses the embedded PostgreSQL as the gateway does: prints its address, and leaves when its input ends. */
import { createLogger } from '../../src/foundation/logger.ts';
import { openEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';

const dataDir = process.argv[2] ?? '';
// As in a terminal, where Ctrl-C reaches the whole group: what ends when is for the test to say.
process.on('SIGINT', () => {});
const postgres = await openEmbeddedPostgres({ dataDir, log: createLogger({ level: 'silent', pretty: false }) });
process.stdout.write(`${postgres.url}\n`);
for await (const _ of process.stdin);
await postgres.leave();
process.exit(0);
