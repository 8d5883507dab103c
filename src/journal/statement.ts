import type { Compilable, CompiledQuery, Kysely, QueryResult } from 'kysely';
import type { JournalDatabase } from './schema.js';

/** Stands in a statement where a value comes at each run. */
class Placeholder {
  constructor(readonly name: PropertyKey) {}
}

/**
 * A statement that is built once and run with other values each time: building it takes longer than anything else that
 * this process does for it.
 */
export class Statement<Values extends object, Row> {
  readonly #compiled: CompiledQuery<Row>;

  /** @param build gets something to stand for each value; nothing may depend on what the values are */
  constructor(build: (values: Values) => Compilable<Row>) {
    const placeholders = new Proxy<object>({}, { get: (_target, name) => new Placeholder(name) });
    this.#compiled = build(placeholders as Values).compile();
  }

  run(db: Kysely<JournalDatabase>, values: Values): Promise<QueryResult<Row>> {
    const parameters = this.#compiled.parameters.map((parameter) =>
      parameter instanceof Placeholder ? values[parameter.name as keyof Values] : parameter,
    );
    return db.executeQuery({ ...this.#compiled, parameters });
  }
}
