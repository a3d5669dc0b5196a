/**
 * What docker-compose.yml describes, as plain processes: two gateways in production mode behind the very nginx.conf (only its addresses
 * replaced), one PostgreSQL, one Redis with the very settings. And the three files read closely, since no image is built here.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { z } from 'zod';
import { readConfig } from '../src/config.ts';
import { systemClock } from '../src/foundation/clock.ts';
import { newId } from '../src/foundation/ids.ts';
import { createFrontEnd, isTerminal, ITEM, textOf, type FrontEnd, type StreamItem } from './support/app.ts';
import { takeUntil } from './support/collect.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { requireProgram } from './support/debian.ts';
import { tokensOf } from './support/keys.ts';
import { startMessagesApi, type MessagesApi, type ScriptedReply } from './support/messages-api.ts';
import { eventually, freePort, openBench, type Bench, type ParleyProcess } from './support/process.ts';
import { startRedis, type RedisServer } from './support/redis-server.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const JWT_SECRET = 'a secret for tests that has more than 32 characters';
/** Sockets that are not told otherwise are sent away 4 s before the end of the drain. */
const DRAIN_MS = 6_000;
const SECRETS = ['POSTGRES_PASSWORD', 'JWT_SECRET', 'ANTHROPIC_API_KEY'];
const INSTALL_MS = 180_000;
const WORDS = Array.from({ length: 24 }, (_, word) => `word${word} `);
/** The answer waits before this word until a test has seen what came before it. */
const HELD = 10;
const SAID = WORDS.slice(0, HELD).join('');

const Service = z.object({
  image: z.string(),
  environment: z.record(z.string(), z.string()).default({}),
  command: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  networks: z.record(z.string(), z.object({ ipv4_address: z.string().optional() })),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  extra_hosts: z.array(z.string()).default([]),
  stop_grace_period: z.string().regex(/^\d+s$/),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
});
const Compose = z.object({
  services: z.object({ 'gateway-1': Service, 'gateway-2': Service, nginx: Service, postgres: Service, redis: Service }).strict(),
  networks: z.object({ data: z.object({ internal: z.literal(true) }), edge: z.object({}) }),
  volumes: z.record(z.string(), z.object({})),
});

const read = (name: string) => readFile(join(ROOT, name), 'utf8');
const composeFile = async () => Compose.parse(parse(await read('docker-compose.yml'), { merge: true }));

describe('docker-compose.yml', () => {
  it('starts two equal gateways when what they stand on works, and gives them the time they need to leave', async () => {
    const { 'gateway-1': one, 'gateway-2': two } = (await composeFile()).services;
    expect({ ...one, networks: null }).toEqual({ ...two, networks: null });
    expect(one.depends_on).toEqual({ postgres: { condition: 'service_healthy' }, redis: { condition: 'service_healthy' } });
    expect(one).toMatchObject({ read_only: true, cap_drop: ['ALL'], ports: [] });
    const closingMs = Number(/LEAVE_MS = ([\d_]+)/.exec(await read('src/main.ts'))?.[1]?.replaceAll('_', ''));
    expect(closingMs).toBeGreaterThan(0);
    expect(Number.parseInt(one.stop_grace_period, 10) * 1_000).toBeGreaterThan(Number(one.environment['DRAIN_MS']) + closingMs);
  });

  it('gives the gateways a configuration they start with in production', async () => {
    const { environment } = (await composeFile()).services['gateway-1'];
    const set = new Map(Object.entries({ JWT_SECRET, POSTGRES_PASSWORD: 'secret', ANTHROPIC_API_KEY: 'sk-test', PUBLIC_URL: 'https://support.example' }));
    const filled = Object.entries(environment).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{(\w+):[^}]*\}/g, (_, variable: string) => set.get(variable) ?? ''),
    ]);
    const config = readConfig({ ...Object.fromEntries(filled), NODE_ENV: 'production' });
    expect(config.databaseUrl).toBe('postgres://parley:secret@postgres:5432/parley');
    expect(config.redisUrl).toBe('redis://redis:6379/0');
  });

  it('knows no secret, not even as a default', async () => {
    const text = await read('docker-compose.yml');
    for (const name of SECRETS) {
      const uses = text.match(new RegExp(`\\$\\{?${name}[^}]*\\}?`, 'g')) ?? [];
      expect(uses.length, name).toBeGreaterThan(0);
      for (const use of uses) expect(use).toMatch(/^\$\{\w+:\?/);
    }
  });

  it('opens nothing to the outside but nginx, and names the version of every image', async () => {
    const { services } = await composeFile();
    expect(Object.entries(services).flatMap(([name, { ports }]) => (ports.length > 0 ? [name] : []))).toEqual(['nginx']);
    for (const { image } of Object.values(services)) if (image !== 'parley') expect(image).toMatch(/^\w+:\d/);
    for (const name of ['postgres', 'redis'] as const) expect(Object.keys(services[name].networks)).toEqual(['data']);
    for (const name of ['nginx', 'postgres', 'redis'] as const) expect(services[name].healthcheck, name).toBeDefined();
    expect(services.redis.command.join(' ')).toContain('--maxmemory-policy noeviction');
  });

  it('has the gateways believe nginx about who calls, and nobody else', async () => {
    const { nginx, 'gateway-1': one } = (await composeFile()).services;
    expect(one.environment['TRUSTED_PROXIES']).toBe(nginx.networks['edge']?.ipv4_address);
    expect(await read('.config/nginx.conf')).toMatch(/proxy_set_header X-Forwarded-For \$remote_addr;/);
  });

  it('tells nginx where the gateways are, under the names its configuration uses', async () => {
    const { services } = await composeFile();
    const names = ['gateway-1', 'gateway-2'] as const;
    expect(services.nginx.extra_hosts).toEqual(names.map((name) => `${name}:${services[name].networks['edge']?.ipv4_address}`));
    const upstreams = [...(await read('.config/nginx.conf')).matchAll(/^ {4}server (\S+):4000 /gm)].map(([, name]) => name);
    expect(upstreams).toEqual(names);
  });
});

describe('Dockerfile', () => {
  it('ends in a stage that runs as a number that is not root, listens to SIGTERM and says when it is ready', async () => {
    const stages = (await read('Dockerfile')).split(/^FROM /m).slice(1);
    expect(stages.length).toBe(3);
    for (const stage of stages) expect(stage).toMatch(/^\$\{NODE_IMAGE\}/);
    const last = stages.at(-1) ?? '';
    expect(last).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
    expect(last).toMatch(/^STOPSIGNAL SIGTERM$/m);
    expect(last).toMatch(/^EXPOSE 4000$/m);
    expect(last).toMatch(/^ENV NODE_ENV=production HOST=0\.0\.0\.0 PORT=4000$/m);
    expect(last).toMatch(/^HEALTHCHECK [^]*\/health\/ready/m);
    expect(last).not.toMatch(/^RUN /m);
    const command = z.array(z.string()).parse(JSON.parse(/^CMD (\[.+\])$/m.exec(last)?.[1] ?? ''));
    expect(command.at(-1)).toBe('--wait');
    expect(existsSync(join(ROOT, command.at(-2) ?? ''))).toBe(true);
  });

  it('copies only what exists and what .dockerignore lets through', async () => {
    const allowed = (await read('.dockerignore')).split('\n').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const copies = [...(await read('Dockerfile')).matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
    expect(copies.length).toBeGreaterThan(5);
    for (const source of copies) {
      expect(existsSync(join(ROOT, source)), source).toBe(true);
      expect(
        allowed.some((path) => path.startsWith(source) || source.startsWith(path)),
        source,
      ).toBe(true);
    }
  });

  it('installs every package that the sources import', async () => {
    const { dependencies } = z.object({ dependencies: z.record(z.string(), z.string()) }).parse(JSON.parse(await read('package.json')));
    const files = (await readdir(join(ROOT, 'src'), { recursive: true })).filter((name) => name.endsWith('.ts') && !name.includes('generated'));
    const imported = new Set<string>();
    for (const file of files) {
      for (const [, name = ''] of (await read(join('src', file))).matchAll(
        /^(?:import|export|\} from)\b(?! type).*?from '((?:@[\w.-]+\/)?[\w-][\w.-]*)(?:\/[^']*)?';/gm,
      ))
        imported.add(name);
    }
    expect(imported.size).toBeGreaterThan(10);
    expect([...imported].filter((name) => !(name in dependencies))).toEqual([]);
  });

  it('has a health check that tells ready from not ready', async () => {
    const [, command = ''] = /^HEALTHCHECK [^\n]*\\\n\s+CMD (\[.+\])$/m.exec(await read('Dockerfile')) ?? [];
    const [, ...args] = z.array(z.string()).parse(JSON.parse(command));
    const check = (port: number) =>
      promisify(execFile)(process.execPath, args, { env: { PORT: `${port}` }, timeout: 10_000 }).then(
        () => 0,
        (error: { readonly code: number }) => error.code,
      );
    let status = 200;
    const server = createServer((request, response) => void response.writeHead(request.url === '/health/ready' ? status : 404).end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    expect(await check(port)).toBe(0);
    status = 503;
    expect(await check(port)).toBe(1);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect(await check(port)).toBe(1);
  });
});

describe('two gateways behind nginx', { timeout: 60_000 }, () => {
  const closers: (() => Promise<unknown> | void)[] = [];
  let rows: TestDatabase;
  let model: MessagesApi;
  let gateways: Gateway[];
  let nginx: Nginx;

  beforeAll(async () => {
    await requireProgram('nginx', '-v', 'nginx-light');
    rows = opened(await createTestDatabase());
    model = opened(await startMessagesApi());
    const redis: RedisServer = opened(await startRedis((await composeFile()).services.redis.command.slice(1)));
    const bench: Bench = opened(await openBench());
    const ports = [await freePort(), await freePort()] as const;
    const port = await freePort();
    const env = {
      NODE_ENV: 'production',
      ALLOW_ARBITRARY_OPERATIONS: 'true',
      DATABASE_URL: rows.url,
      REDIS_URL: redis.url,
      JWT_SECRET,
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      ANTHROPIC_API_KEY: 'sk-test',
      ANTHROPIC_BASE_URL: model.url,
      DRAIN_MS: `${DRAIN_MS}`,
      TRUSTED_PROXIES: '127.0.0.1',
    };
    gateways = ports.map((one) => startGateway(bench, { ...env, PORT: `${one}` }));
    await Promise.all(gateways.map((one) => one.process.ready()));
    nginx = opened(await startNginx(port, ports));
  }, INSTALL_MS);
  afterAll(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  function opened<T extends { close(): Promise<unknown> }>(thing: T): T {
    closers.push(() => thing.close());
    return thing;
  }

  async function customer(): Promise<FrontEnd & { readonly token: string }> {
    const customerId = newId('cus');
    await rows.database.customer.create({ data: { id: customerId, email: `${customerId}@example.test`, name: 'Dana Reyes' } });
    const token = await tokensOf(rows.database, JWT_SECRET).sign({ kind: 'customer', customerId }, { ttlS: 3_600 });
    const frontEnd = createFrontEnd(() => nginx.url, token);
    closers.push(() => frontEnd.dispose());
    return { ...frontEnd, token };
  }

  /** The next answer stops before the held word until this is called; a second attempt would not. */
  function hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const reply: ScriptedReply = { text: WORDS, gate: (word) => (word < HELD ? undefined : promise) };
    model.otherwise(() => ({ text: WORDS }));
    model.script(reply);
    return resolve;
  }

  it('brings every token at once to readers on either gateway, whichever took the message', async () => {
    const me = await customer();
    const goOn = hold();
    const { conversationId, position } = await me.ask('How do I export my tasks?');
    const readers = [follow(nginx.url, me.token, conversationId, position)];
    // One after the other: the second finds the first gateway busier.
    await readers[0]?.opened;
    readers.push(follow(nginx.url, me.token, conversationId, position));
    for (const reader of readers) await reader.has(SAID);
    goOn();
    for (const reader of readers) expect(await reader.finished).toBe(WORDS.join(''));
    for (const reader of readers) await reader.dispose();
    const served = await eventually('nginx has written both sockets down', async () => {
      const sockets = (await nginx.log()).filter(({ status }) => status === 101);
      return sockets.length === 2 && sockets.map(({ gateway }) => gateway);
    });
    expect(new Set(served).size).toBe(2);
  });

  it('lets a stream of events through as it comes, and goes on after Last-Event-ID', async () => {
    const me = await customer();
    const goOn = hold();
    const { runId } = await me.ask('How do I invite a guest?');
    const cut = new AbortController();
    const first = await readEvents(nginx.url, me.token, runId, undefined, cut.signal);
    const items: StreamItem[] = [];
    let last = '';
    while (textOf(items) !== SAID) {
      const event = await first.next();
      if (event.done) throw new Error('the stream ended early');
      if (event.value.item) items.push(event.value.item);
      last = event.value.id ?? last;
    }
    cut.abort();
    goOn();
    const second = await readEvents(nginx.url, me.token, runId, last, AbortSignal.timeout(20_000));
    const rest = await takeUntil(second, ({ event }) => event === 'complete');
    const more = rest.flatMap(({ item }) => item ?? []);
    expect(more[0]).toMatchObject({ __typename: 'StreamReady', status: 'RECOVERED' });
    expect(textOf([...items, ...more])).toBe(WORDS.join(''));
    expect(more.filter(isTerminal)).toMatchObject([{ __typename: 'RunFinished' }]);
  });

  it('leaves it to the gateway to refuse what is too large, and to itself who may look at the machines', async () => {
    const refused = await fetch(`${nginx.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'too-large-1' },
      body: JSON.stringify({ query: '{ viewer { __typename } }', variables: { padding: 'x'.repeat(300 * 1_024) } }),
    });
    expect(refused.headers.get('x-request-id')).toBe('too-large-1');
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_INPUT' } }] });
    expect((await fetch(`${nginx.url}/metrics`)).status).toBe(404);
    expect((await fetch(`${nginx.url}/health/ready`)).status).toBe(200);
  });

  it('counts who is not signed in by the address that nginx saw, on both gateways together, whatever they claim', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      const { status } = await fetch(`${nginx.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': `198.51.100.${n}`, forwarded: `for=198.51.100.${n}` },
        body: JSON.stringify({ query: '{ __typename }' }),
      });
      statuses.push(status);
    }
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(2);
  });

  it('replaces one gateway after the other while readers follow an answer, and nobody loses or doubles a word', async () => {
    const me = await customer();
    for (const leaving of [0, 1]) {
      const goOn = hold();
      const { conversationId, position } = await me.ask('How do I see the timeline?');
      const readers = [follow(nginx.url, me.token, conversationId, position)];
      await readers[0]?.opened;
      readers.push(follow(nginx.url, me.token, conversationId, position));
      for (const reader of readers) await reader.has(SAID);

      const gateway = gateways[leaving];
      if (!gateway) throw new Error('no such gateway');
      const ended = gateway.process.end('SIGTERM');
      await Promise.race(readers.map((reader) => reader.moved));
      // What is said from here on is heard through the other gateway.
      goOn();
      for (const reader of readers) expect(await reader.finished).toBe(WORDS.join(''));
      expect(await ended).toEqual({ code: 0, signal: null });
      expect((await fetch(`${nginx.url}/health/ready`)).status).toBe(200);

      model.script({ text: ['Still ', 'here.'] });
      const { errors } = await me.http('mutation More($input: PostMessageInput!) { postMessage(input: $input) { run { id } } }', {
        input: { conversationId, text: 'Are you there?' },
      });
      expect(errors).toBeUndefined();
      for (const reader of readers) expect(await reader.next()).toBe('Still here.');
      for (const reader of readers) await reader.dispose();
      gateway.restart();
      await gateway.process.ready();
    }
  });
});

interface Gateway {
  readonly process: ParleyProcess;
  restart(): void;
}

function startGateway(bench: Bench, env: Readonly<Record<string, string>>): Gateway {
  let process = bench.start(env);
  return {
    get process() {
      return process;
    },
    restart() {
      process = bench.start(env);
    },
  };
}

interface Reader {
  /** Resolves with the first item. */
  readonly opened: Promise<void>;
  /** Resolves once the text is this. */
  has(text: string): Promise<void>;
  /** Resolves when a gateway that leaves has sent it away and another has taken it in. */
  readonly moved: Promise<void>;
  /** The text of the first answer at its end. */
  readonly finished: Promise<string>;
  /** The text of the second answer at its end. */
  next(): Promise<string>;
  dispose(): Promise<void>;
}

/** The stock client, which keeps its position and comes back with it. */
function follow(url: string, token: string, conversationId: string, position: string): Reader {
  const opening = Promise.withResolvers<void>();
  const moving = Promise.withResolvers<void>();
  const answers = [Promise.withResolvers<string>(), Promise.withResolvers<string>()] as const;
  const listeners = new Set<() => void>();
  let items: StreamItem[] = [];
  let answered = 0;
  let after = position;
  let sentAway = false;
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 500,
    shouldRetry: () => true,
    retryWait: () => systemClock.sleep(20),
    connectionParams: { authorization: `Bearer ${token}` },
    on: { closed: (event) => (sentAway ||= Reflect.get(Object(event), 'code') === 1012) },
  });
  const variables = {
    id: conversationId,
    get after() {
      return after;
    },
  };
  client.subscribe<{ item: StreamItem }>(
    { query: `subscription Follow($id: ID!, $after: Position) { item: conversationEvents(id: $id, after: $after) { ${ITEM} } }`, variables },
    {
      next: ({ data }) => {
        if (!data) return;
        const { item } = data;
        after = item.position;
        items.push(item);
        opening.resolve();
        if (sentAway) moving.resolve();
        for (const listener of listeners) listener();
        if (!isTerminal(item)) return;
        answers[answered]?.resolve(textOf(items));
        answered += 1;
        items = [];
      },
      error: (error) => {
        for (const waiting of [opening, moving, ...answers]) waiting.reject(error);
      },
      complete: () => undefined,
    },
  );
  for (const { promise } of answers) promise.catch(() => undefined);
  moving.promise.catch(() => undefined);
  return {
    opened: opening.promise,
    moved: moving.promise,
    finished: answers[0].promise,
    next: () => answers[1].promise,
    has: (text) =>
      new Promise((resolve) => {
        const look = () => {
          if (textOf(items) !== text) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      }),
    dispose: async () => client.dispose(),
  };
}

interface ServerSentEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly item: StreamItem | null;
}

async function readEvents(url: string, token: string, runId: string, after: string | undefined, signal: AbortSignal): Promise<AsyncIterator<ServerSentEvent>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
      ...(after ? { 'last-event-id': after } : {}),
    },
    body: JSON.stringify({ query: `subscription Follow($id: ID!) { item: runEvents(id: $id) { ${ITEM} } }`, variables: { id: runId } }),
    signal,
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  return eventsOf(response);
}

async function* eventsOf({ body }: Response): AsyncGenerator<ServerSentEvent, undefined> {
  let text = '';
  for await (const bytes of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += bytes;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) =>
        lines
          .find((line) => line.startsWith(`${name}:`))
          ?.slice(name.length + 1)
          .trim();
      const event = field('event');
      if (event === undefined) continue;
      const data = field('data');
      const result = data ? (JSON.parse(data) as { readonly data?: { readonly item: StreamItem } }) : null;
      yield { id: field('id'), event, item: result?.data?.item ?? null };
    }
  }
}

interface Nginx {
  readonly url: string;
  /** Requests that have ended, oldest first. */
  log(): Promise<readonly { readonly status: number; readonly gateway: string }[]>;
  close(): Promise<void>;
}

const LogLine = z.object({ status: z.number(), gateway: z.string() });

async function startNginx(port: number, gateways: readonly [number, number]): Promise<Nginx> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'parley-nginx-')));
  const file = join(home, 'nginx.conf');
  const logFile = join(home, 'access.log');
  const given = await read('.config/nginx.conf');
  const replaced = given
    .replace('server gateway-1:4000', `server 127.0.0.1:${gateways[0]}`)
    .replace('server gateway-2:4000', `server 127.0.0.1:${gateways[1]}`)
    .replace('listen 8080;', `listen 127.0.0.1:${port};`);
  await writeFile(file, replaced);
  // A file, since nginx opens /dev/stdout by name and a pipe made by Node is a socket.
  const log = await open(logFile, 'a');
  const child = spawn('nginx', ['-e', 'stderr', '-p', `${home}/`, '-c', file, '-g', 'daemon off;'], { stdio: ['ignore', log.fd, 'pipe'], detached: true });
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const ended = once(child, 'exit');
  // Ends it should this process be killed.
  const guardian = spawn('sh', ['-c', `read _; kill ${child.pid} 2> /dev/null`], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  guardian.unref();
  const nginx: Nginx = {
    url: `http://127.0.0.1:${port}`,
    async log() {
      const lines = (await readFile(logFile, 'utf8')).split('\n').filter((line) => line !== '');
      return lines.map((line) => LogLine.parse(JSON.parse(line)));
    },
    async close() {
      child.kill('SIGTERM');
      await ended;
      guardian.kill('SIGKILL');
      await log.close();
      await rm(home, { recursive: true, force: true });
    },
  };
  try {
    await eventually('nginx listens', async () => {
      if (child.exitCode !== null) return true;
      const socket = connect(port, '127.0.0.1');
      return once(socket, 'connect').then(
        () => Boolean(socket.destroy()),
        () => false,
      );
    });
    if (child.exitCode !== null) throw new Error(`nginx ended at once:\n${complaints}`);
  } catch (error) {
    await nginx.close();
    throw error;
  }
  return nginx;
}
