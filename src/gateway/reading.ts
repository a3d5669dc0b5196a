/**
 * What the gateway has to know of an item without executing it: how far a reader is who has it. Several items share one position
 * while a stream begins or begins anew, so a position says what a reader holds only with the last of them.
 */

export interface Read {
  /** What to execute; null for what the reader must not be told. */
  readonly item: unknown;
  /** Whoever has this item has everything up to here, and may go on behind it; null while that cannot be said. */
  readonly position: string | null;
}

interface Peeked {
  readonly type: string;
  readonly position: string | null;
  readonly sequence: number;
  readonly replay: boolean;
  /** Of StreamReady: how many items of the past follow; null when they continue nothing. */
  readonly replayed: number | null;
}

/**
 * @param resumed True for a stream that continues what its reader was told before: it has had its StreamReady, and what it missed
 * in between is no replay to it.
 */
export function createReading(resumed: boolean): (item: unknown) => Read {
  let first = true;
  /** Past everything that happened before the subscription began. */
  let live = resumed;
  let replayEnd = Infinity;
  let snapshotsLeft = Infinity;

  return (item) => {
    const { type, position, sequence, replay, replayed } = peek(item);
    const opening = first && type === 'StreamReady';
    first = false;
    if (opening && resumed) return { item: null, position: null };
    switch (type) {
      case 'StreamReady':
        live = replayed === 0;
        replayEnd = replayed === null ? Infinity : sequence + replayed;
        snapshotsLeft = replayed ?? Infinity;
        return { item, position: live ? position : null };
      case 'StreamReset':
        // Snapshots may follow: until then the reader must come back to before the reset, to be told again.
        return { item, position: null };
      case 'TextSnapshot':
        snapshotsLeft -= 1;
        if (live || snapshotsLeft > 0) return { item, position: null };
        live = true;
        return { item, position };
      default:
        snapshotsLeft = Infinity;
        live ||= !replay || sequence >= replayEnd;
        return { item: resumed && replay ? { ...(item as object), replay: false } : item, position: live ? position : null };
    }
  };
}

function peek(item: unknown): Peeked {
  const position = property(item, 'position');
  const sequence = property(item, 'sequence');
  const said = property(item, 'said');
  const type = property(said, 'type');
  const entry = property(said, 'entry');
  const replayed = property(entry, 'replayed');
  return {
    type: typeof type === 'string' ? type : '',
    position: typeof position === 'string' && position !== '' ? position : null,
    sequence: typeof sequence === 'number' ? sequence : -1,
    replay: property(item, 'replay') === true,
    replayed: typeof replayed === 'number' && property(entry, 'status') !== 'RESET' ? replayed : null,
  };
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
