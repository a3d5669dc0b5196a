/** A WebSocket that speaks the protocol by hand, so that a test can also speak it wrongly. */
import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';

export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export interface RawSocket {
  readonly socket: WebSocket;
  send(message: object | string): void;
  /** The next message; rejects when the socket closes first. */
  next(): Promise<Message>;
  /** Messages received and not read yet. */
  readonly unread: readonly Message[];
  /** Resolves with code and reason once closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

export async function openSocket(url: string, options: ClientOptions & { readonly protocols?: string[] } = {}): Promise<RawSocket> {
  const { protocols = ['graphql-transport-ws'], ...rest } = options;
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, protocols, rest);
  const unread: Message[] = [];
  const readers: PromiseWithResolvers<Message>[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => {
      for (const reader of readers.splice(0)) reader.reject(new Error(`closed with ${code}`));
      resolve({ code, reason: String(reason) });
    });
  });
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message;
    const reader = readers.shift();
    if (reader) reader.resolve(message);
    else unread.push(message);
  });
  await once(socket, 'open');
  socket.on('error', () => undefined);
  return {
    socket,
    unread,
    closed,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next() {
      const message = unread.shift();
      if (message) return Promise.resolve(message);
      const reader = Promise.withResolvers<Message>();
      readers.push(reader);
      return reader.promise;
    },
  };
}

/** A socket whose connection_init was acknowledged. */
export async function openAcknowledged(url: string, payload?: object, options: ClientOptions = {}): Promise<RawSocket> {
  const raw = await openSocket(url, options);
  raw.send({ type: 'connection_init', ...(payload ? { payload } : {}) });
  const ack = await raw.next();
  if (ack.type !== 'connection_ack') throw new Error(`expected an acknowledgement, got ${ack.type}`);
  return raw;
}

export function subscribe(raw: RawSocket, id: string, query: string, variables?: object): void {
  raw.send({ type: 'subscribe', id, payload: { query, ...(variables ? { variables } : {}) } });
}
