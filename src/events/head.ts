/** Where to start reading a channel that is held here. */
import type { ChannelState } from './channel.ts';
import type { ChannelHead } from './event-log.ts';
import { formatPosition } from './position.ts';
import { answersIn } from './unfinished.ts';

export function headOf(channel: ChannelState): ChannelHead {
  const epoch = channel.epoch();
  let first = channel.top() + 1;
  for (const { firstOffset } of answersIn(channel.unfinished)) first = Math.min(first, firstOffset);
  return { epoch, top: formatPosition({ epoch, offset: channel.top() }), resume: formatPosition({ epoch, offset: first - 1 }) };
}
