/**
 * What keeps one conversation current: rows are loaded, then followed from their position; an interruption continues from the last
 * item applied, a gap is mended by loading anew. It never gives up on a server that is away, and gives up at once on one that
 * refuses. Shows nothing; what an item means is thread.ts.
 */
import { closedBy, ParleyError, refusalOf } from './error.ts';
import type { Http } from './http.ts';
import type { OperationIds } from './operation-ids.ts';
import { EXPLAIN, FOLLOW, LOAD, type RunItem } from './operations.ts';
import { jitter, type Pauses } from './retry.ts';
import type { Lines } from './socket.ts';
import { explain, isNew, load, reduce, type Thread } from './thread.ts';
import type { ConversationItem } from './types.ts';

export interface FeedDeps {
  readonly http: Http;
  readonly lines: Lines;
  readonly ids: OperationIds;
  readonly pauses: Pauses;
  /** The thread as it is now. */
  readonly thread: () => Thread;
  /** @param live Whether items come as they happen; null when that is as before. */
  readonly onThread: (thread: Thread, live: boolean | null) => void;
  /** An item that was not heard before. */
  readonly onItem: (item: ConversationItem) => void;
  /** The server refuses. */
  readonly onFailed: (error: ParleyError) => void;
}

export interface Feed {
  close(): void;
}

/** A token that is refused again and again is not worth more tries. */
const REFUSED_TOKENS_MAX = 3;

export function createFeed(id: string, deps: FeedDeps): Feed {
  const variables: Record<string, unknown> = { id, after: null };
  let closed = false;
  let sent = deps.ids.sent(FOLLOW);
  let leave: () => void = () => undefined;
  let leaveRun: () => void = () => undefined;
  let [failures, refusedTokens] = [0, 0];

  function close(): void {
    closed = true;
    leave();
    leaveRun();
  }

  function fail(error: ParleyError): void {
    if (closed) return;
    close();
    deps.onFailed(error);
  }

  function rest(error: ParleyError | null): Promise<void> {
    failures += 1;
    return deps.pauses.wait(Math.max(jitter(failures - 1), error?.retryAfterMs ?? 0));
  }

  /** Rows first, then whatever follows their position: nothing is missing in between. */
  async function begin(): Promise<void> {
    while (!closed) {
      try {
        const { conversation } = await deps.http.request(LOAD, { id });
        if (closed) return;
        if (!conversation) throw new ParleyError('NOT_FOUND', 'There is no such conversation.');
        variables['after'] = conversation.position;
        deps.onThread(load(deps.thread(), conversation), false);
        follow();
        return explainActive();
      } catch (error) {
        const known = closedBy(error);
        if (!known.retryable) return fail(known);
        await rest(known);
      }
    }
  }

  function follow(): void {
    // A listener may have closed it meanwhile.
    if (closed) return;
    let left = false;
    sent = deps.ids.sent(FOLLOW);
    const stop = deps.lines.follow(
      { ...sent, variables },
      {
        next({ data, errors }) {
          if (left) return;
          const item = (data as { readonly conversationEvents?: ConversationItem } | null | undefined)?.conversationEvents;
          // A field that could not be read is null and the item tells the rest. Without an item there is nothing to tell.
          if (item) take(item);
          else if (errors) void again(refusalOf(errors));
        },
        end(cause) {
          if (!left) void again(Array.isArray(cause) ? refusalOf(cause) : cause === null ? null : closedBy(cause));
        },
      },
    );
    leave = () => {
      left = true;
      stop();
    };
  }

  /** A run that was begun before the thread was loaded has told why its agent answers: its history is asked. */
  function explainActive(): void {
    const run = deps.thread().activeRun;
    leaveRun();
    if (closed || !run || run.why) return;
    leaveRun = deps.lines.follow(
      { ...deps.ids.sent(EXPLAIN), variables: { id: run.id } },
      {
        next({ data }) {
          const item = (data as { readonly runEvents?: RunItem } | null | undefined)?.runEvents;
          if (closed || item?.__typename !== 'AgentChosen') return;
          leaveRun();
          deps.onThread(explain(deps.thread(), item), null);
        },
        // It is good to know, and not worth another try.
        end: () => undefined,
      },
    );
  }

  /** Goes on behind the last item after a while, or gives up. */
  async function again(error: ParleyError | null): Promise<void> {
    leave();
    if (error?.code === 'OPERATION_NOT_FOUND' && deps.ids.missed(sent)) return follow();
    if (error?.code === 'UNAUTHENTICATED') refusedTokens += 1;
    if (error && (error.code === 'UNAUTHENTICATED' ? refusedTokens >= REFUSED_TOKENS_MAX : !error.retryable)) return fail(error);
    deps.onThread(deps.thread(), false);
    await rest(error);
    follow();
  }

  function take(item: ConversationItem): void {
    const before = deps.thread();
    if (!isNew(before, item)) return;
    const next = reduce(before, item);
    if (next.stale) {
      leave();
      const first = failures === 0;
      deps.onItem(item);
      deps.onThread(next, false);
      // At once the first time: what is shown is out of date. A server that says so again and again is given time.
      void (first ? Promise.resolve(void (failures += 1)) : rest(null)).then(begin);
      return;
    }
    if (item.__typename === 'StreamReady') refusedTokens = 0;
    // A socket that opens again continues from here. Only items that count do: a notice may stand before others of its place.
    if (next.sequence > before.sequence) {
      variables['after'] = item.position;
      failures = 0;
    }
    deps.onItem(item);
    deps.onThread(next, true);
  }

  void begin();
  return { close };
}
