import type { Pool, PoolClient } from 'pg';
import type { PostgresPool, PostgresPoolClient } from 'kysely';

/** A statement is prepared when it comes so often: what comes once, such as a list of another length, is not worth it. */
const PREPARED_AT = 5;
/** Texts that are counted, and statements that a connection keeps at the most. */
const KEPT = 200;

/**
 * A pool whose connections keep what comes often prepared, so that the server does not parse it each time. A name stands for
 * one text in all of them.
 */
export function preparing(pool: Pool): PostgresPool {
  const names = new StatementNames();
  return {
    connect: async () => preparingClient(await pool.connect(), names),
    end: () => pool.end(),
  };
}

function preparingClient(client: PoolClient, names: StatementNames): PostgresPoolClient {
  const query = (text: string, values: readonly unknown[]): unknown => {
    const name = names.of(text);
    return client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) });
  };
  return {
    query: query as PostgresPoolClient['query'],
    release: () => client.release(),
  };
}

class StatementNames {
  readonly #uses = new Map<string, { count: number; readonly name: string }>();

  /** Undefined for a text that has not come often yet. */
  of(text: string): string | undefined {
    let use = this.#uses.get(text);
    if (use === undefined) {
      if (this.#uses.size >= KEPT) return undefined;
      use = { count: 0, name: `zenova_${this.#uses.size}` };
      this.#uses.set(text, use);
    }
    use.count++;
    return use.count >= PREPARED_AT ? use.name : undefined;
  }
}
