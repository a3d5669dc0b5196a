/** Who is where in one process: there is nobody else to ask, and nothing to renew. */
import type { Channel } from './event-log.ts';
import type { PresenceRegistry } from './presence-registry.ts';

export function createMemoryPresenceRegistry(): PresenceRegistry {
  const rooms = new Map<Channel, Set<string>>();
  return Object.freeze<PresenceRegistry>({
    async enter(channel, participant) {
      const room = rooms.get(channel) ?? new Set();
      if (room.has(participant)) return [];
      rooms.set(channel, room.add(participant));
      return [{ channel, participant, present: true }];
    },
    async leave(channel, participant) {
      const room = rooms.get(channel);
      if (!room?.delete(participant)) return [];
      if (room.size === 0) rooms.delete(channel);
      return [{ channel, participant, present: false }];
    },
    renew: async () => [],
    present: async (channel) => [...(rooms.get(channel) ?? [])],
    async close() {
      rooms.clear();
    },
  });
}
