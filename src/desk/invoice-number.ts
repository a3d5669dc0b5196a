/** The next invoice number: one row of numbers a year, without a gap or a double, whoever issues. Makes no invoice. */
import type { Prisma } from '../store/generated/prisma/client.ts';

/** Held until the transaction ends: the next one waits, and sees this invoice. */
const LOCK = 7_411_001;

export async function nextInvoiceNumber(tx: Prisma.TransactionClient, now: Date): Promise<string> {
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(${LOCK}::bigint)::text`;
  const start = `LW-${now.getUTCFullYear()}-`;
  const rows = await tx.$queryRaw<{ last: number | null }[]>`
    SELECT max(substring("number" FROM ${start.length + 1}::int)::int) AS last FROM "Invoice"
    WHERE "number" LIKE ${`${start}%`} AND substring("number" FROM ${start.length + 1}::int) ~ '^[0-9]{1,9}$'`;
  return `${start}${String((rows[0]?.last ?? 0) + 1).padStart(5, '0')}`;
}
