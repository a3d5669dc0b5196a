/** What every presence registry must do, whatever it is built on. */
import { afterEach, describe, expect, it } from 'vitest';
import type { PresenceRegistry } from '../../src/events/presence-registry.ts';

const ROOM = 'conversation:conv_1';
const OTHER = 'conversation:conv_2';

export function presenceRegistryContract(name: string, make: () => Promise<PresenceRegistry>): void {
  describe(`${name}: a presence registry`, () => {
    const opened: PresenceRegistry[] = [];
    async function open(): Promise<PresenceRegistry> {
      const registry = await make();
      opened.push(registry);
      return registry;
    }
    afterEach(async () => {
      for (const registry of opened.splice(0)) await registry.close();
    });

    it('tells who came once, and who went once', async () => {
      const registry = await open();
      expect(await registry.enter(ROOM, 'customer:a')).toEqual([{ channel: ROOM, participant: 'customer:a', present: true }]);
      expect(await registry.enter(ROOM, 'customer:a')).toEqual([]);
      expect(await registry.enter(ROOM, 'person:b')).toEqual([{ channel: ROOM, participant: 'person:b', present: true }]);
      expect((await registry.present(ROOM)).toSorted()).toEqual(['customer:a', 'person:b']);
      expect(await registry.leave(ROOM, 'customer:a')).toEqual([{ channel: ROOM, participant: 'customer:a', present: false }]);
      expect(await registry.leave(ROOM, 'customer:a')).toEqual([]);
      expect(await registry.present(ROOM)).toEqual(['person:b']);
    });

    it('keeps channels apart', async () => {
      const registry = await open();
      await registry.enter(ROOM, 'customer:a');
      expect(await registry.present(OTHER)).toEqual([]);
      expect(await registry.leave(OTHER, 'customer:a')).toEqual([]);
      expect(await registry.present(ROOM)).toEqual(['customer:a']);
    });

    it('says again what is there without telling it anew', async () => {
      const registry = await open();
      await registry.enter(ROOM, 'customer:a');
      expect(await registry.renew([{ channel: ROOM, participant: 'customer:a' }])).toEqual([]);
      expect(await registry.present(ROOM)).toEqual(['customer:a']);
    });
  });
}
