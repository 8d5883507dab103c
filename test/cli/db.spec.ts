import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/common/clock.js';
import { keyIdOf } from '../../src/common/encryption-key.js';
import { newOperationId, targetKey } from '../../src/common/ids.js';
import { makeKeyFile } from '../../src/common/key-file.js';
import { silentLog } from '../../src/common/log.js';
import { Secret } from '../../src/common/secret.js';
import { restoreJournal } from '../../src/journal-restore.js';
import { openJournalUpkeep } from '../../src/journal-upkeep.js';
import { openDatabase } from '../../src/journal/database.js';
import { copiesDirectory, openJournal, type DatabaseOptions, type OpenJournal } from '../../src/journal/index.js';
import type { OperationEnd } from '../../src/journal/journal.port.js';
import { UpkeepClient, serveUpkeep, socketPathOf } from '../../src/upkeep-socket/index.js';
import { PLACES, accepted, claimed, operation, self, type JournalPlace } from '../journal/journal-places.js';
import { cli, type CliOptions, type CliRun } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase } from '../support/postgres.js';

const DAY_MS = 86_400_000;
const DONE: OperationEnd = { state: 'done', result: {} };
const environment = { PATH: process.env['PATH'] };

let place: JournalPlace;
let opened: OpenJournal | undefined;

const at = (name: string): string => join(place.directory, name);
const isFile = (database: DatabaseOptions): database is { readonly file: string } => 'file' in database;

/** Runs `db` with a configuration that has the journal there. */
function db(
  command: string[],
  { database = place.database, ...options }: CliOptions & { database?: DatabaseOptions } = {},
): Promise<CliRun> {
  const journal = isFile(database) ? {} : { journal: { url: database.url.reveal() } };
  const config = { state_dir: place.directory, secrets: { key_file: at('key') }, ...journal };
  writeFileSync(at('zenova.yaml'), JSON.stringify(config), { mode: 0o600 });
  return cli(['db', ...command, '--config', at('zenova.yaml')], {
    journalUpkeep: (given) => openJournalUpkeep(given, environment),
    restoreJournal: (given, input, signal) => restoreJournal(given, input, signal, environment),
    ...options,
  });
}

async function dbJson(command: string[], options?: Parameters<typeof db>[1]): Promise<Record<string, unknown>> {
  const { stdout } = await db([...command, '--json'], options);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function start(database = place.database): Promise<OpenJournal> {
  opened =
    database === place.database
      ? await place.open()
      : await openJournal(
          { database, keys: { key: null, keyFile: at('key'), previousKeys: [] }, maxPerTarget: 3 },
          { clock: systemClock, log: silentLog },
        );
  return opened;
}

async function stop(): Promise<void> {
  await opened?.close();
  opened = undefined;
}

const ownTarget = (id: string) => targetKey('fake', 'site', id);

/** An operation that ended so long ago. */
async function finished(journal: OpenJournal, ageMs: number, parentId: string | null = null): Promise<string> {
  const id = newOperationId();
  const record = await accepted(journal, { id, target: ownTarget(id), parentId: parentId as never });
  const { fence } = await claimed(journal, record);
  await journal.journal.checkpoint({ operationId: id, fence }, { name: 'step', data: { at: 1 }, at: 1 });
  await journal.journal.conclude(record, fence, DONE, Date.now() - ageMs);
  return id;
}

async function ids(journal: OpenJournal): Promise<string[]> {
  return (await journal.journal.list({ limit: 5000 })).map(({ id }) => id);
}

const bare = async <T>(work: (database: Awaited<ReturnType<typeof openDatabase>>) => Promise<T>): Promise<T> => {
  const database = await openDatabase(place.database, { clock: systemClock, log: silentLog });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
};

describe.each(PLACES)('zenova db on %s', (name, makePlace) => {
  beforeEach(async () => {
    place = await makePlace();
  });
  afterEach(async () => {
    await stop();
    await place.remove();
  });

  /** What the service does: a file is kept up through its socket. */
  async function serving(work: (journal: OpenJournal) => Promise<void>): Promise<void> {
    const journal = await start();
    const socket = isFile(place.database)
      ? await serveUpkeep({
          path: socketPathOf(place.directory),
          copies: copiesDirectory(place.database.file),
          upkeep: journal.upkeep,
          log: silentLog,
        })
      : undefined;
    try {
      await work(journal);
    } finally {
      await socket?.close();
      await stop();
    }
  }

  describe('status', () => {
    it('is the same while a service runs and afterwards', async () => {
      let oldest = 0;
      await serving(async (journal) => {
        await journal.workers.join({ id: self, server: 'zenova-1', hosts: ['cpc1'] }, { leaseMs: 60_000, graceMs: 1 });
        await finished(journal, DAY_MS);
        await finished(journal, 2 * DAY_MS);
        oldest = Date.now() - 2 * DAY_MS;
        await accepted(journal);
        await claimed(journal, await accepted(journal, { target: ownTarget('b') }));
        await accepted(journal, { target: ownTarget('c'), alsoTargets: [ownTarget('d')] });
        const { stdout, code } = await db(['status']);
        expect(code).toBe(0);
        expect(stdout).toMatch(new RegExp(`^database +${name} `));
        expect(stdout).toMatch(/^schema +0007-made-with$/m);
        expect(stdout).toMatch(/^zenova-1 +alive +cpc1 /m);
        expect(stdout).not.toContain('pending');
      });
      const status = await dbJson(['status']);
      expect(status).toMatchObject({
        served: false,
        pending: [],
        unknown: [],
        operations: { accepted: 2, running: 1, done: 2, failed: 0, cancelled: 0 },
        workers: [{ server: 'zenova-1', is_alive: true }],
      });
      expect(Math.abs(Date.parse(String(status['oldest_outcome_at'])) - oldest)).toBeLessThan(10_000);
      expect(status['bytes']).toBeGreaterThan(4096);
      expect(JSON.stringify(status)).not.toContain('postgresql://');
    });
  });

  describe('prune', () => {
    it('removes old outcomes a part at a time, while the service runs', async () => {
      await serving(async (journal) => {
        const young = await finished(journal, DAY_MS / 2);
        const parent = await accepted(journal, { target: ownTarget('parent') });
        const part = await finished(journal, 40 * DAY_MS, parent.id);
        for (let i = 0; i < 13; i++) await Promise.all(Array.from({ length: 50 }, () => finished(journal, 3 * DAY_MS)));
        const older = await finished(journal, 31 * DAY_MS);

        expect(await dbJson(['prune', '--dry-run'])).toMatchObject({ dry_run: true, older_than: '30d', operations: 1 });
        expect((await db(['prune', '--older-than', '2d', '--dry-run'])).stdout).toContain('651 would be removed');
        expect(await ids(journal)).toContain(older);
        expect((await db(['prune'])).stdout).toBe('1 removed: outcomes older than 30d\n');
        expect(await journal.journal.findById(older)).toBeUndefined();
        expect(await journal.journal.checkpoints(older as never)).toEqual([]);

        const interruption = new AbortController();
        interruption.abort();
        const stopped = await db(['prune', '--older-than', '2d'], { interrupted: interruption.signal });
        expect(stopped.code).toBe(130);
        expect((await db(['prune', '--older-than', '2d'])).stdout).toContain('650 removed');
        expect(await ids(journal)).toEqual([part, parent.id, young]);
      });
    });

    it('leaves a day to repeats', async () => {
      await serving(async (journal) => {
        const { code, stderr } = await db(['prune', '--older-than', '23h']);
        expect(code).toBe(2);
        expect(stderr).toContain('At least 24h');
        // The service does not rely on the command line.
        await expect(journal.upkeep.countPrunable(DAY_MS - 1)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      });
    });
  });

  describe('migrate', () => {
    it('says what it would do, does it, and then has nothing to do', async () => {
      // An empty database.
      await bare(({ db: empty }) => empty.introspection.getTables());
      const planned = await db(['migrate', '--dry-run']);
      expect(planned.code).toBe(4);
      expect(planned.stdout).toMatch(/^-- 0001-operations\ncreate table "operations" \(/);
      expect(planned.stdout).toContain('create unique index "operations_running"');
      expect(planned.stdout).toMatch(/^-- 0002-in-flight\nalter table "operations" /m);
      const pending = [
        '0001-operations',
        '0002-in-flight',
        '0003-machines',
        '0004-trace',
        '0005-instances',
        '0006-seeds',
        '0007-made-with',
      ];
      expect(await dbJson(['status'])).toMatchObject({ schema: null, pending, operations: null });
      expect(await bare(({ db: empty }) => empty.introspection.getTables())).toEqual([]);

      const done = pending.map((name) => `${name}: done\n`).join('');
      expect(await db(['migrate'])).toMatchObject({ code: 0, stdout: done, stderr: '' });
      expect(await db(['migrate', '--dry-run'])).toMatchObject({ code: 0 });
      expect(await dbJson(['migrate'])).toEqual({ ok: true, taken: [] });
      await start();
    });

    it('takes all of its steps or nothing', async () => {
      // In the way of the last statement.
      await bare(({ db: taken }) => taken.schema.createTable('facts').addColumn('name', 'text').execute());
      const { code, stderr } = await db(['migrate']);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^JOURNAL_UNAVAILABLE: cannot bring the journal up to date: .*facts/);
      expect((await bare((database) => database.db.introspection.getTables())).map((table) => table.name)).toEqual([
        'facts',
      ]);
      await bare(({ db: taken }) => taken.schema.dropTable('facts').execute());
      expect(await db(['migrate'])).toMatchObject({ code: 0 });
    });

    it('leaves alone what a newer version has written, as does the service', async () => {
      await start();
      await stop();
      await bare(({ db: newer }) =>
        newer
          .withTables<{ kysely_migration: { name: string; timestamp: string } }>()
          .insertInto('kysely_migration')
          .values({ name: '9999-newer', timestamp: new Date().toISOString() })
          .execute(),
      );
      const newer = /written by a newer version of Zenova.*9999-newer/;
      for (const command of [['migrate'], ['migrate', '--dry-run']]) {
        const { code, stderr } = await db(command);
        expect(code).toBe(1);
        expect(stderr).toMatch(newer);
      }
      await expect(start()).rejects.toMatchObject({ message: expect.stringMatching(newer) });
      expect(await dbJson(['status'])).toMatchObject({ unknown: ['9999-newer'], operations: null });
    });
  });

  describe('backup and restore', () => {
    /** Where a backup of this place can be put. */
    async function other(): Promise<{ database: DatabaseOptions; drop: () => Promise<void> }> {
      if (isFile(place.database)) return { database: place.database, drop: () => Promise.resolve() };
      const fresh = await freshDatabase();
      return { database: { url: new Secret(fresh.url), maxConnections: 5 }, drop: () => fresh.drop() };
    }

    it('hold what was answered before, under load, and bring it back', async () => {
      let before: string[] = [];
      await serving(async (journal) => {
        const answered = [await finished(journal, 1000)];
        const over = new AbortController();
        const load = Array.from({ length: 8 }, async () => {
          while (!over.signal.aborted) {
            const id = newOperationId();
            await journal.journal.accept(operation({ id, requestKey: id, target: ownTarget(id) }), self);
            answered.push(id);
          }
        });
        await eventually(() => answered.length > 200, 'some load');
        before = [...answered];
        const made = await db(['backup', '--output', at('one.backup')]);
        over.abort();
        await Promise.all(load);
        expect(made.code).toBe(0);
        expect(answered.length).toBeGreaterThan(before.length);
        const key = Buffer.from(readFileSync(at('key'), 'utf8'), 'base64');
        expect(made.stdout).toContain(`It does not hold the key ${keyIdOf(key)}`);
        expect(readFileSync(at('one.backup')).includes(key.toString('base64'))).toBe(false);
        expect(statSync(at('one.backup')).mode & 0o777).toBe(0o600);
      });

      const { database, drop } = await other();
      try {
        const restored = await db(['restore', '--input', at('one.backup')], { database });
        expect(restored).toMatchObject({ code: 0 });
        expect(restored.stdout).toMatch(/\d+ operations were unfinished in it, and end as OUTCOME_UNKNOWN/);
        const journal = await start(database);
        expect(new Set(await ids(journal)).size).toBeGreaterThanOrEqual(before.length);
        for (const id of before) expect(await journal.journal.findById(id)).toBeDefined();
        expect(await journal.journal.countUnfinished()).toBe(0);
        const [done = '', open = ''] = before;
        expect(await journal.journal.findById(done)).toMatchObject({ state: 'done' });
        expect(await journal.journal.findById(open)).toMatchObject({
          state: 'failed',
          error: { code: 'OUTCOME_UNKNOWN', operation_id: open, target: ownTarget(open) },
        });
        await stop();
      } finally {
        await drop();
      }
      expect(
        readdirSync(place.directory).filter((file) => /partial|copies|restore/.test(file)).length,
      ).toBeLessThanOrEqual(1);
      if (isFile(database)) expect(readdirSync(copiesDirectory(database.file))).toEqual([]);
    });

    it('write over nothing, and leave nothing half done', async () => {
      await start();
      await stop();
      writeFileSync(at('taken'), 'something else');
      const taken = await db(['backup', '--output', at('taken')]);
      expect(taken.code).toBe(1);
      expect(taken.stderr).toMatch(/^ALREADY_EXISTS: /);
      expect(readFileSync(at('taken'), 'utf8')).toBe('something else');
      const nowhere = await db(['backup', '--output', at('no/such/directory')]);
      expect(nowhere.code).toBe(2);
      expect(nowhere.stderr).toContain('cannot be written (ENOENT)');

      const { database, drop } = await other();
      try {
        const useless = await db(['restore', '--input', at('taken')], { database });
        expect(useless.code).toBe(1);
        expect(useless.stderr).toMatch(
          /^JOURNAL_UNAVAILABLE: (the copy is of no use: it cannot be opened|pg_restore failed)/m,
        );
        const missing = await db(['restore', '--input', at('missing')], { database });
        expect(missing.code).not.toBe(0);
        if (isFile(database)) expect(readdirSync(copiesDirectory(database.file))).toEqual([]);
        expect(await dbJson(['status'])).toMatchObject({ schema: '0007-made-with' });
      } finally {
        await drop();
      }
    });
  });
});

describe('zenova db with a file', () => {
  beforeEach(async () => {
    const [, make] = PLACES.find(([name]) => name === 'SQLite') ?? PLACES[0] ?? [];
    if (make === undefined) throw new Error('there is no SQLite');
    place = await make();
  });
  afterEach(async () => {
    await stop();
    await place.remove();
  });

  it('makes no journal', async () => {
    for (const command of [['status'], ['prune'], ['migrate'], ['backup', '--output', at('x')]]) {
      const { code, stderr } = await db(command);
      expect(code).toBe(2);
      expect(stderr).toContain(`there is no journal at ${at('journal.db')}`);
    }
    expect(existsSync(at('journal.db'))).toBe(false);
  });

  it('restores nothing over a journal in use, with a wrong key, or from the file of a database in use', async () => {
    const journal = await start();
    await finished(journal, 1);
    await stop();
    expect((await db(['backup', '--output', at('one.backup')])).code).toBe(0);

    await start();
    const inUse = await db(['restore', '--input', at('one.backup')]);
    expect(inUse.code).toBe(1);
    expect(inUse.stderr).toMatch(/in use by another process.*stop it first/);
    const unserved = await db(['status']);
    expect(unserved.stderr).toMatch(/in use by another process.*stop it first/);
    const live = await db(['restore', '--input', at('journal.db')]);
    expect(live.code).not.toBe(0);
    await stop();

    const key = readFileSync(at('key'));
    writeFileSync(at('key'), Buffer.alloc(32, 7).toString('base64'));
    const wrongKey = await db(['restore', '--input', at('one.backup')]);
    expect(wrongKey.code).toBe(2);
    expect(wrongKey.stderr).toContain('give that key again');
    writeFileSync(at('key'), key);
  });

  it('keeps the journal of before, and mends one that is damaged', async () => {
    const journal = await start();
    const first = await finished(journal, 1);
    await stop();
    expect((await db(['backup', '--output', at('one.backup')])).code).toBe(0);
    const later = await finished(await start(), 1);
    await stop();

    const { aside } = await dbJson(['restore', '--input', at('one.backup')]);
    expect(await ids(await start())).toEqual([first]);
    await stop();
    expect(await ids(await start({ file: String(aside) }))).toEqual([later, first]);
    await stop();

    const damage = 'no database '.repeat(1000);
    writeFileSync(at('journal.db'), damage);
    const mended = await dbJson(['restore', '--input', at('one.backup')]);
    expect(readFileSync(String(mended['aside']), 'utf8')).toBe(damage);
    expect(await ids(await start())).toEqual([first]);
  });

  it('lets nobody but its owner use the socket, and gives it up with the service', async () => {
    const journal = await start();
    const path = socketPathOf(place.directory);
    writeFileSync(path, 'left by a process that died');
    const copies = copiesDirectory(at('journal.db'));
    const socket = await serveUpkeep({ path, copies, upkeep: journal.upkeep, log: silentLog });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await dbJson(['status'])).toMatchObject({ served: true });
    await socket?.close();
    expect(existsSync(path)).toBe(false);
  });

  it('does without a socket where its name would be too long', async () => {
    const path = socketPathOf(at('deep/'.repeat(30)));
    const journal = await start();
    const copies = copiesDirectory(at('journal.db'));
    expect(await serveUpkeep({ path, copies, upkeep: journal.upkeep, log: silentLog })).toBeUndefined();
    expect(await new UpkeepClient(path).status()).toBeUndefined();
  });
});

describe('zenova db with a PostgreSQL', () => {
  beforeEach(async () => {
    const [, make] = PLACES.find(([name]) => name === 'PostgreSQL') ?? PLACES[0] ?? [];
    if (make === undefined) throw new Error('there is no PostgreSQL');
    place = await make();
  });
  afterEach(() => place.remove());

  it.each([
    ['that is away', { port: '1' }, 1, 'JOURNAL_UNAVAILABLE', 'cannot be reached (ECONNREFUSED): start it, or correct'],
    ['that knows no such user', { password: 'hunter2' }, 2, 'CONFIG_INVALID', 'does not let us in (28P01)'],
    ['without that database', { pathname: '/nowhere' }, 2, 'CONFIG_INVALID', 'is no database of that server (3D000)'],
  ])('%s tells so, and does not wait', async (_, wrong, code, error, text) => {
    if (isFile(place.database)) throw new Error('this is a file');
    makeKeyFile(at('key'));
    writeFileSync(at('one.backup'), '');
    const url = Object.assign(new URL(place.database.url.reveal()), wrong);
    const database = { url: new Secret(url.href), maxConnections: 2 };
    for (const command of [
      ['status'],
      ['prune'],
      ['migrate'],
      ['backup', '--output', at('x')],
      ['restore', '--input', at('one.backup')],
    ]) {
      const said = await db(command, { database });
      expect(said.code).toBe(code);
      expect(said.stderr).toContain(`${error}: PostgreSQL ${url.host}${url.pathname} ${text}`);
      expect(said.stderr).not.toContain(url.password);
    }
    expect(existsSync(at('x'))).toBe(false);
  });
});
