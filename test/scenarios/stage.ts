/**
 * Where a scenario plays: the same ground with one instance and its log in the process, or with several on one Redis. Every instance
 * signs its requests to the model with a key of its own, so that a scenario can tell who drives a run. Plays nothing itself.
 */
import { newId } from '../../src/foundation/ids.ts';
import { openApp, openGround, type App, type FrontEnd, type Ground, type StreamItem } from '../support/app.ts';
import type { RecordedRequest, ScriptedReply } from '../support/messages-api.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { openTab, type Tab, type TabOptions } from './tab.ts';
import { staffViewer } from '../../src/store/viewer.ts';

export interface Topology {
  readonly name: string;
  readonly instances: number;
}

export const ONE: Topology = { name: 'one instance', instances: 1 };
export const TWO: Topology = { name: 'two instances on Redis', instances: 2 };
export const THREE: Topology = { name: 'three instances on Redis', instances: 3 };

export interface Visitor {
  readonly customerId: string;
  readonly token: string;
  /** The same customer at each instance. */
  readonly at: readonly FrontEnd[];
}

export interface Posted {
  readonly conversationId: string;
  readonly runId: string;
  readonly position: string;
}

export interface Stage extends Pick<Ground, 'database' | 'model' | 'token'> {
  readonly apps: readonly App[];
  /** Null when there is one instance. */
  readonly redis: RedisServer | null;
  visitor(): Promise<Visitor>;
  /** Somebody of the desk. */
  person(name: string): Promise<Visitor>;
  /** A question put to the first instance. */
  ask(visitor: Visitor, text?: string): Promise<Posted>;
  /** A tab on this instance, counted round: there is always another one, or the same. */
  tab(visitor: Visitor, instance: number, conversationId: string, after?: string, options?: Partial<TabOptions>): Promise<Tab>;
  /** A tab on each instance. */
  tabs(visitor: Visitor, posted: Posted): Promise<Tab[]>;
  /** The number of the instance that sent this request. */
  driverOf(request: RecordedRequest): number;
  close(): Promise<void>;
}

export const WORDS = ['Your ', 'invoice ', 'is ', 'under ', 'Settings, ', 'then ', 'Billing, ', 'then ', 'Invoices.'];
export const TEXT = WORDS.join('');
export const QUESTION = 'Where do I find my invoice?';

const POST = `mutation Post($input: PostMessageInput!) { postMessage(input: $input) { disposition message { id text } run { id status } } }`;
const STOP = `mutation Stop($id: ID!) { stopRun(input: { runId: $id }) { run { id status } message { text status } usage { outputTokens } alreadyFinished } }`;
const LOAD = `query Load($id: ID!) { conversation(id: $id) { position messages(last: 50) { edges { node { id role text status } } } activeRun { id status } } }`;

export async function openStage({ instances }: Topology, env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const opened: { close(): Promise<void> }[] = [];
  const close = () => closeAll(opened);
  try {
    const ground = await openGround();
    opened.push(ground);
    const redis = instances > 1 ? await startRedis() : null;
    if (redis) opened.push(redis);
    const shared = { shareDatabaseWith: ground, ...(redis ? { redisUrl: redis.url } : {}) };
    const apps: App[] = [];
    for (let number = 0; number < instances; number += 1) {
      const app = await openApp({ ANTHROPIC_API_KEY: `sk-test-${number}`, SOCKETS_PER_VIEWER: '100', ...env }, shared);
      opened.push(app);
      apps.push(app);
    }
    return stageOf(ground, apps, redis, opened, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function stageOf(ground: Ground, apps: readonly App[], redis: RedisServer | null, opened: { close(): Promise<void> }[], close: () => Promise<void>): Stage {
  const instance = (number: number): App => {
    const app = apps[number % apps.length];
    if (!app) throw new Error('a stage without an instance');
    return app;
  };

  async function tab(visitor: Visitor, number: number, conversationId: string, after?: string, options: Partial<TabOptions> = {}): Promise<Tab> {
    const made = await openTab({ url: () => instance(number).parley.url, token: visitor.token, conversationId, after, ...options });
    opened.push(made);
    return made;
  }

  return {
    apps,
    redis,
    tab,
    close,
    database: ground.database,
    model: ground.model,
    token: ground.token,
    async visitor() {
      const customerId = await ground.addCustomer();
      const token = await ground.token({ kind: 'customer', customerId });
      return { customerId, token, at: apps.map((app) => app.frontEnd(token)) };
    },
    async person(name) {
      const user = { id: newId('usr'), email: `${newId('usr')}@desk.example`, name, role: 'user' as const };
      await ground.database.user.create({ data: user });
      const token = await ground.token(staffViewer({ userId: user.id, name, role: user.role }));
      return { customerId: '', token, at: apps.map((app) => app.frontEnd(token)) };
    },
    ask: (visitor, text = QUESTION) => at(visitor, 0).ask(text),
    tabs: (visitor, { conversationId, position }) => Promise.all(apps.map((_, number) => tab(visitor, number, conversationId, position))),
    driverOf(request) {
      const found = /sk-test-(\d)$/.exec(String(request.headers['x-api-key'] ?? request.headers['authorization']));
      if (!found) throw new Error('a request of nobody');
      return Number(found[1]);
    },
  };
}

/** In reverse, and each of them, whatever becomes of the others. */
export async function closeAll(opened: { close(): Promise<void> }[]): Promise<void> {
  const failures: unknown[] = [];
  for (const each of opened.splice(0).toReversed()) await each.close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, 'something did not close');
}

/** The visitor's front-end at this instance, counted round. */
export function at(visitor: Visitor, number: number): FrontEnd {
  const found = visitor.at[number % visitor.at.length];
  if (!found) throw new Error('a visitor of no instance');
  return found;
}

/** A model that gives one token each time the test says so; every attempt of a run is given the same. */
export function stepped(stage: Pick<Stage, 'model'>, words: readonly string[] = WORDS, reply: Omit<ScriptedReply, 'text' | 'gate'> = {}) {
  let allowed = 0;
  const waiting: { readonly token: number; readonly resume: () => void }[] = [];
  const number = stage.model.requests.length;
  const gate = (token: number) => (token < allowed ? undefined : new Promise<void>((resume) => waiting.push({ token, resume })));
  stage.model.otherwise(() => ({ ...reply, text: words, gate }));
  return {
    /** The first request that is answered with this. */
    request: () => stage.model.request(number),
    allow(count: number) {
      allowed = count;
      for (const one of waiting.splice(0)) {
        if (one.token < allowed) one.resume();
        else waiting.push(one);
      }
    },
  };
}

export interface PostAnswer {
  readonly disposition: string;
  readonly message: { readonly id: string; readonly text: string };
  readonly run: { readonly id: string; readonly status: string } | null;
}

export async function post(frontEnd: FrontEnd, input: Readonly<Record<string, unknown>>): Promise<PostAnswer> {
  const { data, errors } = await frontEnd.http(POST, { input });
  if (errors) throw Object.assign(new Error(errors[0]?.message), { code: errors[0]?.extensions.code });
  return (data as { postMessage: PostAnswer }).postMessage;
}

export interface StopAnswer {
  readonly run: { readonly id: string; readonly status: string };
  readonly message: { readonly text: string; readonly status: string } | null;
  readonly usage: { readonly outputTokens: number };
  readonly alreadyFinished: boolean;
}

export async function stop(frontEnd: FrontEnd, runId: string): Promise<StopAnswer> {
  const { data, errors } = await frontEnd.http(STOP, { id: runId });
  if (errors) throw Object.assign(new Error(errors[0]?.message), { code: errors[0]?.extensions.code });
  return (data as { stopRun: StopAnswer }).stopRun;
}

export interface Loaded {
  readonly position: string;
  readonly activeRun: { readonly id: string; readonly status: string } | null;
  readonly messages: readonly { readonly id: string; readonly role: string; readonly text: string; readonly status: string }[];
}

/** What a page shows that is loaded anew. */
export async function load(frontEnd: FrontEnd, conversationId: string): Promise<Loaded> {
  const { data, errors } = await frontEnd.http(LOAD, { id: conversationId });
  if (errors) throw Object.assign(new Error(errors[0]?.message), { code: errors[0]?.extensions.code });
  const { conversation } = data as { conversation: Omit<Loaded, 'messages'> & { messages: { edges: { node: Loaded['messages'][number] }[] } } };
  return { ...conversation, messages: conversation.messages.edges.map(({ node }) => node) };
}

export function typesOf(items: readonly StreamItem[]): readonly string[] {
  return items.map((item) => item.__typename);
}
