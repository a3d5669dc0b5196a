/**
 * Which messages of a channel are being written right now, and their text so far: what a late joiner needs and history pages
 * cannot give cheaply. A pure reducer over events; knows no log.
 */
import type { ParleyEvent, TextSnapshot, Visibility } from './event.ts';

export interface UnfinishedText {
  readonly messageId: string;
  readonly runId: string;
  step: string;
  attempt: number;
  text: string;
  visibility: Visibility;
  /** Offset in the channel of the first delta of the current attempt. */
  firstOffset: number;
}

export type UnfinishedTexts = Map<string, UnfinishedText>;

/** Takes one event, in order, into account. */
export function trackUnfinished(texts: UnfinishedTexts, event: ParleyEvent, offset: number): void {
  switch (event.type) {
    case 'TextDelta': {
      const known = texts.get(event.messageId);
      if (known && known.attempt === event.attempt && known.text.length === event.offset) {
        known.text += event.text;
        known.step = event.step;
      } else if (event.offset === 0 && (!known || event.attempt >= known.attempt)) {
        // Only from its beginning: the rest of a text whose beginning has left the history would be told as the whole of it.
        const { messageId, runId, step, attempt, text, visibility } = event;
        texts.set(messageId, { messageId, runId, step, attempt, text, visibility, firstOffset: offset });
      } else if (known && known.attempt === event.attempt && known.text.length < event.offset) {
        // A log that lost its latest events and was written on: no text is better than one with a hole that does not show.
        texts.delete(event.messageId);
      }
      return;
    }
    case 'MessageFinished':
    case 'MessageReset':
      texts.delete(event.messageId);
      return;
    case 'StepFinished':
      // What a participant of a workflow said is told under the run and its path.
      texts.delete(`${event.runId}:${event.path}`);
      return;
    case 'RunFinished':
    case 'RunFailed':
    case 'RunStopped':
      for (const [messageId, text] of texts) if (text.runId === event.runId) texts.delete(messageId);
      return;
    case 'MessagePosted':
    case 'TextSnapshot':
    case 'Heartbeat':
    case 'RunQueued':
    case 'RunStarted':
    case 'AgentChosen':
    case 'StepStarted':
    case 'ToolCalled':
    case 'ToolReturned':
    case 'ApprovalRequested':
    case 'ApprovalExpiring':
    case 'ApprovalDecided':
    case 'HandedOver':
    case 'TypingChanged':
    case 'PresenceChanged':
    case 'ConversationChanged':
    case 'UsageUpdated':
    case 'BudgetWarning':
    case 'EscalationDecided':
    case 'EscalationRaised':
    case 'EscalationQueued':
    case 'EscalationClaimed':
    case 'EscalationReleased':
    case 'EscalationResolved':
    case 'EscalationSlaWarning':
    case 'EscalationSlaBreached':
      return;
  }
}

/** Those that customers read. What participants of a workflow say to the desk moves nobody's place in the conversation. */
export function answersIn(texts: UnfinishedTexts): readonly UnfinishedText[] {
  return [...texts.values()].filter(({ visibility }) => visibility === 'CUSTOMER');
}

export function toSnapshot(text: UnfinishedText, at: string): TextSnapshot {
  const { runId, messageId, step, attempt, visibility } = text;
  return { type: 'TextSnapshot', at, visibility, runId, messageId, step, attempt, text: text.text };
}
