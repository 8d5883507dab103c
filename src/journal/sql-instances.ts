import type { Kysely, Selectable } from 'kysely';
import type { TargetKey } from '../common/ids.js';
import type { InstanceOrigin } from '../compute/contract/index.js';
import { fenced, leasedRow } from './fenced.js';
import { guarded } from './guarded.js';
import type { InstanceStore, MadeWith, OwnedInstance } from './instance-store.port.js';
import type { Lease } from './journal.port.js';
import type { InstancesTable, JournalDatabase } from './schema.js';
import { SqlHostMarks } from './sql-host-marks.js';

/** By which hosts are marked that take no new instances. */
const DISABLED = 'disabled:';

/** The instances that are ours, in the journal's database. */
export class SqlInstances implements InstanceStore {
  readonly #db: Kysely<JournalDatabase>;
  readonly #disabled: SqlHostMarks;

  constructor(db: Kysely<JournalDatabase>) {
    this.#db = db;
    this.#disabled = new SqlHostMarks(db, DISABLED);
  }

  async own(instance: OwnedInstance, lease: Lease, now: number): Promise<void> {
    const { target, host, id, name, origin, ownedBy, madeWith } = instance;
    const made_with = madeWith === undefined ? null : JSON.stringify(madeWith);
    const row = { host, id, name, origin, owned_by: ownedBy, owned_at: now, target, made_with };
    await fenced(this.#db, lease, async (leased) => {
      const { columns, rows } = leasedRow(leased, row);
      const { numInsertedOrUpdatedRows } = await this.#db
        .insertInto('instances')
        .columns(columns)
        .expression(rows)
        .onConflict((conflict) => conflict.column('target').doUpdateSet(row))
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    });
  }

  disown(target: TargetKey, lease: Lease): Promise<boolean> {
    return fenced(this.#db, lease, async (leased) => {
      // Before, so that none is left behind by whoever dies between the two.
      await this.#db
        .deleteFrom('seeds')
        .where('instance', '=', target)
        .where((eb) => eb.exists(leased.select('id')))
        .execute();
      const { numDeletedRows } = await this.#db
        .deleteFrom('instances')
        .where('target', '=', target)
        .where((eb) => eb.exists(leased.select('id')))
        .executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    });
  }

  move(target: TargetKey, to: Pick<OwnedInstance, 'target' | 'host'>, lease: Lease): Promise<boolean> {
    return fenced(this.#db, lease, (leased) =>
      this.#db.transaction().execute(async (tx) => {
        const moving = tx.selectFrom('instances').where('target', '=', target).select('target');
        // Where it has come to, there is no earlier one of its key any more.
        await tx
          .deleteFrom('instances')
          .where('target', '=', to.target)
          // Hosts of one endpoint can have one key for it.
          .where('target', '!=', target)
          .where((eb) => eb.exists(moving))
          .where((eb) => eb.exists(leased.select('id')))
          .execute();
        const { numUpdatedRows } = await tx
          .updateTable('instances')
          .set(to)
          .where('target', '=', target)
          .where((eb) => eb.exists(leased.select('id')))
          .executeTakeFirstOrThrow();
        return numUpdatedRows === 1n;
      }),
    );
  }

  async remade(target: TargetKey, by: MadeWith, lease: Lease): Promise<boolean> {
    const before = (await this.find(target))?.madeWith;
    if (before === undefined) return false;
    const parts = Object.entries(by).map(([part, fields]) => [part, { ...before[part], ...fields }]);
    const made_with = JSON.stringify({ ...before, ...Object.fromEntries(parts) });
    return await fenced(this.#db, lease, async (leased) => {
      const { numUpdatedRows } = await this.#db
        .updateTable('instances')
        .set({ made_with })
        .where('target', '=', target)
        .where((eb) => eb.exists(leased.select('id')))
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    });
  }

  find(target: TargetKey): Promise<OwnedInstance | undefined> {
    return guarded(async () => {
      const row = await this.#db.selectFrom('instances').selectAll().where('target', '=', target).executeTakeFirst();
      return row === undefined ? undefined : instanceOf(row);
    });
  }

  findByReference(host: string, reference: string): Promise<OwnedInstance | undefined> {
    return guarded(async () => {
      const rows = await this.#db
        .selectFrom('instances')
        .selectAll()
        .where('host', '=', host)
        .where((eb) => eb.or([eb('name', '=', reference), eb('id', '=', reference)]))
        .limit(2)
        .execute();
      const [row, another] = rows;
      return row === undefined || another !== undefined ? undefined : instanceOf(row);
    });
  }

  setHostEnabled(host: string, isEnabled: boolean): Promise<boolean> {
    return guarded(() => this.#disabled.set(host, !isEnabled));
  }

  disabledHosts(): Promise<string[]> {
    return guarded(() => this.#disabled.list());
  }
}

function instanceOf(row: Selectable<InstancesTable>): OwnedInstance {
  return {
    target: row.target as TargetKey,
    host: row.host,
    id: row.id,
    name: row.name,
    origin: row.origin as InstanceOrigin,
    ownedBy: row.owned_by,
    ...(row.made_with === null ? {} : { madeWith: JSON.parse(row.made_with) as MadeWith }),
  };
}
