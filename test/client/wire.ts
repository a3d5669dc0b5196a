/** The network between a client and a server, in a test's hands: sockets that can be cut and spoken for, requests that can be lost. */
import { WebSocket, type ClientOptions } from 'ws';
import type { Conversation } from '../../src/client/conversation.ts';
import type { Fetch } from '../../src/client/http.ts';

export interface Wire {
  /** For `webSocketImpl`. */
  readonly WebSocket: new (address: string | URL, protocols?: string | string[], options?: ClientOptions) => WebSocket;
  /** For `fetch`. */
  readonly fetch: Fetch;
  /** Every socket that was made, oldest first. */
  readonly sockets: readonly WebSocket[];
  readonly open: readonly WebSocket[];
  /** Most sockets that were open at once. */
  readonly openMost: number;
  /** Requests that reached the server. */
  readonly requests: readonly string[];
  /** Cuts every open socket without a word. */
  cut(): void;
  /** What the client hears next is this, as if the server had said it. */
  say(socket: WebSocket | undefined, message: object): void;
  /** The next requests: `down` never leave, `deaf` reach the server and the answer is lost. */
  lose(...next: readonly ('down' | 'deaf')[]): void;
}

export function createWire(): Wire {
  const sockets: WebSocket[] = [];
  const requests: string[] = [];
  const losses: ('down' | 'deaf')[] = [];
  let openMost = 0;

  class Socket extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[], options?: ClientOptions) {
      super(address, protocols, options);
      sockets.push(this);
      this.on('open', () => (openMost = Math.max(openMost, openNow().length)));
      // Cut before it was open: that is told by its close.
      this.on('error', () => undefined);
    }
  }
  const openNow = () => sockets.filter((socket) => socket.readyState === WebSocket.OPEN);

  return {
    WebSocket: Socket,
    sockets,
    requests,
    get open() {
      return openNow();
    },
    get openMost() {
      return openMost;
    },
    async fetch(url, init) {
      const loss = losses.shift();
      if (loss === 'down') throw new TypeError('fetch failed');
      requests.push(init.body);
      const response = await fetch(url, init);
      if (loss === undefined) return response;
      await response.text();
      throw new TypeError('terminated');
    },
    cut() {
      for (const socket of openNow()) socket.terminate();
    },
    say: (socket, message) => void socket?.emit('message', Buffer.from(JSON.stringify(message)), false),
    lose: (...next) => void losses.push(...next),
  };
}

/** Resolves as soon as the conversation is like that; rejects when it fails first. */
export function until(conversation: Conversation, condition: (conversation: Conversation) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (condition(conversation)) resolve();
      else if (conversation.error) reject(conversation.error);
      else return;
      leave();
    };
    const leave = conversation.subscribe(look);
    look();
  });
}

/** What the agent has written last. */
export function answerOf({ thread }: Conversation): string {
  return thread.messages.findLast((message) => message.role === 'AGENT')?.text ?? '';
}
