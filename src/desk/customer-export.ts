/**
 * Everything held of one customer, page by page, as the rows it is stored in: for the customer's right to their data, and to take it
 * elsewhere. Leaves out what serves only the gateway and, for the customer, what the desk thinks of them. Writes nothing but that it
 * was asked for.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import type { Database } from '../store/database.ts';
import { Prisma } from '../store/generated/prisma/client.ts';
import type { Viewer } from '../store/viewer.ts';
import { customersVisibleTo, requireScope } from './access.ts';
import { auditEntry } from './audit.ts';
import { CUSTOMER_TABLES, OWN_COLUMNS, STAFF_COLUMNS, SUM_COLUMNS, type CustomerTable } from './customer-tables.ts';

export interface ExportedRow {
  /** The table: `Message`, `Invoice`. */
  readonly kind: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface CustomerExport {
  readonly rows: readonly ExportedRow[];
  /** Where the next page begins; null after the last. */
  readonly endCursor: string | null;
}

export interface ExportDesk {
  /** Staff, and the customer themself. @throws AppError NOT_FOUND, FORBIDDEN for partners, BAD_INPUT for a cursor that is none. */
  page(viewer: Viewer, input: { readonly customerId: string; readonly after: string | null }): Promise<CustomerExport>;
}

export interface ExportDeskDeps {
  readonly database: Database;
  readonly clock: Clock;
}

interface Place {
  readonly table: number;
  readonly key: string;
}

const ROWS_MAX = 500;
const ROWS_PER_READ = 100;
/** A page ends after the read that reaches this: long conversations do not make an answer too large to send. */
const PAGE_CHARS = 1_000_000;

export function createExportDesk({ database, clock }: ExportDeskDeps): ExportDesk {
  return Object.freeze<ExportDesk>({
    async page(viewer, { customerId, after }) {
      if (viewer.kind === 'partner') throw new AppError('FORBIDDEN', 'Only the customer and the staff export what is held of a customer.');
      requireScope(viewer, 'read:customers:pii');
      const found = await database.customer.findFirst({ where: { AND: [{ id: customerId }, customersVisibleTo(viewer)] }, select: { id: true } });
      if (!found) throw notFound('customer');
      const tables = viewer.kind === 'staff' ? CUSTOMER_TABLES.filter(({ exported }) => exported !== 'never') : CUSTOMER_TABLES.flatMap(forOthers);
      const start = after === null ? { table: 0, key: '' } : parseCursor(after, tables.length);
      if (after === null) await database.auditEntry.create({ data: auditEntry(viewer, 'customer.export', 'customer', customerId, {}, clock.now()) });
      const hidden = viewer.kind === 'staff' ? OWN_COLUMNS : [...OWN_COLUMNS, ...STAFF_COLUMNS];
      return readPage(database, tables, customerId, hidden, start);
    },
  });
}

function forOthers(table: CustomerTable): readonly CustomerTable[] {
  if (table.exported !== 'all') return [];
  const { only, forOthers: some } = table;
  if (!some) return [table];
  return [{ ...table, only: only ? Prisma.sql`${only} AND ${some}` : some }];
}

async function readPage(
  database: Database,
  tables: readonly CustomerTable[],
  customerId: string,
  hidden: readonly string[],
  start: Place,
): Promise<CustomerExport> {
  const rows: ExportedRow[] = [];
  let chars = 0;
  let { table: at, key: after } = start;
  for (let table = tables[at]; table;) {
    if (rows.length >= ROWS_MAX || chars >= PAGE_CHARS) return { rows, endCursor: formatCursor({ table: at, key: after }) };
    const read = await readRows(database, table, customerId, hidden, after);
    for (const row of read) {
      rows.push({ kind: table.name, fields: row.fields });
      chars += row.chars;
    }
    after = read.length === ROWS_PER_READ ? (read.at(-1)?.key ?? '') : '';
    if (after === '') table = tables[(at += 1)];
  }
  return { rows, endCursor: null };
}

interface Read {
  readonly key: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly chars: number;
}

function readRows(database: Database, table: CustomerTable, customerId: string, hidden: readonly string[], after: string): Promise<Read[]> {
  const { name, key, theirs, only } = table;
  const column = Prisma.raw(`row."${key}"`);
  const which = only ? Prisma.sql`${theirs(customerId)} AND ${only}` : theirs(customerId);
  return database.$queryRaw<Read[]>`
    SELECT "key", "fields", length("fields"::text) AS "chars" FROM (
      SELECT ${column} AS "key",
             (SELECT jsonb_object_agg(f.key, CASE WHEN jsonb_typeof(f.value) = 'number' AND f.key = ANY(${[...SUM_COLUMNS]}) THEN to_jsonb(f.value #>> '{}') ELSE f.value END)
                FROM jsonb_each(to_jsonb(row)) AS f WHERE f.key <> ALL(${[...hidden]})) AS "fields"
        FROM ${Prisma.raw(`"${name}"`)} AS row
       WHERE ${which} AND ${column} > ${after} ORDER BY ${column} LIMIT ${ROWS_PER_READ}) AS page ORDER BY "key"`;
}

function formatCursor({ table, key }: Place): string {
  return Buffer.from(`${table}.${key}`, 'utf8').toString('base64url');
}

function parseCursor(cursor: string, tables: number): Place {
  const match = /^(\d{1,3})\.([a-z0-9_]{0,100})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'));
  const table = Number(match?.[1] ?? -1);
  if (!match || table < 0 || table >= tables) throw badInput('after', 'this is not a cursor of this export. Pass back `endCursor`, unchanged.');
  return { table, key: match[2] ?? '' };
}
