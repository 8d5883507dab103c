import type { Pool, PoolClient } from 'pg';
import type { PostgresPool, PostgresPoolClient } from 'kysely';

/** A statement is prepared when it comes so often: what comes once, such as a list of another length, is not worth it. */
const PREPARED_AT = 5;
/** What `pg` says when the server has not answered within `query_timeout`; it has no code. */
const READ_TIMEOUT = 'Query read timeout';
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
  let isSilent = false;
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    const name = names.of(text);
    try {
      return await client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) });
    } catch (error) {
      isSilent ||= error instanceof Error && error.message === READ_TIMEOUT;
      throw error;
    }
  };
  return {
    query: query as PostgresPoolClient['query'],
    // A connection that has not answered in time may never do so again: the pool makes another one.
    release: () => client.release(isSilent),
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
