/**
 * A person takes over while an answer is written (S13), of a hundred one does, and the walk from asking for a person to the agent that
 * goes on and knows what was said: over sockets, on one instance and on two that share Redis.
 */
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { newId } from '../../src/foundation/ids.ts';
import { isText, type FrontEnd, type StreamItem } from '../support/app.ts';
import { at, load, ONE, openStage, post, stepped, TEXT, TWO, typesOf, WORDS, type Stage, type Visitor } from './stage.ts';

const first = (count: number) => WORDS.slice(0, count).join('');
const named = (items: readonly StreamItem[], name: string) => items.filter(({ __typename }) => __typename === name);

const RAISE = 'mutation Raise($input: RaiseEscalationInput!) { done: raiseEscalation(input: $input) { escalation { id status } } }';
const CLAIM = 'mutation Claim($input: ClaimEscalationInput!) { done: claimEscalation(input: $input) { escalation { id status claimedBy { name } } } }';
const RESOLVE = 'mutation Resolve($input: ResolveEscalationInput!) { done: resolveEscalation(input: $input) { escalation { id status summary } } }';
const SELECTION = `__typename position sequence replay
  ... on TextSnapshot { messageId attempt text } ... on TextDelta { messageId attempt offset text }
  ... on MessagePosted { message { id role text status author } } ... on MessageFinished { message { id role text status } }
  ... on RunFinished { run { id status } } ... on RunStopped { run { id status } by }
  ... on EscalationDecided { decision rules priority team }
  ... on EscalationRaised { escalation { id priority } } ... on EscalationClaimed { person { name } }
  ... on EscalationResolved { escalation { id summary } }`;
const DESK = `subscription Desk($after: Position) { item: escalationEvents(after: $after) {
  __typename position ... on StreamReady { status }
  ... on EscalationRaised { escalation { id reason conversation { id messages(last: 5) { edges { node { text } } } } } }
  ... on EscalationQueued { place expectedWaitSeconds peopleBackAt }
  ... on EscalationClaimed { escalation { id } person { name } } ... on EscalationResolved { escalation { id summary } }
  ... on MessagePosted { message { text conversation { id } } } } }`;

interface DeskItem extends StreamItem {
  readonly escalation?: { readonly id: string; readonly reason?: string; readonly summary?: string; readonly conversation?: { readonly id: string } };
}

/** What the verb answered; its refusal as an error. */
async function verb(frontEnd: FrontEnd, document: string, input: Readonly<Record<string, unknown>>): Promise<{ readonly id: string; readonly status: string }> {
  const { data, errors } = await frontEnd.http(document, { input });
  if (errors) throw Object.assign(new Error(errors[0]?.message), { code: errors[0]?.extensions.code });
  return (data as { done: { escalation: { id: string; status: string } } }).done.escalation;
}

/** A dashboard that stays open and collects what it hears. */
async function dashboard(stage: Stage, staff: Visitor, instance: number, after?: string) {
  const app = stage.apps[instance % stage.apps.length];
  if (!app) throw new Error('no such instance');
  const client = createClient({
    url: `${app.parley.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${staff.token}` },
  });
  const items: DeskItem[] = [];
  const results = client.iterate<{ item: DeskItem }>({ query: DESK, variables: { after } });
  async function until(what: (items: readonly DeskItem[]) => boolean): Promise<void> {
    while (!what(items)) {
      const { value, done } = await results.next();
      if (done || !value.data) throw new Error(`the dashboard ended: ${JSON.stringify(value)}`);
      items.push(value.data.item);
    }
  }
  await until((heard) => heard.length > 0);
  return { items, until, close: async () => client.dispose() };
}

describe.each([ONE, TWO])('a person of the desk on $name', (topology) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(topology);
  });
  afterAll(() => stage.close());

  it('S13: takes over at token k, from an instance that does not write the answer, and no token comes after', async () => {
    for (let k = 0; k < WORDS.length; k += 1) {
      const model = stepped(stage);
      const visitor = await stage.visitor();
      const posted = await stage.ask(visitor);
      const tabs = await Promise.all(
        stage.apps.map((_, number) => stage.tab(visitor, number, posted.conversationId, posted.position, { selection: SELECTION })),
      );
      const request = await model.request();
      model.allow(k);
      for (const tab of tabs) await tab.shows(first(k));
      const elsewhere = stage.driverOf(request) + 1;
      const { id: escalationId } = await verb(at(visitor, elsewhere), RAISE, { conversationId: posted.conversationId, reason: 'A person, please.' });
      const staff = await stage.person('Ada Lovelace');
      const claim = verb(at(staff, elsewhere), CLAIM, { escalationId });
      // One more token races with the claim; all others come as soon as anybody can have heard of it.
      model.allow(k + 1);
      await Promise.race(tabs.map((tab) => tab.until((items) => items.some(({ __typename }) => __typename === 'EscalationClaimed'), 'the claim')));
      model.allow(WORDS.length);
      expect(await claim).toMatchObject({ status: 'CLAIMED', claimedBy: { name: 'Ada Lovelace' } });
      const said = await post(at(staff, elsewhere), { conversationId: posted.conversationId, text: 'I am here now.' });
      expect(said.run).toBeNull();
      for (const tab of tabs) {
        await tab.until((items) => items.some((item) => item.message?.text === 'I am here now.'), 'the word of the person');
        await tab.ends();
        const taken = tab.items.findIndex(({ __typename }) => __typename === 'EscalationClaimed');
        expect(tab.items[taken]).toMatchObject({ person: { name: 'Ada Lovelace' } });
        expect(tab.items.slice(taken).filter(isText)).toEqual([]);
        // Whatever is told of the answer later has the words that were told, and not one more.
        const spoken = tab.text();
        expect(TEXT.startsWith(spoken) && spoken.length >= first(k).length).toBe(true);
        for (const { message } of named(tab.items, 'MessageFinished')) expect(message?.text).toBe(spoken);
        const page = await load(at(visitor, 0), posted.conversationId);
        expect(page.activeRun).toBeNull();
        expect(page.messages.filter(({ role }) => role === 'AGENT').map(({ text }) => text)).toEqual(spoken === '' ? [] : [spoken]);
        await tab.close();
      }
      const quiet = await post(at(visitor, 0), { conversationId: posted.conversationId, text: 'Thank you, Ada.' });
      expect(quiet.run).toBeNull();
    }
  });

  it('is one of a hundred who claim at once: the others are told who', async () => {
    const model = stepped(stage);
    model.allow(WORDS.length);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    const { id: escalationId } = await verb(at(visitor, 0), RAISE, { conversationId: posted.conversationId, reason: 'A person, please.' });
    const people = await Promise.all(Array.from({ length: 100 }, (_, number) => stage.person(`Person ${number}`)));
    const outcomes = await Promise.allSettled(people.map((each, number) => verb(at(each, number), CLAIM, { escalationId })));
    const winners = outcomes.flatMap((outcome, number) => (outcome.status === 'fulfilled' ? [number] : []));
    expect(winners).toHaveLength(1);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error & { code: string }] : []));
    expect(refused.map(({ code }) => code)).toEqual(Array.from({ length: 99 }, () => 'ALREADY_CLAIMED'));
    expect(new Set(refused.map(({ message }) => message))).toEqual(new Set([`Person ${winners[0]} has claimed this already.`]));
    expect(await stage.database.conversation.findUnique({ where: { id: posted.conversationId } })).toMatchObject({ owner: 'people', ownerVersion: 2 });
  });

  it('is asked for, races, talks with the customer, hands back, and the agent goes on knowing it', async () => {
    const model = stepped(stage);
    model.allow(WORDS.length);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    const customer = await stage.tab(visitor, 0, posted.conversationId, posted.position, { selection: SELECTION });
    await customer.ends();
    const [ada, grace] = [await stage.person('Ada Lovelace'), await stage.person('Grace Hopper')];
    const boards = [await dashboard(stage, ada, 0), await dashboard(stage, grace, 1)];
    const { id: escalationId } = await verb(at(visitor, 1), RAISE, { conversationId: posted.conversationId, reason: 'I want to talk to somebody.' });
    for (const board of boards) {
      await board.until((items) => items.some((item) => item.__typename === 'EscalationQueued'));
      expect(named(board.items, 'EscalationRaised')).toMatchObject([{ escalation: { id: escalationId, reason: 'I want to talk to somebody.' } }]);
    }
    const race = await Promise.allSettled([ada, grace].map((each, number) => verb(at(each, number), CLAIM, { escalationId })));
    const number = race.findIndex(({ status }) => status === 'fulfilled');
    const [winner, loser] = number === 0 ? [ada, grace] : [grace, ada];
    expect(race.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'ALREADY_CLAIMED' } });
    for (const board of boards) await board.until((items) => items.some((item) => item.__typename === 'EscalationClaimed'));
    await expect(post(at(loser, 0), { conversationId: posted.conversationId, text: 'Me too' })).rejects.toMatchObject({ code: 'NOT_CLAIMED' });
    await expect(verb(at(loser, 0), RESOLVE, { escalationId, summary: 'Not mine.' })).rejects.toMatchObject({ code: 'NOT_CLAIMED' });

    const desk = await stage.tab(winner, 1, posted.conversationId, undefined, { selection: SELECTION });
    const says = async (who: Visitor, instance: number, text: string) => {
      expect((await post(at(who, instance), { conversationId: posted.conversationId, text })).run).toBeNull();
      for (const tab of [customer, desk]) await tab.until((items) => items.some((item) => item.message?.text === text), text);
    };
    await says(winner, 1, 'Hello, how can I help?');
    await says(visitor, 0, 'Please move my renewal to the fifth.');
    await says(winner, 1, 'Done: it is the fifth now.');
    for (const board of boards) await board.until((items) => items.some((item) => item.message?.text === 'Please move my renewal to the fifth.'));
    expect(await verb(at(winner, 1), RESOLVE, { escalationId, summary: 'Renewal day moved to the fifth of the month.' })).toMatchObject({ status: 'RESOLVED' });
    await customer.until((items) => items.some((item) => item.__typename === 'EscalationResolved'), 'the end of it');
    expect(named(customer.items, 'EscalationResolved')).toMatchObject([{ escalation: { summary: null } }]);

    const asked = stage.model.requests.length;
    const again = await post(at(visitor, 0), { conversationId: posted.conversationId, text: 'When does it renew?' });
    await customer.ends(again.run?.id);
    const known = JSON.stringify(stage.model.requests.slice(asked).map(({ body }) => body));
    for (const words of ['Done: it is the fifth now.', 'Renewal day moved to the fifth of the month.', 'When does it renew?']) expect(known).toContain(words);
    // The summary is for the desk and the agents.
    const seen = (frontEnd: FrontEnd) => load(frontEnd, posted.conversationId).then(({ messages }) => JSON.stringify(messages));
    expect(await seen(at(visitor, 1))).not.toContain('Renewal day moved');
    expect(await seen(at(winner, 1))).toContain('Renewal day moved');
    expect(JSON.stringify(customer.items)).not.toContain('Renewal day moved');
    for (const each of [customer, desk, ...boards]) await each.close();
  });

  it('is asked for by the rules when a customer threatens, and the agent says so, waits beside, and goes on knowing it', async () => {
    const model = stepped(stage);
    model.allow(WORDS.length);
    const [staff, visitor] = [await stage.person('Ada Lovelace'), await stage.visitor()];
    const board = await dashboard(stage, staff, 1);
    const asked = stage.model.requests.length;
    const promptOf = (number: number) => JSON.stringify(stage.model.requests[asked + number]?.body?.system);
    const posted = await stage.ask(visitor, 'This is outrageous, the worst service ever! I will sue you, my lawyer will call you tomorrow!');
    const [customer, desk] = [
      await stage.tab(visitor, 0, posted.conversationId, posted.position, { selection: SELECTION }),
      await stage.tab(staff, 1, posted.conversationId, posted.position, { selection: SELECTION }),
    ];
    for (const tab of [customer, desk]) await tab.ends();
    expect(named(desk.items, 'EscalationDecided')).toMatchObject([
      { decision: 'ESCALATE', rules: expect.arrayContaining(['legal']), priority: 'CRITICAL', team: 'executive' },
    ]);
    expect(named(customer.items, 'EscalationDecided')).toEqual([]);
    expect(typesOf(customer.items).indexOf('EscalationRaised')).toBeLessThan(typesOf(customer.items).indexOf('TextDelta'));
    expect(await stage.database.run.findUnique({ where: { id: posted.runId } })).toMatchObject({
      status: 'succeeded',
      decision: 'escalate',
      decisionRules: expect.arrayContaining(['legal']),
    });
    expect(promptOf(0)).toContain('they have been asked for just now');
    expect(promptOf(0)).toContain('A person of our team will take this over');
    await board.until((items) => items.some((item) => item.__typename === 'EscalationQueued'));
    const escalationId = board.items.find(({ __typename }) => __typename === 'EscalationRaised')?.escalation?.id ?? '';
    expect(await stage.database.escalation.findMany({ where: { conversationId: posted.conversationId } })).toMatchObject([
      {
        id: escalationId,
        team: 'executive',
        priority: 'critical',
        raisedByKind: 'system',
        snapshot: { emotion: 'angry', plan: 'premium', message: expect.stringContaining('my lawyer') },
      },
    ]);

    // Until somebody comes the agents answer, and ask nobody a second time.
    const beside = await post(at(visitor, 1), { conversationId: posted.conversationId, text: 'And I will sue you twice. Where are my invoices meanwhile?' });
    await customer.ends(beside.run?.id);
    expect(promptOf(1)).toContain('A person has been asked for already');
    expect(promptOf(1)).not.toContain('they have been asked for just now');
    expect(await stage.database.escalation.count({ where: { conversationId: posted.conversationId } })).toBe(1);

    await verb(at(staff, 1), CLAIM, { escalationId });
    expect((await post(at(staff, 0), { conversationId: posted.conversationId, text: 'I am Ada, and I have refunded both payments.' })).run).toBeNull();
    expect((await post(at(visitor, 0), { conversationId: posted.conversationId, text: 'Thank you, Ada.' })).run).toBeNull();
    await verb(at(staff, 0), RESOLVE, { escalationId, summary: 'Both payments refunded; no case at law.' });
    const again = await post(at(visitor, 1), { conversationId: posted.conversationId, text: 'When does my plan renew?' });
    await customer.ends(again.run?.id);
    expect(JSON.stringify(stage.model.requests[asked + 2]?.body?.messages)).toContain('Both payments refunded; no case at law.');
    expect(promptOf(2)).not.toContain('A person');
    expect(await stage.database.run.findUnique({ where: { id: again.run?.id ?? '' } })).toMatchObject({ decision: 'answer', decisionRules: [] });
    expect(await stage.database.escalation.count({ where: { conversationId: posted.conversationId } })).toBe(1);
    for (const each of [customer, desk, board]) await each.close();
  });

  it('who looked away catches up with all of it, from where they were', async () => {
    const model = stepped(stage);
    model.allow(WORDS.length);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    const staff = await stage.person('Ada Lovelace');
    const before = await dashboard(stage, staff, 0);
    const after = before.items.at(-1)?.position;
    await before.close();
    const { id: escalationId } = await verb(at(visitor, 1), RAISE, { conversationId: posted.conversationId, reason: 'A person, please.' });
    await verb(at(staff, 0), CLAIM, { escalationId });
    await verb(at(staff, 1), RESOLVE, { escalationId, summary: 'Nothing to do.' });
    const later = await dashboard(stage, staff, 1, after);
    await later.until((items) => items.some((item) => item.__typename === 'EscalationResolved'));
    expect(later.items[0]).toMatchObject({ __typename: 'StreamReady', status: 'RECOVERED' });
    expect(later.items.slice(1).map(({ __typename }) => __typename)).toEqual([
      'EscalationRaised',
      'EscalationQueued',
      'EscalationClaimed',
      'EscalationResolved',
    ]);
    await later.close();
  });

  it('is the only kind of viewer who follows the desk or claims', async () => {
    const model = stepped(stage);
    model.allow(WORDS.length);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    await expect(dashboard(stage, visitor, 0)).rejects.toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    const other = await stage.visitor();
    await expect(verb(at(other, 0), RAISE, { conversationId: posted.conversationId, reason: 'Mine?' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { id: escalationId } = await verb(at(visitor, 0), RAISE, { conversationId: posted.conversationId, reason: 'A person, please.' });
    await expect(verb(at(visitor, 0), CLAIM, { escalationId })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(verb(at(await stage.person('Ada'), 0), CLAIM, { escalationId: newId('conv') })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    const QUERY = 'query Of($id: ID!) { escalation(id: $id) { id priority reason snapshot place } }';
    expect(await at(other, 0).http(QUERY, { id: escalationId })).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    expect(await at(visitor, 1).http(QUERY, { id: escalationId })).toMatchObject({
      data: { escalation: { priority: null, reason: null, snapshot: null, place: expect.any(Number) } },
    });
  });
});
