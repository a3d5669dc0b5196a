/**
 * The one way to the rows: a Prisma client on the `pg` driver, the same for the embedded and for a given PostgreSQL. Knows no
 * business rule; who may see what is desk/access.ts.
 */
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/prisma/client.ts';

export type Database = PrismaClient;

export interface DatabaseOptions {
  readonly url: string;
  /** Most connections held at once. */
  readonly connectionsMax: number;
  /** Milliseconds to wait for a connection before giving up. */
  readonly connectMs: number;
  /** Milliseconds a statement may run. */
  readonly statementMs: number;
}

export function openDatabase(options: DatabaseOptions): Database {
  const adapter = new PrismaPg({
    connectionString: options.url,
    max: options.connectionsMax,
    connectionTimeoutMillis: options.connectMs,
    statement_timeout: options.statementMs,
    application_name: 'parley',
  });
  return new PrismaClient({ adapter });
}
