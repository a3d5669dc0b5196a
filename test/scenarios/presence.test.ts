/** Who sees whom in a conversation: on one instance, and with customer and desk on different ones. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StreamItem } from '../support/app.ts';
import { at, ONE, openStage, TWO, WORDS, stepped, type Stage } from './stage.ts';

const SELECTION = `__typename position sequence replay
  ... on PresenceChanged { state who { kind id name } }
  ... on TypingChanged { state until who { kind name } }
  ... on RunFinished { run { id } }`;
const TYPE = 'mutation Type($input: SetTypingInput!) { setTyping(input: $input) { conversation { id participants { kind name } } } }';

const said = (items: readonly StreamItem[], name: string) => items.filter(({ __typename }) => __typename === name);

describe.each([ONE, TWO])('presence on $name', (topology) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(topology);
  });
  afterAll(() => stage.close());

  it('shows the desk that the customer is there and types, and tells the customer nothing of who only looks on', async () => {
    const model = stepped(stage);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    await model.request();
    model.allow(WORDS.length);
    const staff = await stage.person('Lena Fischer');
    const desk = await stage.tab(staff, 1, posted.conversationId, undefined, { selection: SELECTION });
    await desk.until((items) => said(items, 'PresenceChanged').some((item) => item.who?.kind === 'PERSON'), 'the desk itself');
    const customer = await stage.tab(visitor, 0, posted.conversationId, undefined, { selection: SELECTION });
    await desk.until((items) => said(items, 'PresenceChanged').length === 2, 'the customer');
    expect(said(desk.items, 'PresenceChanged')[1]).toMatchObject({ state: 'PRESENT', who: { kind: 'CUSTOMER', id: visitor.customerId } });
    const typed = await at(visitor, 0).http(TYPE, { input: { conversationId: posted.conversationId, typing: true } });
    expect(typed).toMatchObject({ data: { setTyping: { conversation: { participants: [] } } } });
    const seen = await at(staff, 1).http('query Seen($id: ID!) { conversation(id: $id) { participants { kind } } }', { id: posted.conversationId });
    expect(JSON.stringify(seen)).toContain('CUSTOMER');
    await desk.until((items) => said(items, 'TypingChanged').length === 1, 'the typing');
    expect(said(desk.items, 'TypingChanged')[0]).toMatchObject({ state: 'TYPING', until: expect.any(String), who: { kind: 'CUSTOMER' } });
    await at(visitor, 0).http(TYPE, { input: { conversationId: posted.conversationId, typing: false } });
    await desk.until((items) => said(items, 'TypingChanged').length === 2, 'the end of the typing');
    expect(said(desk.items, 'TypingChanged')[1]).toMatchObject({ state: 'IDLE', until: null });
    await customer.close();
    await desk.until((items) => said(items, 'PresenceChanged').length === 3, 'the customer leaves');
    expect(said(desk.items, 'PresenceChanged')[2]).toMatchObject({ state: 'AWAY', who: { kind: 'CUSTOMER' } });
    expect([...said(customer.items, 'PresenceChanged'), ...said(customer.items, 'TypingChanged')]).toEqual([]);
    await desk.close();
  });

  it('shows the customer a person who holds the conversation, and their typing', async () => {
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    await stage.database.conversation.update({ where: { id: posted.conversationId }, data: { owner: 'people' } });
    const staff = await stage.person('Lena Fischer');
    const customer = await stage.tab(visitor, 0, posted.conversationId, undefined, { selection: SELECTION });
    const desk = await stage.tab(staff, 1, posted.conversationId, undefined, { selection: SELECTION });
    await customer.until((items) => said(items, 'PresenceChanged').length === 1, 'the person');
    expect(said(customer.items, 'PresenceChanged')[0]).toMatchObject({ state: 'PRESENT', who: { kind: 'PERSON', name: 'Lena Fischer' } });
    const write = await at(staff, 1).http(TYPE, {
      input: { conversationId: posted.conversationId, typing: true },
    });
    expect(write).toMatchObject({ data: { setTyping: { conversation: { id: posted.conversationId } } } });
    await customer.until((items) => said(items, 'TypingChanged').length === 1, 'the typing');
    expect(said(customer.items, 'TypingChanged')[0]).toMatchObject({ state: 'TYPING', who: { kind: 'PERSON', name: 'Lena Fischer' } });
    await Promise.all([customer.close(), desk.close()]);
  });

  it('refuses to let somebody type in a conversation that is not theirs', async () => {
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    const other = await stage.visitor();
    expect(await at(other, 0).http(TYPE, { input: { conversationId: posted.conversationId, typing: true } })).toMatchObject({
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
  });
});
