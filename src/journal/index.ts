import { existsSync } from 'node:fs';
import type { Clock } from '../common/clock.js';
import type { Log } from '../common/log.js';
import type { BreakerStore } from '../compute/contract/index.js';
import { isSharedDatabase, openDatabase, type DatabaseOptions } from './database.js';
import type { Journal, SignalLine, WorkerRegistry } from './journal.port.js';
import { readKeys, type KeySources } from './keys.js';
import { appliedMigrations, migrate, refuseEarlier, schemaState } from './migrate.js';
import { SqlBreakers } from './sql-breakers.js';
import type { InstanceStore } from './instance-store.port.js';
import type { MachineStore } from './machine-store.port.js';
import type { SeedStore } from './seed-store.port.js';
import { SqlInstances } from './sql-instances.js';
import { SqlJournal } from './sql-journal.js';
import { SqlMachines } from './sql-machines.js';
import { SqlSeeds } from './sql-seeds.js';
import { SqlWorkers } from './sql-workers.js';
import { copiesDirectory } from './sqlite-restore.js';
import { unlock } from './unlock.js';
import { JournalUpkeep } from './upkeep.js';

export interface JournalOptions {
  readonly database: DatabaseOptions;
  /** Of the keys that secrets are encrypted with; a key is made only for a journal that nobody shares. */
  readonly keys: KeySources;
  readonly maxPerTarget: number;
}

export interface OpenJournal {
  readonly journal: Journal;
  readonly workers: WorkerRegistry;
  readonly signals: SignalLine;
  readonly breakers: BreakerStore & { count(): Promise<number> };
  readonly machines: MachineStore;
  readonly instances: InstanceStore;
  readonly seedStore: SeedStore;
  readonly upkeep: JournalUpkeep;
  /** Proof that two requests are equal, under this journal's key. */
  fingerprint(text: string): string;
  /** Nothing may be asked afterwards. */
  close(): Promise<void>;
}

/**
 * Opens the journal. A schema of an earlier version is brought up to date, unless others may be at work with it.
 *
 * @throws ComputeError JOURNAL_UNAVAILABLE, CONFIG_INVALID when its secrets are encrypted with another key
 */
export async function openJournal(
  options: JournalOptions,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<OpenJournal> {
  const { database, maxPerTarget } = options;
  // A key is made with the journal: beside one that is there already it could only be the wrong one.
  const keys = readKeys(options.keys, { mayMake: 'file' in database && !existsSync(database.file) });
  const opened = await openDatabase(database, ports);
  const { db, flavour } = opened;
  try {
    if (isSharedDatabase(database)) refuseEarlier(schemaState(await appliedMigrations(db), flavour));
    await migrate(db, flavour);
    const box = await unlock(db, keys);
    const workers = new SqlWorkers(db, flavour);
    // Whoever had a database that only we can have is gone.
    if (!isSharedDatabase(database)) await workers.strikeOffAll();
    const signals = opened.signals();
    const fingerprint = (text: string): string => box.fingerprint(text);
    return {
      journal: new SqlJournal({ db, flavour, box, maxPerTarget }),
      workers,
      signals,
      breakers: new SqlBreakers(db, ports.clock, fingerprint),
      machines: new SqlMachines(db, flavour, box),
      instances: new SqlInstances(db),
      seedStore: new SqlSeeds(db, flavour, box),
      upkeep: new JournalUpkeep(opened, ports.clock),
      fingerprint,
      async close() {
        await signals.close?.();
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

export { JournalUpkeep, copiesDirectory };
export type { DatabaseOptions };
