/**
 * One subscription to one conversation as a careful client holds it, and what it must never see: an item twice, out of order or not
 * at all, a text with a hole, a break of continuity that nobody announced. Knows no sockets; an item is what the server said.
 */
import { blame, increase, type Fault, type Tally } from './tally.ts';

export interface Item {
  readonly __typename: string;
  readonly position: string;
  readonly sequence: number;
  readonly status?: string;
  readonly epoch?: string;
  readonly reason?: string;
  readonly messageId?: string;
  readonly attempt?: number;
  readonly offset?: number;
  readonly text?: string;
  readonly message?: Row | null;
  readonly run?: { readonly id: string } | null;
}

export interface Row {
  readonly id: string;
  readonly role: string;
  readonly status: string;
  readonly text: string;
}

/** What stands at which sequence in which epoch of one conversation, as far as any reader has heard: no two may disagree. */
export interface Chronicle {
  readonly conversationId: string;
  readonly epochs: Map<string, Map<number, string>>;
}

export interface Witness {
  readonly conversationId: string;
  readonly chronicle: Chronicle;
  /** Where a subscription has to go on. */
  readonly after: string;
  /** True from a reset until rows were loaded. */
  readonly stale: boolean;
  /** When the last item came, by `performance.now()`. */
  readonly heardMs: number;
  /** A subscription begins, with `after`: its first item must be the acknowledgement. */
  begin(): void;
  take(item: Item): void;
  load(rows: readonly Row[]): void;
  /** Whether it holds every answer as its row says. */
  holds(rows: readonly Row[]): boolean;
  /** At the end: blames it for what it does not hold, and for items others heard and it did not. */
  judge(rows: readonly Row[]): void;
}

interface Place {
  readonly epoch: string;
  readonly sequence: number;
}

interface Text {
  attempt: number;
  /** Null: not known since a reset, until something says it from the beginning. */
  text: string | null;
  /** Its end was heard. */
  finished: boolean;
  /** Its row was loaded whole: what is still to come of it is known. */
  loaded: boolean;
  /** What a row that ended in part said, for when nothing better is heard. */
  partial: string | null;
}

/** What was heard without interruption, but for pieces of text, which may arrive merged. */
interface Stretch {
  readonly epoch: string;
  readonly from: number;
  to: number;
  readonly heard: Set<number>;
}

export const ITEM = `__typename position sequence
  ... on StreamReady { status epoch } ... on StreamReset { reason epoch } ... on TextSnapshot { messageId attempt text }
  ... on TextDelta { messageId attempt offset text } ... on MessageReset { messageId attempt }
  ... on MessagePosted { message { id role status text } } ... on MessageFinished { message { id role status text } }
  ... on RunQueued { run { id } } ... on RunStarted { run { id } } ... on RunFinished { run { id } } ... on RunFailed { run { id } } ... on RunStopped { run { id } }`;

export function createChronicle(conversationId: string): Chronicle {
  return { conversationId, epochs: new Map() };
}

export function createWitness(chronicle: Chronicle, position: string, tally: Tally): Witness {
  const { conversationId } = chronicle;
  const texts = new Map<string, Text>();
  const stretches: Stretch[] = [];
  let after = position;
  /** Of the item that `after` is the position of; null before the first acknowledgement. */
  let applied: Place | null = null;
  let at: Place = { epoch: '', sequence: -1 };
  let expects: 'ready' | 'reset' | null = null;
  let stale = false;
  let heardMs = performance.now();

  const wrong = (fault: Fault, words: string): void => blame(tally, fault, `${conversationId} at ${at.epoch}.${at.sequence}: ${words}`);
  const textOf = (messageId: string): Text => {
    const known = texts.get(messageId) ?? { attempt: 0, text: '', finished: false, loaded: false, partial: null };
    texts.set(messageId, known);
    return known;
  };

  function goOn(place: Place): void {
    const last = stretches.at(-1);
    if (last?.epoch !== place.epoch || last.to > place.sequence) stretches.push({ ...place, from: place.sequence, to: place.sequence, heard: new Set() });
    at = place;
  }

  function acknowledge({ status, epoch = '', sequence }: Item): void {
    if (expects !== 'ready') wrong('disordered', 'an acknowledgement in the middle');
    expects = status === 'RESET' ? 'reset' : null;
    if (expects === 'reset') return;
    if (status !== 'RECOVERED') wrong('lost', `asked to go on after ${after}, acknowledged as ${status}`);
    else if (applied && (applied.epoch !== epoch || applied.sequence !== sequence)) wrong('unannounced', `went on at ${epoch}.${sequence} after ${after}`);
    goOn({ epoch, sequence });
  }

  function reset({ reason = '', epoch = '', sequence }: Item): void {
    expects = null;
    stale = true;
    increase(tally.resets, reason);
    at = { epoch, sequence };
    stretches.push({ epoch, from: sequence, to: sequence, heard: new Set() });
    for (const text of texts.values()) if (!text.finished && !text.loaded) text.text = null;
  }

  function hear(item: Item): void {
    const { __typename: kind, sequence, position: heard } = item;
    if (sequence <= at.sequence) return wrong(repeats(item) ? 'doubled' : 'disordered', `${kind} ${sequence}`);
    at = { epoch: at.epoch, sequence };
    applied = at;
    after = heard;
    if (kind === 'TextDelta') return hearText(item);
    write(item);
    const messageId = item.messageId ?? item.message?.id ?? '';
    if (kind === 'MessageReset') {
      tally.restarts += 1;
      const known = textOf(messageId);
      if ((item.attempt ?? 0) <= known.attempt) wrong('disordered', `attempt ${item.attempt} begins after ${known.attempt}`);
      texts.set(messageId, { attempt: item.attempt ?? 0, text: '', finished: false, loaded: false, partial: null });
    }
    if (kind === 'MessageFinished' && item.message) finish(item.message);
  }

  function hearText({ messageId = '', attempt = 0, offset = 0, text = '' }: Item): void {
    tally.characters += text.length;
    const known = textOf(messageId);
    if (known.loaded) return;
    if (known.attempt === 0) known.attempt = attempt;
    if (known.finished) return wrong('doubled', `a piece of ${messageId} after its end`);
    if (attempt !== known.attempt) {
      // A message that was begun anew while nobody could tell of it: its beginning says so itself.
      if (known.text !== null || attempt < known.attempt) return wrong('unannounced', `attempt ${attempt} of ${messageId} after ${known.attempt}`);
      known.attempt = attempt;
    }
    if (known.text === null && offset > 0) return void (tally.blind += 1);
    const length = known.text?.length ?? 0;
    if (offset > length) wrong('lost', `${messageId} has ${length} characters, and ${offset} comes next`);
    else if (offset < length) wrong('doubled', `${messageId} has ${length} characters, and ${offset} comes again`);
    known.text = (known.text ?? '').slice(0, offset) + text;
  }

  function snapshot({ messageId = '', attempt = 0, text = '' }: Item): void {
    const known = textOf(messageId);
    if (known.finished || known.loaded) return;
    known.attempt = attempt;
    known.text = text;
  }

  function finish(row: Row): void {
    const known = textOf(row.id);
    if (known.text !== null && !known.finished && known.text !== row.text) {
      wrong(known.text.length > row.text.length ? 'doubled' : 'lost', `${row.id} has ${row.text.length} characters, heard were ${known.text.length}`);
    }
    known.text = row.text;
    known.finished = true;
  }

  function write(item: Item): void {
    const stretch = stretches.at(-1);
    stretch?.heard.add(item.sequence);
    const epoch = chronicle.epochs.get(at.epoch) ?? new Map<number, string>();
    chronicle.epochs.set(at.epoch, epoch);
    const label = labelOf(item);
    const known = epoch.get(item.sequence);
    if (known !== undefined && known !== label) wrong('disordered', `${label} stands where another heard ${known}`);
    epoch.set(item.sequence, label);
  }

  const repeats = (item: Item): boolean => item.__typename === 'TextDelta' || chronicle.epochs.get(at.epoch)?.get(item.sequence) === labelOf(item);

  const heldOf = ({ id }: Row): string | null => texts.get(id)?.text ?? texts.get(id)?.partial ?? null;
  const holds = (rows: readonly Row[]): boolean => rows.every((row) => row.role !== 'AGENT' || heldOf(row) === row.text);

  return {
    conversationId,
    chronicle,
    get after() {
      return after;
    },
    get stale() {
      return stale;
    },
    get heardMs() {
      return heardMs;
    },
    begin() {
      expects = 'ready';
      heardMs = performance.now();
    },
    take(item) {
      tally.deliveries += 1;
      heardMs = performance.now();
      const { __typename: kind } = item;
      if (kind === 'Heartbeat') return;
      if (expects === 'ready' && kind !== 'StreamReady') wrong('unannounced', `${kind} before the acknowledgement`);
      if (expects === 'reset' && kind !== 'StreamReset') wrong('unannounced', `${kind} instead of the reset that was announced`);
      if (kind === 'StreamReady') acknowledge(item);
      else if (kind === 'StreamReset') reset(item);
      else if (kind === 'TextSnapshot') snapshot(item);
      else hear(item);
      const stretch = stretches.at(-1);
      if (stretch) stretch.to = at.sequence;
    },
    load(rows) {
      stale = false;
      for (const row of rows) {
        const known = textOf(row.id);
        // Rows are written before it is told of them. A partial one may be of a run that goes on: only the whole is the end.
        if (row.role === 'AGENT' && row.status === 'COMPLETE' && !known.finished) Object.assign(known, { text: row.text, loaded: true });
        if (row.role === 'AGENT' && row.status === 'PARTIAL') known.partial = row.text;
      }
    },
    holds,
    judge(rows) {
      for (const row of rows) {
        const held = heldOf(row);
        if (row.role === 'AGENT' && held !== row.text) wrong('lost', `${row.id} ends with ${row.text.length} characters, held are ${held?.length ?? 'none'}`);
      }
      for (const { epoch, from, to, heard } of stretches) {
        for (const [sequence, label] of chronicle.epochs.get(epoch) ?? []) {
          if (sequence > from && sequence <= to && !heard.has(sequence)) wrong('lost', `${label} at ${epoch}.${sequence}, which others heard`);
        }
      }
    },
  };
}

function labelOf({ __typename: kind, message, messageId, run }: Item): string {
  return `${kind} ${message?.id ?? messageId ?? run?.id ?? ''}`;
}
