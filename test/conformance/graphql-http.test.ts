/** The audits of the GraphQL over HTTP specification, written by its authors (npm: graphql-http), against our door. */
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type Started } from '../gateway/start-gateway.ts';

let started: Started;
const audits = serverAudits({ url: () => `${started.url}/graphql`, fetchFn: fetch });

beforeAll(async () => {
  started = await startGateway();
});
afterAll(() => started.close());

describe('GraphQL over HTTP', () => {
  it('is audited in full', () => expect(audits).toHaveLength(61));

  it.each(audits.map((audit) => [audit.id, audit.name, audit] as const))('%s %s', async (_id, _name, audit) => {
    const result = await audit.fn();
    expect(result.status === 'ok' ? null : { status: result.status, reason: 'reason' in result ? result.reason : null }).toBeNull();
  });
});
