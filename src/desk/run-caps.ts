/**
 * How many runs may be in flight, queued or running, for one customer and for all customers of one partner: nobody fills the queue for
 * the others. What waits for a person counts nothing, and what the staff starts is not refused.
 */
import { AppError } from '../foundation/errors.ts';
import type { Prisma, Run } from '../store/generated/prisma/client.ts';
import type { Sql } from '../store/sql.ts';
import type { Viewer } from '../store/viewer.ts';

export interface RunCaps {
  readonly perCustomer: number;
  readonly perPartner: number;
}

/** What deps of who starts runs have. */
export interface Capped {
  /** No bounds without. */
  readonly runCaps?: RunCaps | undefined;
}

interface Written {
  readonly run: Pick<Run, 'customerId'> | null;
  /** `duplicate`: it was written before. */
  readonly disposition?: string;
}

interface InFlight {
  readonly customers: number;
  readonly partners: number;
}

/** A transaction of the client. */
export type RowsTx = Prisma.TransactionClient;

type Tx = Pick<Sql, 'query'> | Pick<RowsTx, '$queryRaw'>;

/** When one of them is likely to have ended. */
const RETRY_MS = 5_000;

/**
 * A transaction's work, undone when the run it wrote is one too many. Counts what there is, in one statement. Conversations begun in
 * the same instant do not see each other: so many may be too many, and the next one is refused. What was written before is not counted.
 * @throws AppError RATE_LIMITED
 */
export function capped<T extends Tx, R extends Written | null>({ runCaps }: Capped, viewer: Viewer, work: (tx: T) => Promise<R>): (tx: T) => Promise<R> {
  if (!runCaps || viewer.kind === 'staff') return work;
  return async (tx) => {
    const written = await work(tx);
    const customerId = written?.disposition === 'duplicate' ? null : written?.run?.customerId;
    if (customerId) refuseExcess(await count(tx, customerId), runCaps);
    return written;
  };
}

function refuseExcess({ customers, partners }: InFlight, { perCustomer, perPartner }: RunCaps): void {
  if (customers > perCustomer) {
    const sentence = `${perCustomer} answers are under way for this customer already. Wait until one of them has ended, or stop it with stopRun.`;
    throw new AppError('RATE_LIMITED', sentence, { retryAfterMs: RETRY_MS });
  }
  if (partners > perPartner) {
    const sentence = `${perPartner} answers are under way for the customers of this partner already. Wait until one of them has ended.`;
    throw new AppError('RATE_LIMITED', sentence, { retryAfterMs: RETRY_MS });
  }
}

async function count(tx: Tx, customerId: string): Promise<InFlight> {
  const query = 'query' in tx ? tx.query : <Row>(text: TemplateStringsArray, ...values: readonly unknown[]) => tx.$queryRaw<Row[]>(text, ...values);
  const [row] = await query<InFlight>`
    SELECT (SELECT count(*)::int FROM "Run" WHERE "customerId" = ${customerId} AND "status" IN ('queued', 'running')) AS "customers",
           (SELECT count(*)::int FROM "Customer" "self" JOIN "Customer" "other" ON "other"."partnerId" = "self"."partnerId"
              JOIN "Run" ON "Run"."customerId" = "other"."id" AND "Run"."status" IN ('queued', 'running')
             WHERE "self"."id" = ${customerId}) AS "partners"`;
  return row ?? { customers: 0, partners: 0 };
}
