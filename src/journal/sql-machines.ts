import { sql, type Insertable, type Kysely, type Selectable } from 'kysely';
import type { JsonValue } from '../common/errors/index.js';
import { targetKey } from '../common/ids.js';
import type { Failure, MachineStatus, PowerParameters } from '../compute/contract/index.js';
import type { MachinePowerState, Transition } from '../compute/state/power-state.js';
import { fenced, leasedRow } from './fenced.js';
import { guarded } from './guarded.js';
import type { Lease } from './journal.port.js';
import type {
  MachineChange,
  MachineDefinition,
  MachineFilter,
  MachineObservation,
  MachinePlace,
  MachineRecord,
  MachineSighting,
  MachineStore,
  NewMachine,
  SeenState,
} from './machine-store.port.js';
import type { JournalDatabase, MachinesTable } from './schema.js';
import type { SecretBox } from './secret-box.js';
import type { SqlFlavour } from './sql-flavour.js';

/** So many sightings are written down by one statement. */
const MOST_AT_ONCE = 1000;

/** Whoever writes about many machines has this turn, so that no two of them wait for each other. */
const OBSERVING = targetKey('machine', 'all', 'observation');

/** Registered machines in the journal's database. */
export class SqlMachines implements MachineStore {
  readonly #db: Kysely<JournalDatabase>;
  readonly #flavour: SqlFlavour;
  readonly #box: SecretBox;

  constructor(db: Kysely<JournalDatabase>, flavour: SqlFlavour, box: SecretBox) {
    this.#db = db;
    this.#flavour = flavour;
    this.#box = box;
  }

  add(machine: NewMachine, lease: Lease, now: number): Promise<boolean> {
    const row = {
      name: machine.name,
      ...this.#columns(machine),
      registered_by: machine.registeredBy,
      registered_at: now,
      updated_at: now,
      revision: now,
    };
    return fenced(this.#db, lease, async (leased) => {
      const { columns, rows } = leasedRow(leased, row);
      const { numInsertedOrUpdatedRows } = await this.#db
        .insertInto('machines')
        .columns(columns)
        .expression(rows)
        .onConflict((conflict) => conflict.column('name').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    });
  }

  change(machine: MachineChange, lease: Lease, now: number): Promise<boolean> {
    const { name, revision } = machine;
    return fenced(this.#db, lease, async (leased) => {
      const { numUpdatedRows } = await this.#db
        .updateTable('machines')
        // What was seen with another definition may be of another machine: it goes too.
        .set({ ...this.#columns(machine), updated_at: now, revision: Math.max(now, revision + 1) })
        .where('name', '=', name)
        .where('revision', '=', revision)
        .where((eb) => eb.exists(leased.select('id')))
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    });
  }

  remove(name: string, lease: Lease): Promise<boolean> {
    return fenced(this.#db, lease, async (leased) => {
      const { numDeletedRows } = await this.#db
        .deleteFrom('machines')
        .where('name', '=', name)
        .where((eb) => eb.exists(leased.select('id')))
        .executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    });
  }

  find(name: string): Promise<MachineRecord | undefined> {
    return guarded(async () => {
      const row = await this.#db.selectFrom('machines').selectAll().where('name', '=', name).executeTakeFirst();
      return row === undefined ? undefined : recordOf(row, this.#box);
    });
  }

  list(filter: MachineFilter, after: string | undefined, limit: number): Promise<MachineRecord[]> {
    return guarded(async () => {
      let query = this.#filtered(filter).orderBy('name').limit(limit);
      if (after !== undefined) query = query.where('name', '>', after);
      return (await query.execute()).map((row) => recordOf(row, this.#box));
    });
  }

  listByController(filter: MachineFilter, after: MachinePlace | undefined, limit: number): Promise<MachineRecord[]> {
    return guarded(async () => {
      let query = this.#filtered(filter).orderBy('power_type').orderBy('controller').orderBy('name').limit(limit);
      if (after !== undefined) {
        const place = sql`(${sql.join([after.powerType, after.controller, after.name])})`;
        query = query.where(sql<boolean>`(power_type, controller, name) > ${place}`);
      }
      return (await query.execute()).map((row) => recordOf(row, this.#box));
    });
  }

  observe(sightings: readonly MachineObservation[]): Promise<void> {
    return guarded(async () => {
      for (let from = 0; from < sightings.length; from += MOST_AT_ONCE) {
        await this.#writeSeen(sightings.slice(from, from + MOST_AT_ONCE));
      }
    });
  }

  async #writeSeen(sightings: readonly MachineObservation[]): Promise<void> {
    const rows = sightings.map(({ name, revision, ...sighting }) => ({
      name,
      revision,
      ...resultColumns(sighting),
      ...seenColumns(sighting.seen),
    }));
    // Where nothing was seen, what was seen before stays.
    const seenOr = (column: string) =>
      sql`case when looks.observed_at is null then machines.${sql.ref(column)} else looks.${sql.ref(column)} end`;
    await sql`
      with turn as materialized (select ${this.#flavour.turnOf(OBSERVING)} as locked),
      looks as materialized (
        select value ->> 'name' as name, cast(value ->> 'revision' as bigint) as revision,
          value ->> 'status' as status, value ->> 'error' as error, value ->> 'state' as state,
          value ->> 'transition' as transition, value ->> 'native_state' as native_state,
          cast(value ->> 'observed_at' as bigint) as observed_at
        from ${this.#flavour.elementsOf(JSON.stringify(rows))}
      )
      update machines set status = looks.status, error = looks.error, state = ${seenOr('state')},
        transition = ${seenOr('transition')}, native_state = ${seenOr('native_state')},
        observed_at = coalesce(looks.observed_at, machines.observed_at)
      from looks, turn
      where machines.name = looks.name and machines.revision = looks.revision
        and (looks.observed_at is null or machines.observed_at is null or machines.observed_at <= looks.observed_at)
    `.execute(this.#db);
  }

  count(filter: MachineFilter = {}): Promise<number> {
    return guarded(async () => {
      const { count } = await this.#filtered(filter)
        .clearSelect()
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      return count;
    });
  }

  #filtered({ name, names, powerType, controller, status, state }: MachineFilter) {
    let found = this.#db.selectFrom('machines').selectAll();
    if (name?.includes('*') === true) found = found.where(this.#flavour.isLike('name', name));
    else if (name !== undefined) found = found.where('name', '=', name);
    if (names !== undefined) found = found.where('name', 'in', names.length === 0 ? [''] : names);
    if (powerType !== undefined) found = found.where('power_type', '=', powerType);
    if (controller !== undefined) found = found.where('controller', '=', controller);
    if (status !== undefined) found = found.where('status', '=', status);
    if (state !== undefined) found = found.where('state', '=', state);
    return found;
  }

  #columns({ powerType, parameters, controller, status, error, seen }: MachineDefinition & MachineSighting) {
    return {
      power_type: powerType,
      parameters: JSON.stringify(this.#box.seal(parameters)),
      controller,
      ...resultColumns({ status, error, seen }),
      ...seenColumns(seen),
    };
  }
}

type MachineRow = Insertable<MachinesTable>;

function resultColumns({ status, error }: MachineSighting): Pick<MachineRow, 'status' | 'error'> {
  return { status, error: error === null ? null : JSON.stringify(error) };
}

function seenColumns(
  seen: SeenState | null,
): Pick<MachineRow, 'state' | 'transition' | 'native_state' | 'observed_at'> {
  return {
    state: seen?.state ?? null,
    transition: seen?.transition ?? null,
    native_state: seen?.nativeState ?? null,
    observed_at: seen?.observedAt ?? null,
  };
}

/** Parameters are decrypted when they are asked for: one machine that cannot be read hides no other. */
function recordOf(row: Selectable<MachinesTable>, box: SecretBox): MachineRecord {
  let parameters: PowerParameters | undefined;
  const { state, native_state: nativeState, observed_at: observedAt } = row;
  const seen =
    state === null || nativeState === null || observedAt === null
      ? null
      : {
          state: state as MachinePowerState,
          transition: row.transition as Transition | null,
          nativeState,
          observedAt,
        };
  return {
    name: row.name,
    powerType: row.power_type,
    get parameters() {
      parameters ??= box.unseal(JSON.parse(row.parameters) as JsonValue) as PowerParameters;
      return parameters;
    },
    controller: row.controller,
    status: row.status as MachineStatus,
    error: row.error === null ? null : (JSON.parse(row.error) as Failure),
    seen,
    registeredBy: row.registered_by,
    registeredAt: row.registered_at,
    updatedAt: row.updated_at,
    revision: row.revision,
  };
}
