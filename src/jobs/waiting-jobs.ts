/**
 * What waits in the job queue of one process: ids by priority, and ids that wait for their moment. Each waits once, and whichever
 * moment is the earlier one counts. Handles nothing and bounds nothing.
 */
import type { Clock } from '../foundation/clock.ts';

export interface WaitingJobs {
  /** @param delayMs 0 for at once. */
  add(id: string, priority: number, delayMs: number): void;
  /** What may go, higher priorities first and else in the order they came. May be changed while it is read. */
  ready(): Iterable<string>;
  remove(id: string): void;
  has(id: string): boolean;
  /** Those for later included. */
  size(): number;
  clear(): void;
}

export interface WaitingJobsDeps {
  readonly clock: Clock;
  /** Called when something that waited for its moment may go. */
  readonly onDue: () => void;
}

interface Later {
  readonly dueMs: number;
  readonly cancel: () => void;
}

export function createWaitingJobs({ clock, onDue }: WaitingJobsDeps): WaitingJobs {
  const priorities = new Map<string, number>();
  const byPriority = new Map<number, Set<string>>();
  const later = new Map<string, Later>();

  function addReady(id: string, priority: number): void {
    const ids = byPriority.get(priority) ?? new Set<string>();
    byPriority.set(priority, ids.add(id));
    priorities.set(id, priority);
  }

  function addLater(id: string, priority: number, delayMs: number): void {
    const controller = new AbortController();
    const entry: Later = { dueMs: clock.now().getTime() + delayMs, cancel: () => controller.abort() };
    later.set(id, entry);
    clock.sleep(delayMs, controller.signal).then(
      () => {
        // Brought forward at the very moment it was due.
        if (later.get(id) !== entry) return;
        later.delete(id);
        addReady(id, priority);
        onDue();
      },
      // Brought forward, or closed.
      () => undefined,
    );
  }

  function cancelLater(id: string): void {
    later.get(id)?.cancel();
    later.delete(id);
  }

  return {
    add(id, priority, delayMs) {
      if (priorities.has(id)) return;
      const known = later.get(id);
      if (known && delayMs > 0 && known.dueMs <= clock.now().getTime() + delayMs) return;
      cancelLater(id);
      if (delayMs > 0) addLater(id, priority, delayMs);
      else addReady(id, priority);
    },
    *ready() {
      for (const priority of [...byPriority.keys()].toSorted((a, b) => b - a)) yield* byPriority.get(priority) ?? [];
    },
    remove(id) {
      const priority = priorities.get(id);
      if (priority === undefined) return;
      priorities.delete(id);
      const ids = byPriority.get(priority);
      ids?.delete(id);
      if (ids?.size === 0) byPriority.delete(priority);
    },
    has: (id) => priorities.has(id) || later.has(id),
    size: () => priorities.size + later.size,
    clear() {
      for (const id of later.keys()) cancelLater(id);
      priorities.clear();
      byPriority.clear();
    },
  };
}
