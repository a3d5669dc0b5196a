/** Requests too large or too slow, on real connections: refused or cut off, and nobody else notices. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { openAcknowledged, subscribe } from './raw-socket.ts';
import { ask, LIMITS, refused, startGateway, type Started } from './start-gateway.ts';

const opened: Started[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function start(limits: Partial<typeof LIMITS> = {}): Promise<Started> {
  const started = await startGateway({ limits: { ...LIMITS, ...limits } });
  opened.push(started);
  return started;
}

/** A connection that says this and goes on waiting; resolves with what it heard once the server has closed it. */
async function hear({ port }: Started, text: string, then?: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.write(text);
  then?.(socket);
  await closed;
  return heard;
}

const HEAD = 'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';

it('a connection that never sends its headers is closed', async () => {
  expect(await hear(await start({ headersMs: 100, requestMs: 200 }), 'POST /graphql HTTP/1.1\r\nHost: a\r\n')).toMatch(/^HTTP\/1\.1 408/);
});

it('a connection that sends a header now and then is closed all the same', async () => {
  const started = await start({ headersMs: 100, requestMs: 200 });
  let timer: NodeJS.Timeout | undefined;
  const heard = await hear(started, HEAD, (socket) => {
    timer = setInterval(() => socket.write('X-Slow: 1\r\n'), 10);
  });
  clearInterval(timer);
  expect(heard).toMatch(/^(?:HTTP\/1\.1 408|$)/);
});

it('a body that never comes to its end is cut off, and the operation does not run', async () => {
  const started = await start({ headersMs: 100, requestMs: 200 });
  const heard = await hear(started, `${HEAD}Content-Length: 500\r\n\r\n{"query":"mutation { set(input: { mode: FAST, text: \\"a\\" }) }"`);
  expect(heard).not.toMatch(/^HTTP\/1\.1 [25]/);
  expect(started.streams.mutations).toBe(0);
  expect(started.reported).toEqual([]);
});

it('what is slow holds up nobody else', async () => {
  const started = await start({ headersMs: 1_000, requestMs: 1_000 });
  const slow = Array.from({ length: 50 }, () => hear(started, HEAD));
  expect((await ask(started.url, '{ hello }')).body.data).toEqual({ hello: 'world' });
  await Promise.all(slow);
});

it('headers or an address that are too long are refused before they are read to their end', async () => {
  const started = await start({ headerBytesMax: 4_096 });
  expect(await hear(started, `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(8_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431/);
  expect(await hear(started, `GET /graphql?query=${'x'.repeat(8_000)} HTTP/1.1\r\nHost: a\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431/);
});

it('a body that is too long is refused, whether it says its length or not', async () => {
  const { url } = await start();
  const long = JSON.stringify({ query: '{ hello }', variables: { text: 'x'.repeat(20_000) } });
  expect((await ask(url, '', { raw: long })).status).toBe(413);
  const stream = new Blob([long]).stream();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: stream,
    duplex: 'half',
  } as RequestInit);
  expect(response.status).toBe(413);
});

it('a frame that is too long closes its socket with 1009, and no other', async () => {
  const { url } = await start();
  const [one, other] = [await openAcknowledged(url), await openAcknowledged(url)];
  subscribe(one, '1', `{ hello } # ${'x'.repeat(20_000)}`);
  expect((await one.closed).code).toBe(1009);
  subscribe(other, '1', '{ hello }');
  expect(await other.next()).toMatchObject({ payload: { data: { hello: 'world' } } });
});

it('one field under many names is refused, also where fragments hide how many', async () => {
  const { url } = await start();
  const names = (count: number) => Array.from({ length: count }, (_, n) => `a${n}: hello`).join(' ');
  expect(refused(await ask(url, `{ ${names(6)} }`))).toMatchObject({ code: 'OPERATION_TOO_COMPLEX' });
  expect(refused(await ask(url, `{ ...A ...B } fragment A on Query { ${names(3)} } fragment B on Query { x: hello y: hello z: hello }`))).toMatchObject({
    code: 'OPERATION_TOO_COMPLEX',
  });
});
