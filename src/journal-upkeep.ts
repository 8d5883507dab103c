import { statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { JournalStatus, JournalUpkeep as Upkeep } from './cli/cli-parts.js';
import { systemClock } from './common/clock.js';
import { ComputeError } from './common/errors/index.js';
import { silentLog } from './common/log.js';
import { writeNewFile } from './common/new-file.js';
import type { Config, Environment } from './config/index.js';
import { existingDatabaseOf, openUnused, placeOf } from './journal-place.js';
import { checkSchema, openCopy } from './journal/copy.js';
import type { Database } from './journal/database.js';
import { JournalUpkeep, type DatabaseOptions } from './journal/index.js';
import { migrate, refuseNewer, schemaState } from './journal/migrate.js';
import { planOf } from './journal/migration-plan.js';
import { dump, type PgToolOptions } from './journal/postgres/pg-tools.js';
import { sqliteFlavour } from './journal/sqlite/sqlite-flavour.js';
import { usedKeys } from './journal/unlock.js';
import { UpkeepClient, socketPathOf } from './upkeep-socket/index.js';

/**
 * Opens a configuration's journal for its upkeep on the command line; makes none. A file that a service has for itself is kept
 * up through that service.
 *
 * @throws ComputeError CONFIG_INVALID, JOURNAL_UNAVAILABLE
 */
export async function openJournalUpkeep(config: Config, environment: Environment): Promise<Upkeep> {
  const database = existingDatabaseOf(config);
  const keyPlace = config.secrets.key === null ? config.secrets.keyFile : 'secrets.key of the configuration';
  if ('url' in database) return openPostgres(database, { environment, keyPlace });
  const service = new UpkeepClient(socketPathOf(config.stateDir));
  const place = placeOf(database);
  const first = await service.status();
  if (first !== undefined) {
    return {
      ...servedUpkeep(service),
      place,
      isServed: true,
      backup: (to, signal) => backupFile(to, (partial) => service.copy(partial, signal), keyPlace),
      close: () => Promise.resolve(),
    };
  }
  const opened = await openUnused(database);
  const { backup } = opened;
  return {
    ...openedUpkeep(opened),
    place,
    isServed: false,
    backup: (to) => backupFile(to, (partial) => backup?.(partial) ?? Promise.resolve(), keyPlace),
    close: () => opened.close(),
  };
}

type Common = Omit<Upkeep, 'place' | 'isServed' | 'backup' | 'close'>;

function openedUpkeep(opened: Database): Common {
  const { db, flavour } = opened;
  const upkeep = new JournalUpkeep(opened, systemClock);
  const status = async () => withSchema(await upkeep.status(), (applied) => schemaState(applied, flavour));
  return {
    status,
    countPrunable: (olderThanMs) => upkeep.countPrunable(olderThanMs),
    pruneSome: (olderThanMs) => upkeep.pruneSome(olderThanMs),
    async plan() {
      const { schema } = await status();
      refuseNewer(schema);
      return planOf(schema.pending, flavour);
    },
    async migrate(onStep) {
      const { schema } = await status();
      refuseNewer(schema);
      const alive = schema.pending.length === 0 || flavour.name === 'sqlite' ? [] : await upkeep.livingWorkers();
      if (alive.length > 0) {
        throw new ComputeError(
          'JOURNAL_UNAVAILABLE',
          `${alive.join(', ')} would go on with a schema that they do not know: stop them first, and wait for the ` +
            'lease of one that was not stopped but ended',
          { retry: 'safe' },
        );
      }
      return migrate(db, flavour, onStep);
    },
  };
}

function servedUpkeep(service: UpkeepClient): Common {
  const status = async (): Promise<JournalStatus> => {
    const said = await service.status();
    if (said === undefined) throw new ComputeError('JOURNAL_UNAVAILABLE', 'the service has just ended; run this again');
    return withSchema(said, (applied) => schemaState(applied, sqliteFlavour));
  };
  return {
    status,
    countPrunable: (olderThanMs) => service.countPrunable(olderThanMs),
    pruneSome: (olderThanMs) => service.pruneSome(olderThanMs),
    plan: async () => planOf((await status()).schema.pending, sqliteFlavour),
    async migrate() {
      const { pending } = (await status()).schema;
      if (pending.length === 0) return [];
      throw new ComputeError(
        'JOURNAL_UNAVAILABLE',
        'a service of an earlier version has the journal: stop it first; when the new one starts it takes these steps too',
        { retry: 'never' },
      );
    },
  };
}

async function openPostgres(
  database: DatabaseOptions & { url: PgToolOptions['url'] },
  { environment, keyPlace }: { environment: Environment; keyPlace: string },
): Promise<Upkeep> {
  const opened = await openUnused(database);
  return {
    ...openedUpkeep(opened),
    place: placeOf(database),
    isServed: false,
    async backup(to, signal) {
      await checkSchema(opened);
      await writeNewFile(to, async (partial) => {
        // pg_dump keeps the mode of a file that is there: nobody else reads it.
        writeFileSync(partial, '', { mode: 0o600, flag: 'wx' });
        await dump(partial, { url: database.url, environment, signal });
      });
      return { bytes: statSync(to).size, keyIds: await usedKeys(opened.db), keyPlace };
    },
    close: () => opened.close(),
  };
}

/** Writes a copy of a SQLite journal, and gives it its name once it has been read through. */
async function backupFile(to: string, write: (partial: string) => Promise<void>, keyPlace: string) {
  let keyIds: readonly string[] = [];
  await writeNewFile(to, async (partial) => {
    try {
      await write(partial);
      const copy = await openCopy(partial, { clock: systemClock, log: silentLog });
      try {
        keyIds = await usedKeys(copy.db);
      } finally {
        await copy.close();
      }
    } finally {
      await rm(`${partial}-wal`, { force: true });
    }
  });
  return { bytes: statSync(to).size, keyIds, keyPlace };
}

function withSchema<T extends { readonly applied: readonly string[] }, S>(
  { applied, ...status }: T,
  schemaOf: (applied: readonly string[]) => S,
) {
  return { ...status, schema: schemaOf(applied) };
}
