/** A network that can go silent: what is sent either way is taken and dropped, no end is announced, and nobody is told. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface SilentProxy {
  readonly url: string;
  /** Where new connections go. */
  aim(url: string): void;
  /** The connections there are go silent; new ones work. */
  silence(): void;
  close(): Promise<void>;
}

export async function startSilentProxy(target: string): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  let pairs: { silent: boolean }[] = [];
  let aimed = new URL(target);

  const server = createServer((near) => {
    const far = connect(Number(aimed.port), aimed.hostname);
    const pair = { silent: false };
    pairs.push(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => void (pair.silent || to.write(bytes)));
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        if (!pair.silent) to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    aim(url) {
      aimed = new URL(url);
    },
    silence() {
      for (const pair of pairs) pair.silent = true;
      pairs = [];
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
