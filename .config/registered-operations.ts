/**
 * Registered operations from the command line. `manifest` adds the documents of our own front-ends to their committed manifests;
 * `check` holds those, or the ones registered at a server or in a database, against the schema of these sources; `register` reads a
 * manifest and registers it at a server. Exit codes: 0 done, 1 refused or outdated, 2 used wrongly or not reached.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readConfig } from '../src/config.ts';
import { ManifestError, readManifest } from '../src/desk/operation-manifest.ts';
import { hashOf, OPERATIONS_PER_CALL_MAX, type GivenOperation } from '../src/desk/registered-operation.ts';
import { LIST, REGISTER, BUILT_IN } from '../src/gateway/built-in-operations.ts';
import { EXAMPLES } from '../src/gateway/graphiql-examples.ts';
import { createInspect } from '../src/gateway/inspect-operation.ts';
import { findOutdated, OWN_MANIFESTS } from '../src/own-operations.ts';
import { schema } from '../src/schema/schema.ts';
import { openDatabase } from '../src/store/database.ts';

const USAGE = `npm run operations:register -- <manifest.json> [--partner ptn_...]
  registers its operations at PARLEY_URL with PARLEY_CREDENTIAL, a test key of the partner or a token of the staff
npm run operations:check [-- <manifest.json> | --server | --database]
  holds the committed manifests, or this one, or what is registered at PARLEY_URL or in DATABASE_URL, against the schema of these sources
npm run operations:manifest
  adds what the console and the client send now to their committed manifests`;

const IDS = new URL('../src/client/operation-ids.ts', import.meta.url);
const REQUEST_MS = 30_000;
/** Below what one HTTP body may have. */
const BATCH_CHARS = 120_000;

class Failure extends Error {
  readonly code: 1 | 2;
  constructor(code: 1 | 2, message: string) {
    super(message);
    this.code = code;
  }
}

const inspect = createInspect(schema, readConfig({}).limits);

async function main(): Promise<void> {
  const { values, positionals } = readWords();
  const [verb, path, ...more] = positionals;
  if (verb === 'register' && path && more.length === 0) return register(path, values.partner ?? null);
  if (verb === 'manifest' && path === undefined) return writeManifests();
  const places = [path !== undefined, values.server, values.database].filter(Boolean).length;
  if (verb !== 'check' || more.length > 0 || places > 1) throw new Failure(2, USAGE);
  if (path !== undefined) return checkManifest(path);
  if (values.server) return checkServer();
  return values.database ? checkDatabase() : checkManifests();
}

function readWords() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { partner: { type: 'string' }, server: { type: 'boolean', default: false }, database: { type: 'boolean', default: false } },
    });
  } catch (error) {
    throw new Failure(2, `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

async function register(path: string, partnerId: string | null): Promise<void> {
  const operations = await manifestAt(path);
  let [added, done] = [0, 0];
  for (const batch of batchesOf(operations)) {
    const { registerOperations: answer } = await ask(REGISTER, { input: { partnerId, operations: batch } }, Answers.register, path, done);
    added += answer.added;
    done += batch.length;
    for (const { name, version, documentId, cost } of answer.operations) say(`${name} version ${version}  ${documentId}  cost ${cost}`);
  }
  say(`${done} registered, ${added} of them new`);
}

async function manifestAt(path: string): Promise<readonly GivenOperation[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Failure(2, `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  try {
    return readManifest(text);
  } catch (error) {
    if (error instanceof ManifestError) throw new Failure(1, `${path}: ${error.message}`);
    throw error;
  }
}

function batchesOf(operations: readonly GivenOperation[]): readonly (readonly GivenOperation[])[] {
  const batches: GivenOperation[][] = [];
  let chars = Infinity;
  for (const operation of operations) {
    chars += operation.body.length;
    const last = batches.at(-1);
    if (last && chars <= BATCH_CHARS && last.length < OPERATIONS_PER_CALL_MAX) last.push(operation);
    else {
      batches.push([operation]);
      chars = operation.body.length;
    }
  }
  return batches;
}

const Answers = {
  register: z.object({
    registerOperations: z.object({
      added: z.number(),
      operations: z.array(z.object({ name: z.string(), version: z.number(), documentId: z.string(), cost: z.number() })),
    }),
  }),
  list: z.object({
    operations: z.object({
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
      edges: z.array(z.object({ node: z.object({ name: z.string(), version: z.number(), text: z.string(), partnerId: z.string().nullable() }) })),
    }),
  }),
};
const Answer = z.object({ data: z.unknown().optional(), errors: z.array(z.object({ message: z.string() })).optional() });

/** Sent by id, as any front-end would: a server that knows registered operations only takes it too. */
async function ask<T>(text: string, variables: object, form: z.ZodType<T>, what: string, before = 0): Promise<T> {
  const { PARLEY_URL: url, PARLEY_CREDENTIAL: credential } = process.env;
  if (!url || !credential) throw new Failure(2, `Set PARLEY_URL (http://localhost:4000) and PARLEY_CREDENTIAL.\n\n${USAGE}`);
  const address = `${url.replace(/\/+$/, '').replace(/\/graphql$/, '')}/graphql`;
  let answer: z.infer<typeof Answer>;
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', authorization: `Bearer ${credential}` },
      body: JSON.stringify({ documentId: `sha256:${hashOf(text)}`, variables }),
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    answer = Answer.parse(await response.json());
  } catch (error) {
    throw new Failure(2, `${address} does not answer as Parley does: ${error instanceof Error ? error.message : String(error)}`);
  }
  // The server counts within one call, the reader within the file.
  const told = answer.errors?.map(({ message }) =>
    message.replace(/input\.operations\.(\d+)/, (_, index: string) => `operation ${Number(index) + before + 1}`),
  );
  if (told) throw new Failure(1, `${what}: ${told.join('\n')}`);
  const read = form.safeParse(answer.data);
  if (!read.success) throw new Failure(2, `${address} is another version of Parley: ${read.error.message}`);
  return read.data;
}

function problemsOf(where: string, { body, name, id }: GivenOperation, named: boolean): readonly string[] {
  const inspected = inspect(body);
  if (inspected.ok || (!named && inspected.code === 'BAD_INPUT')) return [];
  return inspected.problems.map(({ message, line, column }) => `${where}: ${name ?? id ?? ''}, line ${line ?? 1}, column ${column ?? 1}: ${message}`);
}

/** A partner's, whose ids are whatever its tools write. */
async function checkManifest(path: string): Promise<void> {
  const operations = await manifestAt(path);
  conclude(
    operations.flatMap((operation) => problemsOf(path, operation, true)),
    operations.length,
  );
}

async function checkManifests(): Promise<void> {
  const problems: string[] = [];
  let count = 0;
  const look = (where: string, operation: GivenOperation, named: boolean): void => {
    count += 1;
    const { body, name, id } = operation;
    const found = problemsOf(where, operation, named);
    problems.push(...found);
    if (found.length === 0 && id && id !== hashOf(body)) problems.push(`${where}: ${name ?? id}: its id is not the SHA-256 of its document`);
  };
  for (const path of OWN_MANIFESTS) {
    const written = await manifestAt(pathOf(path));
    for (const operation of written) look(`src/${path}`, operation, true);
    const known = new Set(written.map(({ body }) => body));
    for (const { name, body } of await sentBy(path))
      if (!known.has(body)) problems.push(`src/${path}: ${name ?? ''} has changed and is not in it yet: run "npm run operations:manifest"`);
  }
  const { written, right } = await idsOfClient();
  if (written !== right) problems.push('src/client/operation-ids.ts has ids of other documents: run "npm run operations:manifest"');
  for (const [index, { query }] of EXAMPLES.entries()) look('src/gateway/graphiql-examples.ts', { name: `example ${index + 1}`, body: query }, false);
  for (const body of BUILT_IN.values()) look('src/gateway/built-in-operations.ts', { body, name: /\w+ (\w+)/.exec(body)?.[1] ?? '' }, true);
  conclude(problems, count);
}

async function checkServer(): Promise<void> {
  const problems: string[] = [];
  let count = 0;
  for (let after: string | null = null, more = true; more;) {
    const { operations }: z.infer<typeof Answers.list> = await ask(LIST, { retired: false, after }, Answers.list, 'The list of operations');
    for (const { node } of operations.edges) {
      count += 1;
      const inspected = inspect(node.text);
      if (!inspected.ok) problems.push(lineOf(node, inspected.problems[0].message));
    }
    more = operations.pageInfo.hasNextPage;
    after = operations.pageInfo.endCursor;
  }
  conclude(problems, count);
}

async function checkDatabase(): Promise<void> {
  const { DATABASE_URL: url } = process.env;
  if (!url) throw new Failure(2, `Set DATABASE_URL.\n\n${USAGE}`);
  const database = openDatabase({ url, connectionsMax: 1, connectMs: 5_000, statementMs: 15_000 });
  try {
    const problems: string[] = [];
    for await (const outdated of findOutdated(database, inspect)) problems.push(lineOf(outdated, outdated.problem.message));
    conclude(problems, await database.registeredOperation.count({ where: { retiredAt: null } }));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(2, `The database cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await database.$disconnect();
  }
}

function lineOf({ name, version, partnerId }: { readonly name: string; readonly version: number; readonly partnerId: string | null }, problem: string): string {
  return `${partnerId ?? 'our own'}: ${name} version ${version}: ${problem}`;
}

function conclude(problems: readonly string[], count: number): void {
  if (problems.length > 0) throw new Failure(1, `${problems.join('\n')}\n${problems.length} problems in ${count} operations`);
  say(`${count} operations fit the schema`);
}

async function writeManifests(): Promise<void> {
  for (const path of OWN_MANIFESTS) {
    const file = pathOf(path);
    const written = await readFile(file, 'utf8').then(readManifest, () => [] as const);
    const known = new Set(written.map(({ body }) => body));
    const fresh = (await sentBy(path)).filter(({ body }) => !known.has(body));
    const operations = [...written, ...fresh].map(({ body, name }) => ({ id: hashOf(body), name, type: kindOf(body), body }));
    await writeFile(file, `${JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations }, null, 2)}\n`);
    say(`src/${path}: ${operations.length} operations, ${fresh.length} of them new`);
  }
  await writeFile(IDS, (await idsOfClient()).right);
}

/** The client names its operations by id in a module of its own: as it stands, and as it should. */
async function idsOfClient(): Promise<{ readonly written: string; readonly right: string }> {
  const written = await readFile(IDS, 'utf8');
  const texts = Object.entries(await import('../src/client/operations.ts'));
  return {
    written,
    right: texts.reduce((module, [name, text]) => module.replace(new RegExp(`\\[${name}, '\\w*'\\]`), `[${name}, '${hashOf(text)}']`), written),
  };
}

/** The documents in the module beside a manifest: each export that is text. */
async function sentBy(path: (typeof OWN_MANIFESTS)[number]): Promise<readonly GivenOperation[]> {
  const module: unknown = path.startsWith('console/')
    ? await import(new URL('../src/console/operations.js', import.meta.url).href)
    : await import('../src/client/operations.ts');
  return Object.values(z.record(z.string(), z.string()).parse({ ...(module as object) })).map((body) => ({
    body,
    name: /^\s*\w+ (\w+)/.exec(body)?.[1] ?? null,
  }));
}

function kindOf(body: string): string {
  return /^\s*(\w+)/.exec(body)?.[1] ?? 'query';
}

function pathOf(path: string): string {
  return new URL(`../src/${path}`, import.meta.url).pathname;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.code;
}
