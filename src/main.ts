/**
 * The process: reads the configuration, starts Parley, says where to go, and leaves cleanly. Everything else is parley.ts.
 */
import { captureException, flushReports } from './instrument.ts';
import { CatalogError } from './catalog/load-catalog.ts';
import type { CommandDeps } from './command.ts';
import { ConfigError, readConfig, type Config } from './config.ts';
import { systemClock } from './foundation/clock.ts';
import { AppError } from './foundation/errors.ts';
import { inviteFirst } from './invite.ts';
import { createLogger, type Logger } from './foundation/logger.ts';
import { startParley, type Parley } from './parley.ts';
import { rotateKeys } from './rotate-keys.ts';
import { quietLog } from './quiet-log.ts';
import { waitForServices } from './services.ts';

const NODE_MAJOR = 24;
/** With `--wait`: how long PostgreSQL and Redis may take to answer. */
const SERVICES_MS = 5 * 60_000;
const USAGE = `Usage: npm start [-- --wait | --rotate-keys | --revoke-keys | --invite <address>]

  --wait              wait up to five minutes for PostgreSQL and Redis instead of failing at once
  --rotate-keys       make the next key that signs tokens, and end
  --revoke-keys       make a key that signs at once, revoke all others, which ends every token, and end
  --invite <address>  invite somebody who may do everything, print the invitation, and end: for the first person of a new database

Everything else is set by environment variables; the README lists them.`;
const FLUSH_MS = 2_000;
/** One Ctrl-C under npm arrives twice: from the terminal, and passed on by npm. */
const ONE_KEY_MS = 1_000;
/** Beyond the drain time: what closing everything else may take before the process ends all the same. */
const LEAVE_MS = 15_000;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

function checkNode(): void {
  const major = Number(process.versions.node.split('.', 1)[0]);
  if (major === NODE_MAJOR) return;
  complain(`Parley runs on Node ${NODE_MAJOR}, and this is Node ${process.versions.node}: start it with "npm start", which brings its own.`);
  process.exit(1);
}

interface Asked {
  readonly wait: boolean;
  /** A command that does one thing and ends; null to start. */
  readonly command: ((deps: CommandDeps) => Promise<string>) | null;
}

/** What is asked for. Ends the process for words it does not know. */
function readArguments(words: readonly string[]): Asked {
  const [word, value, ...rest] = words;
  if (word === undefined || (word === '--wait' && value === undefined)) return { wait: word !== undefined, command: null };
  if (word === '--rotate-keys' && value === undefined) return { wait: false, command: (deps) => rotateKeys(deps, false) };
  if (word === '--revoke-keys' && value === undefined) return { wait: false, command: (deps) => rotateKeys(deps, true) };
  if (word === '--invite' && value !== undefined && rest.length === 0) return { wait: false, command: (deps) => inviteFirst(deps, value) };
  if (word === '--help') say(USAGE);
  else complain(`"${words.join(' ')}" is not known.\n\n${USAGE}`);
  process.exit(word === '--help' ? 0 : 1);
}

function readConfigOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    complain(error.message);
    process.exit(1);
  }
}

function welcome(parley: Parley, config: Config): string {
  const lines = ['', `Parley is ready at ${parley.url}`, ''];
  if (config.role === 'worker')
    return `${[...lines, '  A worker: it drives runs and takes no clients.', `  Health            ${parley.url}/api/health`, ''].join('\n')}\n`;
  const where = [
    ['Chat and welcome', `${parley.url}/`],
    ...(config.graphiql ? [['GraphiQL', `${parley.url}/graphql`]] : []),
    ['Health', `${parley.url}/api/health`],
  ];
  for (const [name = '', address = ''] of where) lines.push(`  ${name.padEnd(18)}${address}`);
  lines.push('', `  ${parley.agents} agents, model: ${parley.model}${parley.model === 'offline' ? ' (set ANTHROPIC_API_KEY for a real one)' : ''}`);
  if (parley.demo) {
    const { staffToken, customerToken, partnerKey } = parley.demo.credentials;
    lines.push('', `Demo credentials, also in ${config.dataDir}/demo.json (use as "Authorization: Bearer ..."):`, '');
    lines.push(
      `  Staff (${parley.demo.staffName})`,
      `  ${staffToken}`,
      '',
      '  Customer (Dana Reyes)',
      `  ${customerToken}`,
      '',
      '  Partner (API key)',
      `  ${partnerKey}`,
    );
  }
  if (config.role === 'gateway')
    lines.push('', 'A gateway: it answers clients, and workers (PARLEY_ROLE=worker) on the same Redis and PostgreSQL drive the runs.');
  if (!parley.isHome) {
    lines.push(
      '',
      'Another Parley on this database owns the conversations. Until it leaves, this one answers queries and changes to customers, and',
      'refuses to start, follow or answer conversations (UNAVAILABLE). Set REDIS_URL on both to share them.',
    );
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Leaves once on the first signal, also while everything is still being opened: what has been opened is closed. A second signal
 * ends the process at once.
 */
function leaveOnSignals(starting: Promise<Parley>, config: Config, log: Logger): void {
  let leftAtMs: number | null = null;
  const leave = async (signal: NodeJS.Signals): Promise<void> => {
    const nowMs = performance.now();
    if (leftAtMs !== null) {
      if (nowMs - leftAtMs > ONE_KEY_MS) process.exit(130);
      return;
    }
    leftAtMs = nowMs;
    log.info({ signal }, 'leaving');
    const limit = setTimeout(() => {
      log.error('closing took too long: leaving all the same');
      process.exit(1);
    }, config.limits.drainMs + LEAVE_MS);
    limit.unref();
    // A start that fails has closed what it opened, and main() says why.
    const parley = await starting.catch(() => null);
    await parley?.close();
    await flushReports(FLUSH_MS);
    log.info('left');
    process.exit(0);
  };
  process.on('SIGTERM', (signal) => void leave(signal));
  process.on('SIGINT', (signal) => void leave(signal));
}

function explain(error: unknown): string {
  if (error instanceof AppError) return error.message;
  if (error instanceof CatalogError) return `Parley cannot start with these agent files:\n${error.message}`;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return 'Parley cannot start: the port is taken. Set PORT to another one.';
  return `Parley cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

async function flushAndFail(): Promise<never> {
  await flushReports(FLUSH_MS);
  process.exit(1);
}

async function main(): Promise<void> {
  checkNode();
  const { wait, command } = readArguments(process.argv.slice(2));
  const config = readConfigOrExit();
  const log = quietLog(createLogger({ level: config.logLevel, pretty: config.logPretty }), config.redaction);
  process.on('unhandledRejection', (error) => {
    log.error({ err: error }, 'unhandled rejection');
    captureException(error);
  });
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    captureException(error);
    void flushAndFail();
  });
  try {
    if (command) {
      say(await command({ config, clock: systemClock, log }));
      process.exit(0);
    }
    const { databaseUrl, redisUrl } = config;
    const ready = wait ? waitForServices({ databaseUrl, redisUrl, waitMs: SERVICES_MS, clock: systemClock, log }) : Promise.resolve();
    const starting = ready.then(() => startParley({ config, log, clock: systemClock, captureException }));
    leaveOnSignals(starting, config, log);
    say(welcome(await starting, config));
  } catch (error) {
    // What somebody typed wrong is told to them, and nobody else.
    if (!(error instanceof AppError)) captureException(error);
    complain(explain(error));
    await flushAndFail();
  }
}

await main();
