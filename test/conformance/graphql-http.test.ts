/**
 * The audits of the GraphQL over HTTP specification, written by its authors (npm: graphql-http), against our door: for somebody who is
 * not known where documents may be sent, and for a developer of the desk at a whole Parley that runs nothing else but what is registered.
 */
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { staffViewer } from '../../src/store/viewer.ts';
import { startGateway } from '../gateway/start-gateway.ts';
import { openApp } from '../support/app.ts';

interface Door {
  readonly url: string;
  readonly credential: string | null;
  close(): Promise<void>;
}

async function developerInProduction(): Promise<Door> {
  const app = await openApp({ NODE_ENV: 'production', ALLOW_ARBITRARY_OPERATIONS: 'false' });
  const credential = await app.token(staffViewer({ userId: newId('usr'), name: 'Ada', role: 'admin' }));
  return { url: app.parley.url, credential, close: app.close };
}

describe.each<[string, () => Promise<Door>]>([
  ['nobody in particular', async () => ({ ...(await startGateway()), credential: null })],
  ['a developer in production, who has graphql:arbitrary', developerInProduction],
])('GraphQL over HTTP for %s', (_who, open) => {
  let door: Door;
  beforeAll(async () => {
    door = await open();
  });
  afterAll(() => door.close());

  const audits = serverAudits({
    url: () => `${door.url}/graphql`,
    fetchFn(url: string, init: RequestInit = {}) {
      const headers = new Headers(init.headers);
      if (door.credential !== null) headers.set('authorization', `Bearer ${door.credential}`);
      return fetch(url, { ...init, headers });
    },
  });

  it('is audited in full', () => expect(audits).toHaveLength(61));

  it.each(audits.map((audit) => [audit.id, audit.name, audit] as const))('%s %s', async (_id, _name, audit) => {
    const result = await audit.fn();
    expect(result.status === 'ok' ? null : { status: result.status, reason: 'reason' in result ? result.reason : null }).toBeNull();
  });
});

describe('the same door in production', () => {
  it('runs no document of anybody else, so that the audits above are let in by the scope alone', async () => {
    const door = await developerInProduction();
    const ask = async (headers: Readonly<Record<string, string>>): Promise<unknown> => {
      const response = await fetch(`${door.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"query":"{ __typename }"}',
      });
      return response.json();
    };
    expect(await ask({})).toMatchObject({ errors: [{ extensions: { code: 'OPERATION_NOT_ALLOWED' } }] });
    expect(await ask({ authorization: `Bearer ${door.credential}` })).toEqual({ data: { __typename: 'Query' } });
    await door.close();
  });
});
