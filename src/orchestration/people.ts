/**
 * What an agent knows and says of people in one turn: that one takes over, that one may be offered, that one is on the way already. Says
 * only what is so; whether a person is needed is judged in understand/escalation.ts, and raising it is not orchestration's.
 */
import type { EscalationDecision } from './understand/escalation.ts';

/** How it stands with the people of the desk. */
export interface Wait {
  /** Null when nothing is known to estimate from. */
  readonly expectedWaitS: number | null;
  /** Null while people are there; else the customer reads a notice that says when they are. */
  readonly peopleBackAt: Date | null;
}

export interface PeopleNote {
  /** For the agent's prompt. */
  readonly note: string;
  /** A sentence the customer has to read, for a model that cannot read a prompt; null when there is none. */
  readonly mustSay: string | null;
}

const OFFER = 'If you would rather deal with a person, just say so here and I will ask for one.';

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

/** To the customer: that a person takes over, and how long that takes as far as anybody knows. */
export function takeOverSentence({ expectedWaitS, peopleBackAt }: Wait): string {
  if (peopleBackAt) return 'A person of our team will take this over when they are back; the notice here says when that is.';
  if (expectedWaitS === null) return 'A person of our team will take this over; I cannot say how soon that will be.';
  return `A person of our team will take this over; lately that has taken about ${durationOf(expectedWaitS)}.`;
}

/** In place of an answer that did not pass its check. @param wait Null where no person is asked for. */
export function withheldSentence(wait: Wait | null): string {
  const instead = 'I have worked on an answer, but it did not pass our checks, so I do not send it.';
  return wait ? `${instead} ${takeOverSentence(wait)}` : instead;
}

/** @param wait How long people take; asked for only when one takes over. */
export function escalatedNote(wait: Wait): PeopleNote {
  const mustSay = takeOverSentence(wait);
  return {
    note: `By the rules of the desk a person takes this conversation over; they have been asked for just now. Tell the customer so in your own words, and nothing that goes beyond it: ${JSON.stringify(mustSay)} Help meanwhile with what you can, and argue about nothing.`,
    mustSay,
  };
}

/** What the agent has to know where nobody is asked for in this turn; null where there is nothing. */
export function peopleNote(decision: EscalationDecision, escalated: boolean): PeopleNote | null {
  if (escalated)
    return {
      note: 'A person has been asked for already and will take this conversation over. Answer what you can until then; neither promise nor offer a person again.',
      mustSay: null,
    };
  if (decision !== 'OFFER') return null;
  return {
    note: `The customer may want a person by now. End your answer with one sentence that offers one, such as: ${JSON.stringify(OFFER)}`,
    mustSay: OFFER,
  };
}

function durationOf(seconds: number): string {
  const [size, name] = seconds < 2 * HOUR_S ? [MINUTE_S, 'minute'] : seconds < 2 * DAY_S ? [HOUR_S, 'hour'] : [DAY_S, 'day'];
  const count = Math.max(1, Math.round(seconds / size));
  return count === 1 ? `one ${name}` : `${count} ${name}s`;
}
