/**
 * The signal bus between processes: Redis pub/sub, on two connections of its own. Queues nothing: what cannot be sent at once is
 * dropped, which its contract allows.
 */
import { randomBytes } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';
import { z } from 'zod';
import type { Logger } from '../foundation/logger.ts';
import { SIGNAL_KINDS, type SignalBus } from './signal-bus.ts';
import { createSignalHandlers } from './signal-handlers.ts';

export interface RedisSignalBusOptions {
  readonly url: string;
  readonly log: Logger;
  /** First part of the channel's name; `parley` when absent. */
  readonly prefix?: string;
}

const Message = z.object({ from: z.string(), kind: z.enum(SIGNAL_KINDS), id: z.string().max(200) });

const COMMAND_MS = 2_000;
const RETRY_MS_MAX = 1_000;

/** Resolves when it listens. Rejects when Redis cannot be reached. */
export async function createRedisSignalBus({ url, log, prefix = 'parley' }: RedisSignalBusOptions): Promise<SignalBus> {
  const settings: RedisOptions = {
    lazyConnect: true,
    commandTimeout: COMMAND_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    retryStrategy: (times) => Math.min(RETRY_MS_MAX, 50 * 2 ** Math.min(times, 5)),
  };
  const sender = new Redis(url, { ...settings, connectionName: 'parley-signals-out' });
  const listener = new Redis(url, { ...settings, connectionName: 'parley-signals-in' });
  const handlers = createSignalHandlers(log);
  const name = `${prefix}:signals`;
  const self = randomBytes(6).toString('hex');
  let closed = false;

  // Reported by what they break: a signal that is not sent.
  for (const one of [sender, listener]) one.on('error', () => undefined);
  listener.on('message', (_name: string, text: string) => {
    const message = parse(text);
    if (!message) return log.warn({ bytes: text.length }, 'a signal that cannot be read was passed over');
    if (message.from !== self) handlers.call(message);
  });

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    sender.disconnect();
    listener.disconnect();
    await handlers.close();
  }

  try {
    await Promise.all([sender.connect(), listener.connect()]);
    await listener.subscribe(name);
  } catch (error) {
    await close();
    throw error;
  }
  listener.on('ready', () => {
    listener.subscribe(name).catch(() => {
      // Lost again: the next connection begins the same way. One that stays without listening is replaced.
      if (listener.status === 'ready' && !closed) listener.disconnect(true);
    });
  });

  return {
    async send({ kind, id }) {
      if (closed) return;
      handlers.call({ kind, id });
      try {
        await sender.publish(name, JSON.stringify({ from: self, kind, id }));
      } catch (error) {
        log.warn({ err: error, kind, id }, 'signal did not leave this process');
      }
    },
    on: handlers.add,
    close,
  };
}

function parse(text: string): z.infer<typeof Message> | null {
  try {
    const parsed = Message.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not JSON: the null below is the answer, and the listener reports it.
    return null;
  }
}
