/**
 * Statements written by hand, for the few that every turn runs: straight to the driver they cost a tenth of what the client's query
 * engine takes. Values are always parameters; each text is prepared once per connection. Reads for people go through Prisma.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';

export interface Sql {
  /** The rows of one statement. Numerics come as decimal text, moments as Date, JSON parsed. */
  query<Row>(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]>;
  /** How many rows one statement changed. */
  execute(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<number>;
}

export interface SqlDatabase extends Sql {
  /** All of `work`'s statements or none. */
  transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T>;
}

interface Prepared {
  readonly name: string;
  readonly text: string;
}

type Runner = Pick<pg.Pool, 'query'>;

/** @param onConnectionLost Told when a connection breaks in the middle of a transaction; the transaction itself fails. */
export function createSql(pool: pg.Pool, onConnectionLost: (error: Error) => void): SqlDatabase {
  const prepared = new WeakMap<TemplateStringsArray, Prepared>();

  function prepare(parts: TemplateStringsArray): Prepared {
    const known = prepared.get(parts);
    if (known) return known;
    const text = parts.reduce((whole, part, index) => (index === 0 ? part : `${whole}$${index}${part}`), '');
    const made = { name: `parley_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`, text };
    prepared.set(parts, made);
    return made;
  }

  function on(runner: Runner): Sql {
    return {
      query: async <Row>(text: TemplateStringsArray, ...values: readonly unknown[]) =>
        (await runner.query({ ...prepare(text), values: [...values] })).rows as Row[],
      execute: async (text, ...values) => (await runner.query({ ...prepare(text), values: [...values] })).rowCount ?? 0,
    };
  }

  return {
    ...on(pool),
    async transaction(work) {
      const client = await pool.connect();
      client.on('error', onConnectionLost);
      let broken: Error | undefined;
      try {
        await client.query('BEGIN');
        const result = await work(on(client));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        // A connection that cannot even roll back is thrown away.
        await client.query('ROLLBACK').catch((failure: unknown) => {
          broken = failure instanceof Error ? failure : new Error('rollback failed');
        });
        throw error;
      } finally {
        client.off('error', onConnectionLost);
        client.release(broken);
      }
    },
  };
}
