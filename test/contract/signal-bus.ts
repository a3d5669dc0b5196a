/** What every signal bus must do, whatever it is built on. */
import { afterEach, describe, expect, it } from 'vitest';
import type { SignalBus } from '../../src/jobs/signal-bus.ts';

export function signalBusContract(name: string, make: () => Promise<SignalBus>): void {
  describe(`${name}: a signal bus`, () => {
    const opened: SignalBus[] = [];
    async function open(): Promise<SignalBus> {
      const bus = await make();
      opened.push(bus);
      return bus;
    }
    afterEach(async () => {
      for (const bus of opened.splice(0)) await bus.close();
    });

    it('calls every handler of this process once', async () => {
      const bus = await open();
      const heard: string[] = [];
      bus.on('stop', (id) => void heard.push(`a ${id}`));
      const done = Promise.withResolvers<void>();
      bus.on('stop', (id) => {
        heard.push(`b ${id}`);
        if (id === 'run_2') done.resolve();
      });
      await bus.send({ kind: 'stop', id: 'run_1' });
      await bus.send({ kind: 'stop', id: 'run_2' });
      await done.promise;
      expect(heard).toEqual(['a run_1', 'b run_1', 'a run_2', 'b run_2']);
    });

    it('calls a handler no more once it left', async () => {
      const bus = await open();
      const heard: string[] = [];
      const leave = bus.on('stop', (id) => void heard.push(id));
      leave();
      const done = Promise.withResolvers<void>();
      bus.on('stop', () => done.resolve());
      await bus.send({ kind: 'stop', id: 'run_1' });
      await done.promise;
      expect(heard).toEqual([]);
    });

    it('calls the others when a handler fails', async () => {
      const bus = await open();
      bus.on('stop', () => {
        throw new Error('broken');
      });
      const done = Promise.withResolvers<string>();
      bus.on('stop', (id) => done.resolve(id));
      await bus.send({ kind: 'stop', id: 'run_1' });
      expect(await done.promise).toBe('run_1');
    });

    it('waits for its handlers when it closes, sends nothing after that, and may be closed twice', async () => {
      const bus = await open();
      const begun = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      const heard: string[] = [];
      bus.on('stop', async (id) => {
        begun.resolve();
        await gate.promise;
        heard.push(id);
      });
      await bus.send({ kind: 'stop', id: 'run_1' });
      await begun.promise;
      const closing = bus.close();
      gate.resolve();
      await closing;
      expect(heard).toEqual(['run_1']);
      await bus.send({ kind: 'stop', id: 'run_2' });
      await bus.close();
      expect(heard).toEqual(['run_1']);
    });
  });
}
