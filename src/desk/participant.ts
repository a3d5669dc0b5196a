/** Who somebody is in a conversation, and how that is written as one word. */
import type { Participant } from '../events/event.ts';
import type { Viewer } from '../store/viewer.ts';

/** Null for who is nobody in a conversation: a partner's system relays for its customers. */
export function participantOf(viewer: Viewer): Participant | null {
  switch (viewer.kind) {
    case 'staff':
      return { kind: 'person', id: viewer.userId };
    case 'customer':
      return { kind: 'customer', id: viewer.customerId };
    case 'partner':
      return null;
  }
}

export function writeParticipant({ kind, id }: Participant): string {
  return `${kind}:${id}`;
}
