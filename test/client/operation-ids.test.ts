/** The client names its operations by id: what it names is what its manifest holds, and a server that does not know it is sent the document. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createParleyClient, type ParleyClient } from '../../src/client/client.ts';
import { createOperationIds } from '../../src/client/operation-ids.ts';
import * as operations from '../../src/client/operations.ts';
import { readManifest } from '../../src/desk/operation-manifest.ts';
import { hashOf } from '../../src/desk/registered-operation.ts';
import { openApp, type App } from '../support/app.ts';
import { createWire, until, type Wire } from './wire.ts';

describe('the ids of the client', () => {
  it('are the SHA-256 of its documents, as the manifest of the release has them', () => {
    const manifest = new Map(
      readManifest(readFileSync(new URL('../../src/client/operations.json', import.meta.url), 'utf8')).map(({ id, body }) => [body, id]),
    );
    const { sent } = createOperationIds();
    const texts = Object.values(operations);
    expect(texts.length).toBeGreaterThan(6);
    for (const text of texts) {
      expect(sent(text)).toEqual(text.length > 200 ? { query: '', documentId: `sha256:${hashOf(text)}` } : { query: text });
      expect(manifest.get(text)).toBe(hashOf(text));
    }
    expect(sent('{ viewer { id } }')).toEqual({ query: '{ viewer { id } }' });
  });
});

describe.each([
  ['a server that runs nothing but what is registered', 'false', false],
  ['a server of another release, which knows none of them', 'true', true],
])('%s', (_what, allowed, retired) => {
  let app: App;
  let parley: ParleyClient;
  let wire: Wire;
  beforeAll(async () => {
    app = await openApp({ ALLOW_ARBITRARY_OPERATIONS: allowed });
    if (retired) await app.database.registeredOperation.updateMany({ data: { retiredAt: new Date() } });
    const { customerId } = await app.customer();
    const token = await app.token({ kind: 'customer', customerId });
    wire = createWire();
    parley = createParleyClient({ url: `${app.parley.url}/graphql`, token, webSocketImpl: wire.WebSocket, fetch: wire.fetch });
  });
  afterEach(() => parley.close());
  afterAll(() => app.close());

  it('is asked, followed and answered', async () => {
    app.model.script({ text: 'Under Billing.' });
    const { conversation } = await parley.startConversation({ text: 'Where is my invoice?' });
    const chat = parley.conversation(conversation.id);
    await until(chat, ({ thread }) => thread.activeRun === null && thread.messages.at(-1)?.status === 'COMPLETE' && thread.messages.at(-1)?.role === 'AGENT');
    expect(chat.thread.messages.at(-1)?.text).toBe('Under Billing.');
    const sent = wire.requests.map((body) => JSON.parse(body) as { readonly query: string; readonly documentId?: string });
    expect(sent[0]).toMatchObject({ query: '', documentId: expect.stringMatching(/^sha256:/) });
    // Found out once.
    expect(sent.slice(1).every(({ query }) => (query !== '') === retired)).toBe(true);
  });
});
