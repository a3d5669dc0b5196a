/**
 * A customer writes a card number, a password and a key wherever customers can write: none of it is in a row, in an event that staff
 * see, in a line of the log or in a request to the model. Over a whole Parley, its log open to everything.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { startParley, type Parley } from '../../src/parley.ts';
import { createFrontEnd, isTerminal, openGround, type FrontEnd, type Ground } from '../support/app.ts';
import { staffViewer } from '../../src/store/viewer.ts';

const CARD = '4111 1111 1111 1111';
const PASSWORD = 'Tr0ub4dor-and-3';
const KEY = 'sk-ant-api03-Qx7Lm2Vb9Rt4Kp8Wz1Yc6Nd3';
const SECRETS = [CARD, CARD.replaceAll(' ', ''), PASSWORD, KEY];
const TEXT = `My card ${CARD} was charged twice. My password is ${PASSWORD} and my key is ${KEY}`;
const SAFE = 'My card [card ending 1111] was charged twice. My password is [password] and my key is [API key]';

const START = `mutation($input: StartConversationInput!) { done: startConversation(input: $input) { conversation { id subject } message { id text } run { id } } }`;
const POST = `mutation($input: PostMessageInput!) { done: postMessage(input: $input) { disposition message { id text } run { id } } }`;
const RAISE = `mutation($input: RaiseEscalationInput!) { done: raiseEscalation(input: $input) { escalation { id } } }`;
const RATE = `mutation($input: RateConversationInput!) { done: rateConversation(input: $input) { conversation { id } } }`;
const RUN = `mutation($input: RunAgentInput!) { done: runAgent(input: $input) { run { id } } }`;
const EVERYTHING = `__typename position
  ... on MessagePosted { message { id role text } } ... on MessageFinished { message { id role text } } ... on TextDelta { text } ... on TextSnapshot { text }
  ... on AgentChosen { reason } ... on EscalationDecided { decision rules reason }
  ... on StepFinished { path output } ... on ToolCalled { tool arguments } ... on ToolReturned { tool summary } ... on HandedOver { reason }
  ... on RunFinished { run { id result } } ... on RunFailed { run { id } code sentence } ... on RunStopped { run { id } }`;
const RAISED = '... on EscalationRaised { escalation { id reason snapshot } }';

interface Done {
  readonly conversation?: { readonly id: string; readonly subject: string };
  readonly message?: { readonly id: string; readonly text: string };
  readonly run?: { readonly id: string };
  readonly disposition?: string;
}

describe('what a customer should not have written', () => {
  let ground: Ground & { close(): Promise<void> };
  let parley: Parley;
  let customer: FrontEnd;
  let staff: FrontEnd;
  const lines: string[] = [];

  beforeAll(async () => {
    ground = await openGround();
    const log = createLogger({ level: 'trace', pretty: false, destination: { write: (line) => void lines.push(line) } });
    parley = await startParley({ config: readConfig(ground.environment()), log, clock: systemClock, captureException: () => undefined });
    customer = createFrontEnd(() => parley.url, await ground.token({ kind: 'customer', customerId: await ground.addCustomer() }));
    const user = { id: newId('usr'), email: 'ada@desk.example', name: 'Ada Lovelace', role: 'admin' as const };
    await ground.database.user.create({ data: user });
    staff = createFrontEnd(() => parley.url, await ground.token(staffViewer({ userId: user.id, name: user.name, role: user.role })));
  });
  afterAll(async () => {
    await customer.dispose();
    await staff.dispose();
    await parley.close();
    await ground.close();
  });

  async function verb(document: string, input: Readonly<Record<string, unknown>>): Promise<Done> {
    const { data, errors } = await customer.http(document, { input });
    if (errors) throw new Error(errors[0]?.message);
    return (data as { done: Done }).done;
  }

  /** Everything staff hear of it, from its beginning to the end of this run. */
  async function heard(field: 'conversationEvents' | 'runEvents', id: string, runId: string, after?: string): Promise<string> {
    const items: unknown[] = [];
    const query = `subscription($id: ID!, $after: Position) { item: ${field}(id: $id, after: $after) { ${EVERYTHING} ${field === 'runEvents' ? '' : RAISED} } }`;
    for await (const { data } of staff.client.iterate<{ item: Parameters<typeof isTerminal>[0] }>({ query, variables: { id, after } })) {
      if (!data) throw new Error('a subscription without items');
      items.push(data.item);
      if (isTerminal(data.item) && data.item.run?.id === runId) break;
    }
    return JSON.stringify(items);
  }

  async function everyRow(): Promise<string> {
    const tables = await ground.database.$queryRaw<
      { name: string }[]
    >`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`;
    const rows = await Promise.all(tables.map(({ name }) => ground.database.$queryRawUnsafe<{ row: string }[]>(`SELECT t::text AS row FROM "${name}" t`)));
    expect(tables.length).toBeGreaterThan(50);
    return rows.flatMap((some) => some.map(({ row }) => row)).join('\n');
  }

  it('is kept, told, logged and sent to the model without it', async () => {
    // The model says it too, cut in the middle, as if it had known it.
    ground.model.otherwise(({ tools }) => ({
      text: ['Your card 4111 11', '11 1111 11', `11 and the password is ${PASSWORD.slice(0, 5)}`, `${PASSWORD.slice(5)} `, 'are safe.'],
      // Whoever checks the answer finds nothing.
      ...(tools?.some(({ name }) => name === 'give_findings') ? { toolCalls: [{ name: 'give_findings', input: { findings: [], confidence: 1 } }] } : {}),
    }));
    const key = 'only-once';
    const first = await verb(START, { text: TEXT, idempotencyKey: key });
    expect(first.message?.text).toBe(SAFE);
    expect(first.conversation?.subject).not.toContain(PASSWORD);
    const conversationId = first.conversation?.id ?? '';
    const events = [await heard('runEvents', first.run?.id ?? '', first.run?.id ?? '')];
    expect((await verb(START, { text: TEXT, idempotencyKey: key })).conversation?.id).toBe(conversationId);

    // The fast way, the same message again, and the long way.
    const posted = await verb(POST, { conversationId, text: TEXT, clientMessageId: 'm-1' });
    events.push(await heard('runEvents', posted.run?.id ?? '', posted.run?.id ?? ''));
    expect(posted).toMatchObject({ disposition: 'STARTED', message: { text: SAFE } });
    expect(await verb(POST, { conversationId, text: TEXT, clientMessageId: 'm-1' })).toMatchObject({
      disposition: 'DUPLICATE',
      message: { id: posted.message?.id },
    });
    const long = await verb(POST, { conversationId, text: `Once more: ${TEXT}`, onBusy: 'INTERRUPT' });
    events.push(await heard('runEvents', long.run?.id ?? '', long.run?.id ?? ''));
    expect(long.message?.text).toBe(`Once more: ${SAFE}`);

    await verb(RAISE, { conversationId, reason: `A person, please. ${TEXT}` });
    await verb(RATE, { conversationId, rating: 1, comment: TEXT });
    const alone = await verb(RUN, { agentId: 'refund_processor', text: TEXT });
    events.push(await heard('runEvents', alone.run?.id ?? '', alone.run?.id ?? ''));
    const { data } = await staff.http('query($id: ID!) { conversation(id: $id) { position } }', { id: conversationId });
    const { position } = (data as { conversation: { position: string } }).conversation;
    const last = await verb(POST, { conversationId, text: `Last: ${TEXT}` });
    const told = await heard('conversationEvents', conversationId, last.run?.id ?? '', position);

    const everywhere = {
      rows: await everyRow(),
      events: events.join('\n'),
      told,
      lines: lines.join('\n'),
      model: JSON.stringify([ground.model.requests.map(({ body }) => body), ground.model.routings]),
    };
    for (const [where, all] of Object.entries(everywhere)) for (const secret of SECRETS) expect(`${where}: ${all.includes(secret)}`).toBe(`${where}: false`);
    // That there was something to find.
    expect(lines.length).toBeGreaterThan(3);
    for (const all of [everywhere.rows, everywhere.events, everywhere.told, everywhere.model]) expect(all).toContain('[card ending 1111]');
    const answer = await ground.database.message.findFirst({ where: { runId: first.run?.id ?? '', role: 'agent' } });
    expect(answer?.text).toBe('Your card [card ending 1111] and the password is [password] are safe.');
  });

  it('is refused as another message under a name that was used, told apart by what is kept of it', async () => {
    const { conversation } = await verb(START, { text: 'Hello' });
    const conversationId = conversation?.id ?? '';
    await verb(POST, { conversationId, text: `Card ${CARD}`, clientMessageId: 'm-2' });
    await expect(verb(POST, { conversationId, text: 'Card 5555 5555 5555 4444', clientMessageId: 'm-2' })).rejects.toThrow('this id was used before');
  });
});
