/**
 * Where a reader stands in a channel: `epoch.offset`. The epoch names one life of the channel's history: another epoch means that
 * what a reader had is not a prefix of what the log has now. Opaque to clients; not a capability, so access is checked every time.
 */
import { badInput } from '../foundation/errors.ts';

export interface Place {
  readonly epoch: string;
  /** 0 before the first event; each event is one more. */
  readonly offset: number;
}

/** `epoch.offset` as clients hold it. */
export type Position = string;

export function formatPosition(place: Place): Position {
  return `${place.epoch}.${place.offset}`;
}

/** Throws `BAD_INPUT` naming `field` for anything that was not made by `formatPosition`. */
export function parsePosition(text: string, field = 'after'): Place {
  const match = /^([a-z0-9]{1,32})\.(0|[1-9]\d{0,14})$/.exec(text);
  if (!match?.[1] || !match[2]) throw badInput(field, 'this is not a position of a subscription. Pass back one that an item carried, unchanged.');
  return { epoch: match[1], offset: Number(match[2]) };
}

/** The epoch of a position that the log gave. */
export function epochOf(position: Position): string {
  return position.slice(0, position.indexOf('.'));
}
