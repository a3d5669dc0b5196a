/**
 * Every statement that reaches PostgreSQL through a database while something is done, whichever way it takes (Prisma, our own SQL,
 * transactions). For tests of what an answer's time could tell: the same statements are the same work.
 */
import type pg from 'pg';
import type { Database } from '../../src/store/database.ts';

export interface Statements {
  /** @returns The statements of this work, without their values, in a form that does not depend on which of several at once came first. */
  during(work: () => Promise<unknown>): Promise<readonly string[]>;
}

/** For a database that nothing else uses at the time. */
export function listenToStatements({ pool }: Pick<Database, 'pool'>): Statements {
  const heard = new WeakSet<object>();
  let statements: string[] | null = null;
  pool.on('acquire', (client: pg.PoolClient) => {
    if (heard.has(client)) return;
    heard.add(client);
    const query = client.query.bind(client) as (...given: unknown[]) => unknown;
    // A connection has one way to send a statement, which the pool, Prisma's adapter and transactions all take.
    Object.assign(client, {
      query(...given: unknown[]) {
        statements?.push(textOf(given[0]));
        return query(...given);
      },
    });
  });
  return Object.freeze<Statements>({
    async during(work) {
      statements = [];
      try {
        await work();
        return statements.toSorted();
      } finally {
        statements = null;
      }
    },
  });
}

function textOf(given: unknown): string {
  if (typeof given === 'string') return given;
  return typeof given === 'object' && given !== null && 'text' in given ? String(given.text) : 'unknown';
}
