/** What is refused before anything is written, and which field the refusal names. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { partnerViewer, type Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, SUPER, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';
import { MESSAGE_CHARS_MAX, open, contextOf, refusalOf } from './ask.ts';

const START = 'mutation($input: StartConversationInput!) { startConversation(input: $input) { run { id } } }';
const POST = 'mutation($input: PostMessageInput!) { postMessage(input: $input) { message { id } } }';
const RATE = 'mutation($input: RateConversationInput!) { rateConversation(input: $input) { conversation { id } } }';
const CREATE = 'mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } } }';
const NOTE = 'mutation($input: AddCustomerNoteInput!) { addCustomerNote(input: $input) { note { id } } }';
const LONG = 'x'.repeat(MESSAGE_CHARS_MAX + 1);

describe('bad input', () => {
  let house: House;
  let viewer: Viewer;
  let customerId: string;
  let conversationId: string;

  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm(['Hello.']), started: false });
    ({ viewer, customerId } = await house.addCustomer());
    conversationId = (await house.desk.conversations.start(viewer, { text: 'Hello' })).conversation.id;
  });
  afterAll(() => house.close());

  async function counts() {
    const { database } = house;
    return Promise.all([
      database.customer.count(),
      database.conversation.count(),
      database.message.count(),
      database.run.count(),
      database.customerNote.count(),
      database.auditEntry.count(),
    ]);
  }

  it.each([
    ['an empty message', START, { text: '' }, 'input.text'],
    ['blanks', START, { text: ' \n\t ' }, 'input.text'],
    ['a message over the limit', START, { text: LONG }, 'input.text'],
    ['a null character', START, { text: 'a\0b' }, 'input.text'],
    ['half a surrogate pair', START, { text: 'half \ud800' }, 'input.text'],
    ['a customer who is no id', START, { text: 'Hi', customerId: 'me' }, 'input.customerId'],
    ['a customer by id and address', START, { text: 'Hi', customerId: newId('cus'), customerEmail: 'a@b.test' }, 'input.customerEmail'],
    ['a customer by half an address', START, { text: 'Hi', customerEmail: 'nobody' }, 'input.customerEmail'],
    ['nobody at all from the staff', START, { text: 'Hi' }, 'input.customerId'],
    ['an idempotency key with a blank', START, { text: 'Hi', idempotencyKey: 'a b' }, 'input.idempotencyKey'],
    ['an over-long idempotency key', START, { text: 'Hi', idempotencyKey: 'k'.repeat(129) }, 'input.idempotencyKey'],
    ['a customer without a name', CREATE, { email: 'a@b.test', name: '  ' }, 'input.name'],
    ['a customer without an address', CREATE, { email: 'a@b', name: 'A' }, 'input.email'],
    ['an address with a null character', CREATE, { email: 'a\0b@c.test', name: 'A' }, 'input.email'],
    ['a country that is none', CREATE, { email: 'a@b.test', name: 'A', country: 'Germany' }, 'input.country'],
    ['a time zone that is none', CREATE, { email: 'a@b.test', name: 'A', timezone: 'Mars/Olympus' }, 'input.timezone'],
    ['a language that is none', CREATE, { email: 'a@b.test', name: 'A', language: '!' }, 'input.language'],
    ['an empty note', NOTE, { customerId: newId('cus'), text: '' }, 'input.text'],
    ['a note on no id', NOTE, { customerId: 'cus_1', text: 'x' }, 'input.customerId'],
  ])('refuses %s and writes nothing', async (_what, operation, input, field) => {
    const before = await counts();
    expect(await refusalOf(house, STAFF, operation, { input })).toEqual({ code: 'BAD_INPUT', field });
    expect(await counts()).toEqual(before);
  });

  it.each([
    ['an empty message', POST, { text: '' }, 'input.text'],
    ['a message over the limit', POST, { text: LONG }, 'input.text'],
    ['an empty id of its own', POST, { text: 'Hi', clientMessageId: '' }, 'input.clientMessageId'],
    ['an over-long id of its own', POST, { text: 'Hi', clientMessageId: 'k'.repeat(129) }, 'input.clientMessageId'],
    ['a rating of 0', RATE, { rating: 0 }, 'input.rating'],
    ['a rating of 6', RATE, { rating: 6 }, 'input.rating'],
    ['an over-long comment', RATE, { rating: 5, comment: 'x'.repeat(2_001) }, 'input.comment'],
    ['a comment with a null character', RATE, { rating: 5, comment: '\0' }, 'input.comment'],
  ])('refuses %s in a conversation', async (_what, operation, input, field) => {
    const before = await counts();
    expect(await refusalOf(house, viewer, operation, { input: { conversationId, ...input } })).toEqual({ code: 'BAD_INPUT', field });
    expect(await counts()).toEqual(before);
  });

  it.each([
    ['conversation(id: "x") { id }', 'id'],
    ['conversation(id: "CONV_01h455vb4pex5vsknk084sn02q") { id }', 'id'],
    [`conversation(id: "${newId('run')}") { id }`, 'id'],
    ['customer(id: "") { id }', 'id'],
    ['run(id: "run_") { id }', 'id'],
    ['agent(id: "No Agent") { id }', 'id'],
    ['node(id: "whatever") { id }', 'id'],
    ['node(id: "conv_01h455vb4pex5vsknk084sn02") { id }', 'id'],
    ['conversations(customerId: "x") { edges { cursor } }', 'customerId'],
    ['runs(conversationId: "x") { edges { cursor } }', 'conversationId'],
    ['customers(search: "\\u0000") { edges { cursor } }', 'search'],
    ['agents(search: "") { edges { cursor } }', 'search'],
    ['knowledge(search: " ") { slug }', 'search'],
    ['knowledge(search: "password", first: 21) { slug }', 'first'],
    ['routePreview(text: "") { domain }', 'text'],
    ['routePreview(text: "Hi", customerId: "x") { domain }', 'customerId'],
  ])('refuses %s, naming %s', async (field, named) => {
    expect(await refusalOf(house, STAFF, `{ ${field} }`)).toEqual({ code: 'BAD_INPUT', field: named });
  });

  it('answers NOT_FOUND for ids that nothing has', async () => {
    for (const field of [
      'agent(id: "nobody") { id }',
      `node(id: "${newId('msg')}") { id }`,
      `node(id: "${newId('key')}") { id }`,
      `routePreview(text: "Hi", customerId: "${newId('cus')}") { domain }`,
    ]) {
      expect(await refusalOf(house, STAFF, `{ ${field} }`)).toEqual({ code: 'NOT_FOUND', field: undefined });
    }
    expect(await refusalOf(house, viewer, POST, { input: { conversationId: newId('conv'), text: 'Hi' } })).toEqual({ code: 'NOT_FOUND', field: undefined });
    expect(
      await refusalOf(house, SUPER, 'mutation($input: SetAgentEnabledInput!) { setAgentEnabled(input: $input) { agent { id } } }', {
        input: { agentId: 'nobody', enabled: false },
      }),
    ).toMatchObject({ code: 'NOT_FOUND' });
    expect(
      await refusalOf(house, STAFF, 'mutation($input: StopRunInput!) { stopRun(input: $input) { run { id } } }', { input: { runId: newId('run') } }),
    ).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('refuses to follow with a garbled id or position, and what is somebody else’s', async () => {
    const follow = 'subscription($id: ID!, $after: Position) { conversationEvents(id: $id, after: $after) { position } }';
    const start = (id: string, after?: string, as: Viewer | null = viewer) => open(contextOf(house, as), follow, { id, after });
    await expect(start('x')).rejects.toMatchObject({ code: 'BAD_INPUT', field: 'id' });
    await expect(start(conversationId, 'yesterday')).rejects.toMatchObject({ code: 'BAD_INPUT', field: 'after' });
    await expect(start(conversationId, '')).rejects.toMatchObject({ code: 'BAD_INPUT', field: 'after' });
    await expect(start(newId('conv'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const other = await house.addCustomer();
    await expect(start(conversationId, undefined, other.viewer)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(start(conversationId, undefined, null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(open(contextOf(house, viewer), 'subscription($id: ID!) { runEvents(id: $id) { position } }', { id: conversationId })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      field: 'id',
    });
  });

  it('lets only the staff switch agents, and no customer create, change or annotate customers', async () => {
    const SWITCH = 'mutation($input: SetAgentEnabledInput!) { setAgentEnabled(input: $input) { agent { id } } }';
    const UPDATE = 'mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { id } } }';
    const partner: Viewer = partnerViewer({ partnerId: newId('ptn'), keyId: null });
    for (const someone of [viewer, partner]) {
      expect(await refusalOf(house, someone, SWITCH, { input: { agentId: 'first_agent', enabled: false } })).toMatchObject({ code: 'FORBIDDEN' });
    }
    expect(await refusalOf(house, viewer, CREATE, { input: { email: 'new@example.test', name: 'New' } })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await refusalOf(house, viewer, UPDATE, { input: { customerId, name: 'New' } })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await refusalOf(house, viewer, NOTE, { input: { customerId, text: 'New' } })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await refusalOf(house, partner, UPDATE, { input: { customerId, name: 'New' } })).toMatchObject({ code: 'NOT_FOUND' });
  });
});
