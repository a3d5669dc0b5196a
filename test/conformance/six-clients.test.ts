/** Six clients by four kinds of operations, over a whole Parley: what each of them does as it comes, without a line written for us. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { openApp, type App } from '../support/app.ts';
import { accessOf, partnerOf, register } from './partner.ts';
import { refusalIn, SIX_CLIENTS, type Access, type FrontEnd } from './six-clients.ts';

const WORDS = ['Your ', 'parcel ', 'comes ', 'on ', 'Monday.'];

/** Lets documents be sent, as in development. */
let free: App;
/** Runs nothing but what is registered, as in production. */
let strict: App;
let opened: Access[] = [];
beforeAll(async () => {
  [free, strict] = [await openApp(), await openApp({ ALLOW_ARBITRARY_OPERATIONS: 'false' })];
});
afterEach(async () => {
  for (const { socket } of opened) await socket.dispose();
  opened = [];
});
afterAll(async () => {
  await free.close();
  await strict.close();
});

function open(app: App, credential: string): Access {
  const access = accessOf(app, credential);
  opened.push(access);
  return access;
}

async function customer(): Promise<{ readonly customerId: string; readonly access: Access }> {
  const customerId = await free.addCustomer();
  return { customerId, access: open(free, await free.token({ kind: 'customer', customerId })) };
}

/** The kinds of items and the whole text, until the answer is complete. */
function answerIn(frontEnd: FrontEnd, id: string, after: string | null): Promise<{ readonly kinds: readonly string[]; readonly text: string }> {
  const kinds: string[] = [];
  let text = '';
  return new Promise((resolve, reject) => {
    const leave = frontEnd.follow(
      { id, after },
      (item) => {
        kinds.push(item.__typename);
        text += item.text ?? '';
        if (item.__typename !== 'RunFinished') return;
        leave();
        resolve({ kinds, text });
      },
      reject,
    );
  });
}

const refused = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'it was let in', refusalIn);

describe.each(SIX_CLIENTS)('%s', (_name, client) => {
  it('runs a query', async () => {
    const { customerId, access } = await customer();
    expect(await client.plain(access).viewer()).toBe(customerId);
  });

  it('runs a mutation', async () => {
    const { customerId, access } = await customer();
    free.model.script({ text: WORDS });
    const { id } = await client.plain(access).start({ text: 'Where is my parcel?' });
    expect(await free.database.conversation.findUnique({ where: { id } })).toMatchObject({ customerId });
  });

  it('follows a subscription from its acknowledgement to the last token', async () => {
    const { access } = await customer();
    free.model.script({ text: WORDS });
    const frontEnd = client.plain(access);
    const { id, position } = await frontEnd.start({ text: 'Where is my parcel?' });
    const { kinds, text } = await answerIn(frontEnd, id, position);
    expect(kinds[0]).toBe('StreamReady');
    expect(text).toBe(WORDS.join(''));
  });

  it('gets the server’s code and sentence for what a subscription is refused', async () => {
    const { access } = await customer();
    const error = new Promise((resolve) => client.plain(access).follow({ id: newId('conv'), after: null }, () => undefined, resolve));
    expect(refusalIn(await error)).toMatchObject({ message: 'There is no such conversation.', extensions: { code: 'NOT_FOUND' } });
  });

  it('runs the query, the mutation and the subscription that its partner registered, with a live key that may run nothing else', async () => {
    const partner = await partnerOf(strict);
    const access = open(strict, partner.live);
    const frontEnd = client.registered(access);
    expect(await refused(client.plain(access).viewer())).toMatchObject({
      extensions: { code: expect.stringMatching(/^OPERATION_NOT_(?:ALLOWED|FOUND)$/) as string },
    });
    expect(await refused(frontEnd.viewer())).toMatchObject({ extensions: { code: 'OPERATION_NOT_FOUND' } });
    expect(await register(strict, frontEnd.manifest, partner.test)).toMatchObject({
      code: 0,
      output: expect.stringContaining('3 registered, 3 of them new') as string,
    });
    expect(await frontEnd.viewer()).toBe(partner.id);
    strict.model.script({ text: WORDS });
    const { id, position } = await frontEnd.start({ customerId: partner.customerId, text: 'Where is my parcel?' });
    expect(await answerIn(frontEnd, id, position)).toMatchObject({ text: WORDS.join('') });
  });
});
