/**
 * Relay paging over a time and an id. A cursor names the last row seen, not how many rows came before it, so pages neither skip
 * nor repeat while rows arrive. Reads one row more than asked for, which answers whether there is another page. Knows no tables.
 */
import { badInput } from '../foundation/errors.ts';

export const DEFAULT_PAGE = 25;
export const MOST_PER_PAGE = 100;

export interface PageArgs {
  readonly first?: number | null | undefined;
  readonly last?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly before?: string | null | undefined;
}

/** Newest first is the rule; messages are read oldest first. */
type PageOrder = 'newest first' | 'oldest first';

type Comparison<T> = { lt: T } | { gt: T };
type Beyond<Key extends string> = Record<Key, { lte: Date } | { gte: Date }> & { OR: [Record<Key, Comparison<Date>>, { id: Comparison<string> }] };

/** What a Prisma `findMany` needs to read one page in its reading direction; join `where` with what the viewer may see by AND. */
interface Slice<Key extends string> {
  readonly where: Beyond<Key> | Record<string, never>;
  readonly orderBy: [Record<Key, 'asc' | 'desc'>, { id: 'asc' | 'desc' }];
  readonly take: number;
}

export interface Page<Row> {
  readonly edges: { cursor: string; node: Row }[];
  readonly pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}

interface Window {
  readonly size: number;
  readonly backwards: boolean;
  readonly cursor: string | null;
  /** Which argument the cursor came in. */
  readonly field: 'after' | 'before';
}

/**
 * One page of rows.
 * @param key The column of time that the list is ordered by; the id breaks ties.
 * @throws AppError BAD_INPUT naming the argument at fault.
 */
export async function page<Key extends string, Row extends { readonly id: string } & Readonly<Record<Key, Date>>>(
  args: PageArgs,
  key: Key,
  order: PageOrder,
  read: (slice: Slice<Key>) => Promise<Row[]>,
): Promise<Page<Row>> {
  const window = windowOf(args);
  const descending = (order === 'newest first') !== window.backwards;
  const direction = descending ? 'desc' : 'asc';
  const rows = await read({
    where: window.cursor === null ? {} : beyond(key, parseCursor(window.cursor, window.field), descending),
    // A computed key loses its name in the type, so the name is given back here.
    orderBy: [{ [key]: direction } as Record<Key, 'asc' | 'desc'>, { id: direction }],
    take: window.size + 1,
  });
  return toPage(rows, window, (row) => formatCursor(row[key], row.id));
}

/** One page of a short list held in memory, in its own order; the id alone is the cursor. */
export function pageOf<Row extends { readonly id: string }>(args: PageArgs, rows: readonly Row[]): Page<Row> {
  const window = windowOf(args);
  const ordered = window.backwards ? rows.toReversed() : rows;
  const start = window.cursor === null ? 0 : ordered.findIndex((row) => row.id === parsePlainCursor(window.cursor ?? '', window.field)) + 1;
  if (window.cursor !== null && start === 0) throw badCursor(window.field);
  return toPage(ordered.slice(start, start + window.size + 1), window, (row) => encode(row.id));
}

function windowOf(args: PageArgs): Window {
  const { first, last, after, before } = args;
  if (first != null && last != null) throw badInput('last', 'ask for `first` or for `last`, not for both.');
  if (after != null && before != null) throw badInput('before', 'begin after a cursor or end before one, not both.');
  if (last != null && after != null) throw badInput('after', '`after` goes with `first`; use `before` with `last`.');
  if (first != null && before != null) throw badInput('before', '`before` goes with `last`; use `after` with `first`.');
  const backwards = last != null || before != null;
  const size = (backwards ? last : first) ?? DEFAULT_PAGE;
  if (size < 0 || size > MOST_PER_PAGE) throw badInput(backwards ? 'last' : 'first', `a page has 0 to ${MOST_PER_PAGE} entries.`);
  return { size, backwards, cursor: (backwards ? before : after) ?? null, field: backwards ? 'before' : 'after' };
}

function beyond<Key extends string>(key: Key, from: { at: Date; id: string }, descending: boolean): Beyond<Key> {
  const past = <T>(value: T): Comparison<T> => (descending ? { lt: value } : { gt: value });
  // The bound on the key alone says the same as the OR, in a form that an index can start from.
  const where = { [key]: descending ? { lte: from.at } : { gte: from.at }, OR: [{ [key]: past(from.at) }, { id: past(from.id) }] };
  return where as unknown as Beyond<Key>;
}

function toPage<Row>(read: readonly Row[], window: Window, cursorOf: (row: Row) => string): Page<Row> {
  const more = read.length > window.size;
  const kept = read.slice(0, window.size);
  if (window.backwards) kept.reverse();
  const edges = kept.map((node) => ({ cursor: cursorOf(node), node }));
  return {
    edges,
    pageInfo: {
      hasNextPage: window.backwards ? window.cursor !== null : more,
      hasPreviousPage: window.backwards ? more : window.cursor !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

function formatCursor(at: Date, id: string): string {
  return encode(`${at.getTime()}.${id}`);
}

function parseCursor(cursor: string, field: string): { at: Date; id: string } {
  const match = /^(-?\d{1,15})\.([a-z0-9_]{1,100})$/.exec(decode(cursor));
  if (!match?.[1] || !match[2]) throw badCursor(field);
  return { at: new Date(Number(match[1])), id: match[2] };
}

function parsePlainCursor(cursor: string, field: string): string {
  const id = decode(cursor);
  if (!/^[a-z0-9_]{1,100}$/.test(id)) throw badCursor(field);
  return id;
}

function badCursor(field: string) {
  return badInput(field, 'this is not a cursor of this list. Pass back one from `edges` or `pageInfo`, unchanged.');
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}

function decode(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString('utf8');
}
