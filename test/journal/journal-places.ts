import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { systemClock, type Clock } from '../../src/common/clock.js';
import { newOperationId, newWorkerId, targetKey } from '../../src/common/ids.js';
import { makeKeyFile } from '../../src/common/key-file.js';
import { silentLog } from '../../src/common/log.js';
import { Secret } from '../../src/common/secret.js';
import { openJournal, type DatabaseOptions, type OpenJournal } from '../../src/journal/index.js';
import type { Lease, NewOperation, OperationRecord } from '../../src/journal/journal.port.js';
import { emptyDatabase, freshDatabase, type FreshDatabase } from '../support/postgres.js';

/** A place for a journal that can be opened, closed and opened again. */
export interface JournalPlace {
  readonly directory: string;
  readonly database: DatabaseOptions;
  open(options?: { keyFile?: string; clock?: Clock }): Promise<OpenJournal>;
  remove(): Promise<void>;
}

export const MAX_PER_TARGET = 3;

async function place(
  database: (directory: string) => DatabaseOptions,
  drop: () => Promise<void>,
): Promise<JournalPlace> {
  const directory = mkdtempSync(join(tmpdir(), 'zenova-journal-'));
  const opened = database(directory);
  return {
    directory,
    database: opened,
    open: ({ keyFile = join(directory, 'key'), clock = systemClock } = {}) => {
      // Only a journal that nobody shares makes its key.
      makeKeyFile(keyFile);
      return openJournal(
        { database: opened, keys: { key: null, keyFile, previousKeys: [] }, maxPerTarget: MAX_PER_TARGET },
        { clock, log: silentLog },
      );
    },
    remove: async () => {
      await drop();
      rmSync(directory, { recursive: true });
    },
  };
}

/** One for each file of tests, emptied between them. */
let database: FreshDatabase | undefined;
afterAll(() => database?.drop());

/** Every kind of database that a journal can be kept in. */
export const PLACES: readonly [name: string, make: () => Promise<JournalPlace>][] = [
  [
    'SQLite',
    () =>
      place(
        (directory) => ({ file: join(directory, 'journal.db') }),
        () => Promise.resolve(),
      ),
  ],
  [
    'PostgreSQL',
    async () => {
      database ??= await freshDatabase();
      const { url } = database;
      const reset = (): Promise<void> => (database === undefined ? Promise.resolve() : emptyDatabase(database));
      return place(() => ({ url: new Secret(url), maxConnections: 5 }), reset);
    },
  ],
];

export const self = newWorkerId();
export const target = targetKey('fake', 'site', 'one');

export function operation(overrides: Partial<NewOperation> = {}): NewOperation {
  const id = newOperationId();
  return {
    id,
    requestedBy: 'tester',
    requestKey: `key-${id}`,
    fingerprint: 'f',
    messageId: null,
    correlationId: null,
    method: 'compute.power_on',
    driver: 'fake',
    target,
    targetSettled: true,
    alsoTargets: [],
    host: 'site',
    name: 'one',
    params: { host: 'site', instance: 'one' },
    replyTo: null,
    acceptedAt: 1000,
    notAfter: null,
    parentId: null,
    trace: null,
    ...overrides,
  };
}

export async function accepted(
  { journal }: OpenJournal,
  overrides: Partial<NewOperation> = {},
  owner = self,
): Promise<OperationRecord> {
  return (await journal.accept(operation(overrides), owner)).record;
}

export async function claimed({ journal }: OpenJournal, record: OperationRecord, owner = self): Promise<Lease> {
  const lease = await journal.claim(record, owner, 1);
  if (lease === undefined) throw new Error(`operation ${record.seq} was not claimed`);
  return lease;
}
