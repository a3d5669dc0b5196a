/**
 * Personal data on its way out: in fields, lists, searches, subscriptions and verbs, by who asks. And the guard: a field of text that
 * nobody has judged fails here by its name.
 */
import { getNamedType, isIntrospectionType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { PERSONAL_FIELDS } from '../../src/schema/personal-data.ts';
import { schema } from '../../src/schema/schema.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { addBelongings, type Belongings } from '../support/belongings.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createScriptedLlm } from '../support/scripted-llm.ts';
import { ask, contextOf, open, refusalOf } from './ask.ts';

/** Fields of text that tell nothing about a person: made by the business, or names of things. */
const IMPERSONAL = `
Agent description domain examples title tools
AgentChosen by
ApiKey allowList createdBy lastUsedAddress name prefix scopes
Approval argumentsHash closedReason requestedBy step tool
ApprovalDecided by outcome
ArticleReport parts problems
AuditEntry action actorId changes requestId subjectId subjectKind
BudgetWarning scope
Citation section slug title
Contact title
CreateApiKeyPayload key
CreateCustomerTokenPayload token
CreateWebhookPayload secret
Customer company country industry language timezone
CustomerExport endCursor
Delivery body
DeliveryAttempt error responseBody
Erasure counts
Escalation raisedBy resolvedBy rules team
EscalationDecided rules team
EscalationReleased by
ExportedRow fields kind
Invoice number
InvoiceLine description
Job owner
KnowledgeAnswer text
KnowledgeArticle body category slug tags title
KnowledgeHit category section slug text title
LogInPayload deviceToken
Message author clientMessageId
MessageReset reason
Money amount currency
PageInfo endCursor startCursor
Payment failureCode method
RegisteredOperation documentId name otherIds text
RotateApiKeyPayload key
RoutePreview domain reason
Run decisionRules model outcome stoppedBy
RunError code message
RunFailed code sentence
RunFinished outcome
RunStep path role
RunStopped by
Schedule cron name timeZone
Session network userAgent
SessionTokens accessToken refreshToken
StepError code message
StepFinished outcome path role
StepStarted path role
StreamReset reason
ToolCalled tool
ToolReturned failureCode tool
UpdateWebhookPayload secret
UsageRow key
User email name
Viewer name scopes
Webhook contactEmail description disabledReason url
Workflow description input inputSchema resultSchema title`;

const user = staffViewer({ userId: newId('usr'), name: 'Kim', role: 'user' });
const partner = partnerViewer({ partnerId: 'ptn_pii', keyId: null });

let house: House;
let theirs: Belongings;
let own: Viewer;

beforeAll(async () => {
  house = await openHouse({ llm: createScriptedLlm(), started: false });
  theirs = await addBelongings(house.database, { partnerId: 'ptn_pii', mark: 'acme' });
  own = { kind: 'customer', customerId: theirs.customerId };
});
afterAll(() => house.close());

const PERSON = 'query($id: ID!) { customer(id: $id) { email name contacts { name email phone } notes { edges { node { text } } } } }';

/** Names of customers that a search finds. */
async function found(viewer: Viewer, search: string): Promise<unknown> {
  const { customers } = await ask(house, viewer, 'query($search: String) { customers(search: $search) { edges { node { id } } } }', { search });
  return (customers as { edges: { node: { id: string } }[] }).edges.map(({ node }) => node.id);
}

describe('personal data', () => {
  it('is judged for every field of text and every value', () => {
    const told: string[] = [];
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type) || isIntrospectionType(type) || type.name.endsWith('Edge')) continue;
      const names = Object.values(type.getFields()).flatMap((field) =>
        ['String', 'JSON'].includes(getNamedType(field.type).name) && PERSONAL_FIELDS[type.name]?.[field.name] === undefined ? [field.name] : [],
      );
      if (names.length > 0) told.push(`${type.name} ${names.toSorted().join(' ')}`);
    }
    expect(told.toSorted()).toEqual(IMPERSONAL.trim().split('\n'));
  });

  it.each<[string, () => Viewer]>([
    ['staff with the scope', () => STAFF],
    ['the customer', () => own],
  ])('is whole for %s', async (_who, viewer) => {
    const { customer } = await ask(house, viewer(), PERSON, { id: theirs.customerId });
    expect(customer).toMatchObject({
      email: 'acme@acme.example',
      name: 'acme Studio',
      contacts: [{ name: 'acme Wolf', email: 'lea.acme@acme.example', phone: '+1 212 555 0142' }],
    });
  });

  it.each<[string, () => Viewer]>([
    ['staff without the scope', () => user],
    ['a partner, of its own customers', () => partner],
  ])('is masked for %s, in fields and lists, by its id and as a relation', async (_who, viewer) => {
    const masked = {
      email: 'a***@a***.example',
      name: 'acme Studio',
      contacts: [{ name: 'a*** W***', email: 'l***@a***.example', phone: '***42' }],
      notes: { edges: [{ node: { text: 'acme noted, write to [e-mail]' } }] },
    };
    expect(await ask(house, viewer(), PERSON, { id: theirs.customerId })).toEqual({ customer: masked });
    const other = 'query($id: ID!, $contact: ID!) { node(id: $contact) { ... on Contact { email } } conversation(id: $id) { customer { email } } }';
    expect(await ask(house, viewer(), other, { id: theirs.ids['Conversation'], contact: theirs.ids['Contact'] })).toEqual({
      node: { email: 'l***@a***.example' },
      conversation: { customer: { email: 'a***@a***.example' } },
    });
    const list = await ask(house, viewer(), '{ customers { edges { node { email } } } }');
    expect(JSON.stringify(list)).not.toContain('acme@');
  });

  it('is not told by what a search finds, nor by a name that was made of an address', async () => {
    const named = newId('cus');
    const nameless = { id: named, email: 'mallory@hidden.example', name: 'mallory', partnerId: 'ptn_pii' };
    await house.database.customer.create({ data: nameless });
    for (const search of ['mallory@hidden.example', 'mallory@', 'hidden.example', 'mallory']) expect(await found(STAFF, search)).toEqual([named]);
    for (const search of ['mallory@hidden.example', 'mallory@', 'hidden.example', 'mallory']) expect(await found(user, search)).toEqual([]);
    expect(await found(user, 'acme Stud')).toEqual([theirs.customerId]);
    expect(await ask(house, user, 'query($id: ID!) { customer(id: $id) { name } }', { id: named })).toEqual({ customer: { name: 'm***' } });
    // A partner finds its own by the address that it knows, and by no part of it.
    expect(await found(partner, 'MALLORY@hidden.example')).toEqual([named]);
    for (const search of ['mallory@hidden', 'hidden.example', 'mallory']) expect(await found(partner, search)).toEqual([]);
    expect(await found(partnerViewer({ partnerId: 'ptn_other', keyId: null }), 'mallory@hidden.example')).toEqual([]);
  });

  it('does not name a customer for staff without the scope, whether there is one or not', async () => {
    const RUN = 'mutation($input: RunAgentInput!) { runAgent(input: $input) { run { id } } }';
    const START = 'mutation($input: StartConversationInput!) { startConversation(input: $input) { run { id } } }';
    for (const customerEmail of [theirs.email, 'nobody@nowhere.example']) {
      expect(await refusalOf(house, user, RUN, { input: { agentId: 'first_agent', text: 'Hi', customerEmail } })).toMatchObject({ code: 'FORBIDDEN' });
      expect(await refusalOf(house, user, START, { input: { text: 'Hi', customerEmail } })).toMatchObject({ code: 'FORBIDDEN' });
    }
    await ask(house, partner, RUN, { input: { agentId: 'first_agent', text: 'Hi', customerEmail: theirs.email } });
  });

  it('is masked in what was said for the desk, and not for the partner through whose front end it goes', async () => {
    const { conversation, message } = await house.desk.conversations.start(own, { text: 'Write to dana@acme.example, I sit at 203.0.113.7' });
    const said = 'query($id: ID!) { conversation(id: $id) { messages { edges { node { text } } } } }';
    const textFor = async (viewer: Viewer) => JSON.stringify(await ask(house, viewer, said, { id: conversation.id }));
    expect(await textFor(user)).toContain('Write to [e-mail], I sit at [IP address]');
    for (const viewer of [STAFF, partner, own]) expect(await textFor(viewer)).toContain('Write to dana@acme.example, I sit at 203.0.113.7');
    expect(message.text).toContain('dana@acme.example');
  });

  it('is masked in what is followed: messages and tools without it, and no pieces of text', async () => {
    const { conversation, message, run } = await house.desk.conversations.start(own, { text: 'I am dana@acme.example' });
    const at = new Date().toISOString();
    const of = { at, runId: run.id, step: 'agent' } as const;
    const piece = { type: 'TextDelta', ...of, visibility: 'CUSTOMER', messageId: message.id, attempt: 1, offset: 0, text: 'dana@acm' } as const;
    const summary = 'Found dana@acme.example';
    const tool = { type: 'ToolReturned', ...of, visibility: 'STAFF', callId: 'c1', agentId: 'first_agent', tool: 'find', summary, failed: false } as const;
    const leaving = new AbortController();
    const follow = `subscription($id: ID!) { conversationEvents(id: $id) { __typename
      ... on TextDelta { text } ... on ToolReturned { summary } ... on MessagePosted { message { text } } } }`;
    const streams = await Promise.all([user, STAFF].map((viewer) => open(contextOf(house, viewer, leaving.signal), follow, { id: conversation.id })));
    const posted = { type: 'MessagePosted', at, visibility: 'CUSTOMER', messageId: message.id, runId: null } as const;
    await house.log.append(`conversation:${conversation.id}`, [piece, tool, posted]);
    const seen = await Promise.all(
      streams.map(async (stream) => {
        const items: Record<string, unknown>[] = [];
        for await (const { data, errors } of stream) {
          expect(errors).toBeUndefined();
          const item = data?.['conversationEvents'] as Record<string, unknown>;
          items.push(item);
          if (item['__typename'] === 'MessagePosted') break;
        }
        return items.slice(1);
      }),
    );
    leaving.abort();
    expect(JSON.parse(JSON.stringify(seen))).toEqual([
      [
        { __typename: 'ToolReturned', summary: 'Found [e-mail]' },
        { __typename: 'MessagePosted', message: { text: 'I am [e-mail]' } },
      ],
      [
        { __typename: 'TextDelta', text: 'dana@acm' },
        { __typename: 'ToolReturned', summary: 'Found dana@acme.example' },
        { __typename: 'MessagePosted', message: { text: 'I am dana@acme.example' } },
      ],
    ]);
  });
});
