/** What kind of channel a name is of: how long its history is kept follows from that. */
import { AppError } from '../foundation/errors.ts';
import { CHANNEL_KINDS, type Channel, type ChannelKind } from './event-log.ts';

export function kindOf(channel: Channel): ChannelKind {
  const name = channel.slice(0, channel.indexOf(':'));
  const kind = CHANNEL_KINDS.find((known) => known === name);
  if (!kind) throw new AppError('BAD_INPUT', 'There is no such kind of channel.');
  return kind;
}
