import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, refused, startGateway, type Started } from './start-gateway.ts';

let started: Started;
beforeAll(async () => {
  started = await startGateway();
});
afterAll(() => started.close());

const customer = { kind: 'customer', customerId: 'cus_1' } as const;
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('who calls', () => {
  it('is nobody without a credential: the field refuses, the answer is whole', async () => {
    const answer = await ask(started.url, '{ hello viewer }');
    expect(answer.status).toBe(200);
    expect(answer.body.data).toEqual({ hello: 'world', viewer: null });
    expect(refused(answer)).toEqual({ code: 'UNAUTHENTICATED', retryable: false });
  });

  it('is who the token says', async () => {
    const answer = await ask(started.url, '{ viewer }', bearer(await started.tokens.sign(customer, { ttlS: 60 })));
    expect(answer.body).toEqual({ data: { viewer: 'customer' } });
  });

  it.each([
    ['forged', async () => `${(await started.tokens.sign(customer, { ttlS: 60 })).slice(0, -4)}AAAA`],
    ['expired', () => started.tokens.sign(customer, { ttlS: -60 })],
    ['no token at all', async () => 'nonsense'],
    ['an unknown key', async () => 'pk_test_unknown'],
    ['a credential of two words', async () => 'two words'],
  ])('is refused before anything runs when the credential is %s', async (_what, credential) => {
    const answer = await ask(started.url, '{ hello }', bearer(await credential()));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(refused(answer)).toEqual({ code: 'UNAUTHENTICATED', retryable: false });
    expect(answer.body).not.toHaveProperty('data');
  });

  it('is not told why when credentials cannot be checked', async () => {
    const answer = await ask(started.url, '{ hello }', bearer('pk_broken'));
    expect(answer.status).toBe(500);
    expect(refused(answer)).toMatchObject({ code: 'INTERNAL' });
    expect(JSON.stringify(answer.body)).not.toContain('key store');
  });
});

describe('what an error says', () => {
  it('keeps the code, the sentence, the field and the time to wait of a refusal', async () => {
    const answer = await ask(started.url, '{ busy }');
    expect(answer.body.errors?.[0]?.message).toBe('Too many messages.');
    expect(refused(answer)).toEqual({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 1_500, field: 'input.text' });
  });

  it('masks what nobody expected, with an id that the log and the report carry', async () => {
    const answer = await ask(started.url, '{ hello boom }', { headers: { 'x-request-id': 'req-of-the-caller' } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-request-id')).toBe('req-of-the-caller');
    expect(JSON.stringify(answer.body)).not.toContain('hunter2');
    expect(refused(answer)).toEqual({ code: 'INTERNAL', retryable: true, requestId: 'req-of-the-caller' });
    expect(started.reported.at(-1)).toMatchObject({ requestId: 'req-of-the-caller', error: { message: expect.stringContaining('hunter2') as string } });
    expect(started.lines.find((line) => line['requestId'] === 'req-of-the-caller' && line['level'] === 50)).toMatchObject({
      path: 'boom',
      err: { stack: expect.any(String) as string },
    });
  });

  it('treats a broken promise of the schema as our fault, not the caller’s', async () => {
    expect(refused(await ask(started.url, '{ broken }'))).toMatchObject({ code: 'INTERNAL' });
  });

  it('says UNAVAILABLE and when to come back when the database is gone', async () => {
    const answer = await ask(started.url, '{ gone }');
    expect(refused(answer)).toMatchObject({ code: 'UNAVAILABLE', retryable: true, retryAfterMs: expect.any(Number) as number });
    expect(JSON.stringify(answer.body)).not.toContain('5432');
  });

  it('makes its own request id when the caller’s is not fit for a log', async () => {
    const answer = await ask(started.url, '{ requestId }', { headers: { 'x-request-id': 'a b' } });
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-7][0-9a-z]{25}$/);
    expect(answer.body.data?.['requestId']).toBe(answer.headers.get('x-request-id'));
  });
});

describe('bad input', () => {
  it.each([
    ['an unknown enum value in a variable', 'mutation ($input: SetInput!) { set(input: $input) }', { input: { mode: 'WARP', text: 'x' } }, 'input.mode'],
    ['a missing field in a variable', 'mutation ($input: SetInput!) { set(input: $input) }', { input: { mode: 'FAST' } }, 'input'],
    ['a variable that is missing', 'mutation ($input: SetInput!) { set(input: $input) }', {}, 'input'],
    ['an unknown enum value as a literal', 'mutation { set(input: { mode: WARP, text: "x" }) }', undefined, 'input.mode'],
    ['a number where text belongs', '{ echo(text: 1) }', undefined, 'text'],
    ['a garbage position in a variable', 'query ($after: Position) { echo(text: "a", after: $after) }', { after: 'garbage' }, 'after'],
    ['a garbage position as a literal', '{ echo(text: "a", after: "garbage") }', undefined, 'after'],
  ])('%s is BAD_INPUT that names the field, and nothing runs', async (_what, query, variables, field) => {
    const before = started.streams.mutations;
    const answer = await ask(started.url, query, variables ? { variables } : {});
    expect(answer.status).toBe(400);
    expect(refused(answer)).toMatchObject({ code: 'BAD_INPUT', retryable: false, field });
    expect(started.streams.mutations).toBe(before);
  });

  it.each([
    ['a body that is no JSON', '{'],
    ['an empty body', ''],
    ['a list of operations', '[{"query":"{ hello }"},{"query":"{ hello }"}]'],
    ['no query', '{}'],
    ['an unknown parameter', '{"query":"{ hello }","id":1}'],
    ['null', 'null'],
  ])('%s is refused', async (_what, raw) => {
    const answer = await ask(started.url, '', { raw });
    expect(answer.status).toBe(400);
    expect(refused(answer)).toMatchObject({ code: 'BAD_INPUT', retryable: false });
  });

  it('a body that is too long is refused with 413', async () => {
    const answer = await ask(started.url, `{ hello } # ${'x'.repeat(20_000)}`);
    expect(answer.status).toBe(413);
    expect(refused(answer)).toMatchObject({ code: 'BAD_INPUT' });
  });

  it('a body that a plain form could send is refused with 415', async () => {
    const response = await fetch(`${started.url}/graphql`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{"query":"{ hello }"}' });
    expect(response.status).toBe(415);
  });

  it.each([
    ['{ hello', 'GRAPHQL_PARSE_FAILED'],
    ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  ])('%s is %s', async (query, code) => {
    const answer = await ask(started.url, query);
    expect(answer.status).toBe(400);
    expect(refused(answer)).toMatchObject({ code, retryable: false });
  });
});

describe('GET', () => {
  const get = (search: Record<string, string>) =>
    fetch(`${started.url}/graphql?${new URLSearchParams(search).toString()}`, { headers: { accept: 'application/graphql-response+json' } });

  it('answers queries', async () => {
    const response = await get({ query: 'query ($text: String!) { echo(text: $text) }', variables: '{"text":"a"}' });
    expect(await response.json()).toEqual({ data: { echo: 'a' } });
  });

  it('refuses mutations with 405 and runs nothing', async () => {
    const before = started.streams.mutations;
    const response = await get({ query: 'mutation { set(input: { mode: FAST, text: "a" }) }' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect(started.streams.mutations).toBe(before);
  });

  it('refuses variables that are no JSON', async () => {
    const response = await get({ query: '{ hello }', variables: '{' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_INPUT' } }] });
  });
});

describe('too much', () => {
  const chain = (count: number) => Array.from({ length: count }, (_, index) => `fragment F${index} on Item { ...F${index + 1} ...F${index + 1} }`).join(' ');
  it.each([
    ['levels', `{ item { ${'next { '.repeat(8)}value ${'}'.repeat(8)} } }`],
    [
      'levels behind fragments',
      `{ item { ...A } } fragment A on Item { next { next { next { next { ...B } } } } } fragment B on Item { next { next { next { next { value } } } } }`,
    ],
    ['aliases', `{ ${Array.from({ length: 6 }, (_, index) => `a${index}: hello`).join(' ')} }`],
    ['aliases behind fragments that double', `{ item { ...F0 } } ${chain(20)} fragment F20 on Item { a: value }`],
    ['tokens', `{ ${'hello '.repeat(600)} }`],
    ['objects in nested lists', '{ items(first: 40) { edges { node { items(last: 40) { edges { node { value } } } } } } }'],
    ['objects when the size is a variable’s default', 'query ($n: Int = 5000) { items(first: $n) { edges { node { value } } } }'],
  ])('%s are refused', async (_what, query) => {
    const answer = await ask(started.url, query);
    expect(answer.status).toBe(400);
    expect(refused(answer)).toMatchObject({ code: 'OPERATION_TOO_COMPLEX', retryable: false });
  });

  it('sizes in variables count as they are sent, though the document is known', async () => {
    const query = 'query ($n: Int) { items(first: $n) { edges { node { value } } } }';
    expect((await ask(started.url, query, { variables: { n: 50 } })).status).toBe(200);
    expect(refused(await ask(started.url, query, { variables: { n: 5_000 } }))).toMatchObject({ code: 'OPERATION_TOO_COMPLEX' });
    expect((await ask(started.url, query, { variables: { n: 50 } })).status).toBe(200);
  });

  it('a fragment that spreads itself is an invalid document, not a hang', async () => {
    expect(refused(await ask(started.url, '{ item { ...A } } fragment A on Item { next { ...A } }'))).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
  });

  it('introspection as tools send it is allowed', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    const answer = await ask(
      started.url,
      getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true }),
    );
    expect(answer.body.errors).toBeUndefined();
    expect(answer.body.data).toHaveProperty('__schema');
  });
});
