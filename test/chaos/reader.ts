/**
 * One socket that follows several conversations of one customer, spoken by hand so that thousands cost little. It comes back at once
 * whenever it is cut off, on any gateway that is up, and goes on where each of its witnesses is. What items mean is the witness's.
 */
import { WebSocket, type RawData } from 'ws';
import type { Gateway } from './place.ts';
import { increase, type Tally } from './tally.ts';
import { ITEM, type Item, type Row, type Witness } from './witness.ts';

export interface Reader {
  readonly witnesses: readonly Witness[];
  /** Cuts the connection off, as a network does. */
  cut(): void;
  close(): void;
}

export interface ReaderDeps {
  readonly gateways: readonly Gateway[];
  readonly token: string;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

const FOLLOW = `subscription Follow($id: ID!, $after: Position) { item: conversationEvents(id: $id, after: $after) { ${ITEM} } }`;
const LOAD = 'query Load($id: ID!) { conversation(id: $id) { messages(last: 100) { edges { node { id role status text } } } } }';
const RECONNECT_MS = 150;
const AGAIN_MS = 200;
const LOAD_MS = 10_000;
/** Without an acknowledgement after this long the socket is cut and the tally is told: nobody may wait for ever. */
const ACKNOWLEDGED_MS = 20_000;

interface Frame {
  readonly id?: string;
  readonly type: string;
  readonly payload?: { readonly data?: { readonly item?: Item | null } | null; readonly errors?: unknown };
}

export function createReader(deps: ReaderDeps, witnesses: readonly Witness[]): Reader {
  const { gateways, token, tally, signal } = deps;
  const timers = new Set<NodeJS.Timeout>();
  const loading = new Set<Witness>();
  let socket: WebSocket | null = null;
  let visits = 0;
  let closed = false;

  function later(ms: number, what: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!closed) what();
    }, ms);
    timers.add(timer);
  }

  function connect(): void {
    const up = gateways.filter((gateway) => gateway.up);
    const gateway = up[Math.floor(Math.random() * up.length)];
    if (!gateway) return later(RECONNECT_MS, connect);
    const opened = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      perMessageDeflate: false,
      handshakeTimeout: 10_000,
    });
    socket = opened;
    const subscriptions = new Map<string, Witness>();
    opened.on('error', () => undefined);
    opened.on('open', () => opened.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })));
    opened.on('message', (data) => hear(opened, subscriptions, data));
    opened.on('close', (code) => {
      if (socket !== opened) return;
      socket = null;
      if (closed) return;
      tally.reconnects += 1;
      if (code === 4410) increase(tally.resets, 'closed as too slow');
      later(Math.random() * RECONNECT_MS, connect);
    });
  }

  function hear(opened: WebSocket, subscriptions: Map<string, Witness>, data: RawData): void {
    if (socket !== opened || closed) return;
    const frame = JSON.parse(String(data)) as Frame;
    const witness = subscriptions.get(frame.id ?? '');
    if (frame.type === 'next' && witness) hearItem(witness, frame);
    else if (frame.type === 'connection_ack') for (const each of witnesses) follow(opened, subscriptions, each);
    else if (frame.type === 'ping') opened.send('{"type":"pong"}');
    else if ((frame.type === 'error' || frame.type === 'complete') && witness) {
      subscriptions.delete(frame.id ?? '');
      again(opened, subscriptions, witness, frame);
    }
  }

  function follow(opened: WebSocket, subscriptions: Map<string, Witness>, witness: Witness): void {
    if (socket !== opened || opened.readyState !== WebSocket.OPEN) return;
    const id = `f${(visits += 1)}`;
    subscriptions.set(id, witness);
    witness.begin();
    const asked = witness.heardMs;
    opened.send(JSON.stringify({ id, type: 'subscribe', payload: { query: FOLLOW, variables: { id: witness.conversationId, after: witness.after } } }));
    later(ACKNOWLEDGED_MS, () => {
      if (socket !== opened || !subscriptions.has(id) || witness.heardMs !== asked) return;
      increase(tally.resets, 'never acknowledged');
      opened.terminate();
    });
  }

  /** Refused for the moment: by an instance without Redis or a database, or one that is leaving. */
  function again(opened: WebSocket, subscriptions: Map<string, Witness>, witness: Witness, frame: Frame): void {
    tally.refusals += 1;
    const words = JSON.stringify(frame.payload ?? null);
    if (!words.includes('"retryable":true')) increase(tally.resets, `ended with ${words.slice(0, 200)}`);
    later(AGAIN_MS, () => follow(opened, subscriptions, witness));
  }

  function hearItem(witness: Witness, { payload }: Frame): void {
    const item = payload?.data?.item;
    if (payload?.errors) increase(tally.resets, `item with ${JSON.stringify(payload.errors).slice(0, 200)}`);
    if (!item) return;
    witness.take(item);
    if (witness.stale) void load(witness);
  }

  /** Reads the rows again, from whichever gateway answers. */
  async function load(witness: Witness): Promise<void> {
    if (loading.has(witness)) return;
    loading.add(witness);
    while (witness.stale && !closed && !signal.aborted) {
      const up = gateways.filter((gateway) => gateway.up);
      const gateway = up[Math.floor(Math.random() * up.length)];
      const rows = gateway ? await ask(gateway, witness.conversationId).catch(() => null) : null;
      if (rows) {
        tally.reloads += 1;
        witness.load(rows);
      } else await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    loading.delete(witness);
  }

  async function ask({ url }: Gateway, id: string): Promise<readonly Row[] | null> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: LOAD, variables: { id } }),
      signal: AbortSignal.timeout(LOAD_MS),
    });
    const { data } = (await response.json()) as { data?: { conversation?: { messages: { edges: { node: Row }[] } } | null } };
    return data?.conversation?.messages.edges.map(({ node }) => node) ?? null;
  }

  connect();
  return {
    witnesses,
    cut: () => socket?.terminate(),
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      socket?.terminate();
    },
  };
}
