/** Several agents on a conversation, over real sockets: the staff hears every word live, from history and at rest; the customer hears nothing at all. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { newId } from '../../src/foundation/ids.ts';
import { staffViewer } from '../../src/store/viewer.ts';
import { isTerminal, openApp, type App, type FrontEnd, type StreamItem } from '../support/app.ts';
import { takeUntil } from '../support/collect.ts';
import type { MessagesBody, ScriptedReply } from '../support/messages-api.ts';
import { AGENTS } from '../support/signals.ts';

const START = 'mutation Start($input: StartWorkflowInput!) { startWorkflow(input: $input) { run { id conversation { id } customer { id } } } }';
const POST = 'mutation Post($input: PostMessageInput!) { postMessage(input: $input) { disposition run { id } } }';
const LISTS = 'query Lists($id: ID!) { runs { edges { node { id } } } conversation(id: $id) { activeRun { id } runs { edges { node { id } } } } }';
const DEBATERS = ['refund_processor', 'security_advisor'];

let app: App;
let desk: FrontEnd;
const agentOf = new Map<string, string>();
/** The second debater waits here before its first word. */
let held: PromiseWithResolvers<void>;
let waits: PromiseWithResolvers<void>;

beforeAll(async () => {
  const catalog = await loadCatalog(AGENTS, { has: () => true, parseGrant: () => undefined });
  for (const agent of catalog.agents) agentOf.set(agent.prompt, agent.id);
  app = await openApp();
  app.model.otherwise(reply);
  desk = app.frontEnd(await app.token(staffViewer({ userId: newId('usr'), name: 'Sam', role: 'admin' })));
});
afterAll(() => app.close());

function reply({ system, tools = [] }: MessagesBody): ScriptedReply {
  const agentId = agentOf.get(system?.[0]?.text ?? '') ?? 'nobody';
  if (!tools.some(({ name }) => name === 'give_verdict')) return { text: 'Here is your answer.' };
  const position = { name: 'give_verdict', input: { position: 'refund', confidence: 0.9 } };
  const gate = (token: number): Promise<void> | void => {
    if (agentId !== DEBATERS[1] || token > 0) return;
    waits.resolve();
    return held.promise;
  };
  return { text: `${agentId} says refund.`, toolCalls: [position], gate };
}

const isEndOf = (runId: string) => (item: StreamItem) => isTerminal(item) && item.run?.id === runId;
/** The words of each path, put together by their offsets. */
function spoken(items: readonly StreamItem[], runId: string): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const { __typename, messageId = '', offset, text = '' } of items) {
    if (__typename !== 'TextDelta' || !messageId.startsWith(`${runId}:`)) continue;
    const path = messageId.slice(runId.length + 1);
    expect(offset).toBe(texts[path]?.length ?? 0);
    texts[path] = (texts[path] ?? '') + text;
  }
  return texts;
}

const SAID = { 'debate/1/0': 'refund_processor says refund.', 'debate/1/1': 'security_advisor says refund.' };

describe('a debate on a conversation', () => {
  it('is told to the staff wherever they follow, and to its customer nowhere, whose turns go on meanwhile', async () => {
    held = Promise.withResolvers();
    waits = Promise.withResolvers();
    const me = await app.customer();
    const { conversationId, runId, position } = await me.ask('Was I charged twice?');
    await takeUntil(me.follow(conversationId, position), isEndOf(runId));
    const mine = me.follow(conversationId);
    expect((await mine.next()).value).toMatchObject({ __typename: 'StreamReady' });
    const theirs = desk.follow(conversationId);
    expect((await theirs.next()).value).toMatchObject({ __typename: 'StreamReady' });

    const pattern = { debate: { participants: DEBATERS.map((agentId) => ({ agentId })), rounds: 1 } };
    const started = await desk.http(START, { input: { conversationId, question: 'Should we refund?', pattern } });
    expect(started).toMatchObject({ data: { startWorkflow: { run: { conversation: { id: conversationId }, customer: { id: me.customerId } } } } });
    const { id } = (started.data as { startWorkflow: { run: { id: string } } }).startWorkflow.run;
    const live = desk.followRun(id);
    await waits.promise;

    // In the middle of it.
    const seen = JSON.stringify((await me.http(LISTS, { id: conversationId })).data);
    expect(seen).toContain(runId);
    expect(seen).not.toContain(id);
    expect(await me.http(LISTS, { id: conversationId })).toMatchObject({ data: { conversation: { activeRun: null } } });
    await expect(me.followRun(id).next()).rejects.toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    const joined = me.follow(conversationId);
    expect((await joined.next()).value).toMatchObject({ __typename: 'StreamReady' });
    const late = desk.follow(conversationId);
    expect((await late.next()).value).toMatchObject({ __typename: 'StreamReady' });
    const posted = await me.http(POST, { input: { conversationId, text: 'And when will it be there?', onBusy: 'REJECT' } });
    expect(posted).toMatchObject({ data: { postMessage: { disposition: 'STARTED' } } });
    const next = (posted.data as { postMessage: { run: { id: string } } }).postMessage.run.id;
    const answered = [await takeUntil(mine, isEndOf(next)), await takeUntil(joined, isEndOf(next))];
    held.resolve();

    const channel = await takeUntil(theirs, isEndOf(id));
    expect(spoken(channel, id)).toEqual(SAID);
    expect(spoken(await takeUntil(live, isTerminal), id)).toEqual(SAID);
    expect(spoken(await takeUntil(late, isEndOf(id)), id)).toEqual({ 'debate/1/1': SAID['debate/1/1'] });

    // Its end as well lies before what the customer is told next.
    const last = (await me.http(POST, { input: { conversationId, text: 'Thanks!' } })).data as { postMessage: { run: { id: string } } };
    answered.push(await takeUntil(mine, isEndOf(last.postMessage.run.id)));
    const heard = answered.flat();
    expect(heard.filter(({ messageId, run }) => messageId?.includes(':') === true || run?.id === id)).toEqual([]);
    expect(answered.map((items) => items.filter(({ __typename }) => __typename === 'RunQueued').length)).toEqual([1, 1, 1]);
    expect(new Set(heard.map(({ __typename }) => __typename))).toEqual(
      new Set(['MessagePosted', 'RunQueued', 'RunStarted', 'AgentChosen', 'TextDelta', 'MessageFinished', 'RunFinished']),
    );

    // From history, and at rest when the history is gone.
    const later = await takeUntil(desk.followRun(id), isTerminal);
    expect(spoken(later, id)).toEqual(SAID);
    expect(later.at(-1)).toMatchObject({ __typename: 'RunFinished', run: { id, status: 'SUCCEEDED' } });
    await app.restart();
    const rest = await takeUntil(desk.followRun(id), isTerminal);
    expect(rest.map(({ __typename }) => __typename)).toEqual(['StreamReady', 'RunFinished']);
    await expect(me.followRun(id).next()).rejects.toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  });
});
