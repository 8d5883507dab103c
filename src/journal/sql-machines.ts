import { sql, type Insertable, type Kysely, type SelectQueryBuilder, type Selectable } from 'kysely';
import type { JsonValue } from '../common/errors/index.js';
import type { Failure, MachineStatus, PowerParameters } from '../compute/contract/index.js';
import type { MachinePowerState, Transition } from '../compute/state/power-state.js';
import { guarded } from './guarded.js';
import type {
  MachineDefinition,
  MachineFilter,
  MachineObservation,
  MachinePlace,
  MachineRecord,
  MachineSighting,
  MachineStore,
  SeenState,
} from './machine-store.port.js';
import type { JournalDatabase, MachinesTable } from './schema.js';
import type { SecretBox } from './secret-box.js';

/** Registered machines in the journal's database. */
export class SqlMachines implements MachineStore {
  readonly #db: Kysely<JournalDatabase>;
  readonly #box: SecretBox;

  constructor(db: Kysely<JournalDatabase>, box: SecretBox) {
    this.#db = db;
    this.#box = box;
  }

  add(
    name: string,
    definition: MachineDefinition,
    sighting: MachineSighting,
    by: string,
    now: number,
  ): Promise<boolean> {
    return guarded(async () => {
      const { numInsertedOrUpdatedRows } = await this.#db
        .insertInto('machines')
        .values({
          name,
          ...this.#definitionColumns(definition),
          ...resultColumns(sighting),
          ...seenColumns(sighting.seen),
          registered_by: by,
          registered_at: now,
          updated_at: now,
          revision: 1,
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    });
  }

  change(
    name: string,
    revision: number,
    definition: MachineDefinition,
    sighting: MachineSighting,
    now: number,
  ): Promise<boolean> {
    return guarded(async () => {
      const { numUpdatedRows } = await this.#db
        .updateTable('machines')
        .set({
          ...this.#definitionColumns(definition),
          ...resultColumns(sighting),
          // What was seen with another definition may be of another machine.
          ...seenColumns(sighting.seen),
          updated_at: now,
          revision: revision + 1,
        })
        .where('name', '=', name)
        .where('revision', '=', revision)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    });
  }

  remove(name: string): Promise<boolean> {
    return guarded(async () => {
      const { numDeletedRows } = await this.#db
        .deleteFrom('machines')
        .where('name', '=', name)
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
      let query = filtered(this.#db.selectFrom('machines').selectAll(), filter).orderBy('name').limit(limit);
      if (after !== undefined) query = query.where('name', '>', after);
      return (await query.execute()).map((row) => recordOf(row, this.#box));
    });
  }

  listByController(filter: MachineFilter, after: MachinePlace | undefined, limit: number): Promise<MachineRecord[]> {
    return guarded(async () => {
      let query = filtered(this.#db.selectFrom('machines').selectAll(), filter)
        .orderBy('power_type')
        .orderBy('controller')
        .orderBy('name')
        .limit(limit);
      if (after !== undefined) {
        const place = sql`(${sql.join([after.powerType, after.controller, after.name])})`;
        query = query.where(sql<boolean>`(power_type, controller, name) > ${place}`);
      }
      return (await query.execute()).map((row) => recordOf(row, this.#box));
    });
  }

  observe(sightings: readonly MachineObservation[]): Promise<void> {
    if (sightings.length === 0) return Promise.resolve();
    return guarded(() =>
      this.#db.transaction().execute(async (tx) => {
        // In the order of names, so that no two who write about the same machines wait for each other.
        for (const sighting of [...sightings].sort((a, b) => (a.name < b.name ? -1 : 1))) {
          const { name, revision, seen } = sighting;
          let update = tx
            .updateTable('machines')
            .set({ ...resultColumns(sighting), ...(seen === null ? {} : seenColumns(seen)) })
            .where('name', '=', name)
            .where('revision', '=', revision);
          if (seen !== null) {
            update = update.where((eb) =>
              eb.or([eb('observed_at', 'is', null), eb('observed_at', '<=', seen.observedAt)]),
            );
          }
          await update.execute();
        }
      }),
    );
  }

  count(filter: MachineFilter = {}): Promise<number> {
    return guarded(async () => {
      const counted = this.#db.selectFrom('machines').select((eb) => eb.fn.countAll<number>().as('count'));
      const { count } = await filtered(counted, filter).executeTakeFirstOrThrow();
      return count;
    });
  }

  #definitionColumns({ powerType, parameters, controller }: MachineDefinition) {
    return { power_type: powerType, parameters: JSON.stringify(this.#box.seal(parameters)), controller };
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

type MachinesQuery<O> = SelectQueryBuilder<JournalDatabase, 'machines', O>;

function filtered<O>(query: MachinesQuery<O>, filter: MachineFilter): MachinesQuery<O> {
  const { name, names, powerType, controller, status, state } = filter;
  let found = query;
  if (name?.includes('*') === true) found = found.where(sql<boolean>`name like ${likePattern(name)} escape '\\'`);
  else if (name !== undefined) found = found.where('name', '=', name);
  if (names !== undefined) found = found.where('name', 'in', names.length === 0 ? [''] : names);
  if (powerType !== undefined) found = found.where('power_type', '=', powerType);
  if (controller !== undefined) found = found.where('controller', '=', controller);
  if (status !== undefined) found = found.where('status', '=', status);
  if (state !== undefined) found = found.where('state', '=', state);
  return found;
}

function likePattern(name: string): string {
  return name.replace(/[\\%_]/g, (character) => `\\${character}`).replaceAll('*', '%');
}
