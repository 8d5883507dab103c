import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/common/clock.js';
import { newOperationId, targetKey } from '../../src/common/ids.js';
import { silentLog } from '../../src/common/log.js';
import { openDatabase } from '../../src/journal/database.js';
import { openJournal } from '../../src/journal/index.js';
import { operation, self } from '../journal/journal-places.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase } from '../support/postgres.js';

const ENTRY = resolve(import.meta.dirname, '../../dist/main.js');
const OLD = 20_000;

let directory: string;
let children: ChildProcess[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-db-'));
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => kill(child)));
  rmSync(directory, { recursive: true });
});

const at = (name: string): string => join(directory, name);
const copies = (): string[] => (existsSync(at('.journal-copies')) ? readdirSync(at('.journal-copies')) : []);

/** The built program in a process of its own; its broker is never there. */
function start(command: string[], config: object = {}): ChildProcess {
  const written = { state_dir: directory, amqp: { url: 'amqp://127.0.0.1:9' }, http: { enabled: false }, ...config };
  // A file of its own: what was started before may be reading the last one.
  const file = at(`zenova-${children.length}.yaml`);
  writeFileSync(file, JSON.stringify(written), { mode: 0o600 });
  const child = spawn(process.execPath, [ENTRY, ...command, '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: directory },
  });
  children.push(child);
  return child;
}

async function run(
  command: string[],
  config?: object,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return finished(start(command, config));
}

async function finished(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { stdout: out, stderr: err } = child;
  if (out === null || err === null) throw new Error('it has no output');
  const [stdout, stderr] = await Promise.all([text(out), text(err), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function status(): Promise<{ served: boolean; operations: { done: number }; pending: string[] } | undefined> {
  const { code, stdout } = await run(['db', 'status', '--json']);
  return code === 0 ? (JSON.parse(stdout) as Awaited<ReturnType<typeof status>>) : undefined;
}

/** A journal with many old outcomes, some MiB of them, and a young one. */
async function fill(): Promise<void> {
  const journal = await openJournal(
    {
      database: { file: at('journal.db') },
      keys: { key: null, keyFile: at('secrets.key'), previousKeys: [] },
      maxPerTarget: 10,
    },
    { clock: systemClock, log: silentLog },
  );
  const { record } = await journal.journal.accept(operation(), self);
  const lease = await journal.journal.claim(record, self, 1);
  await journal.journal.conclude(record, lease?.fence ?? 0, { state: 'done', result: {} }, Date.now());
  await journal.close();
  const opened = await openDatabase({ file: at('journal.db') }, { clock: systemClock, log: silentLog });
  const { seq: _, ...row } = await opened.db.selectFrom('operations').selectAll().executeTakeFirstOrThrow();
  const target = targetKey('fake', 'site', 'old');
  for (let i = 0; i < OLD; i += 500) {
    const rows = Array.from({ length: 500 }, () => {
      const id = newOperationId();
      return {
        ...row,
        id,
        request_key: id,
        target,
        finished_at: 1000,
        result: JSON.stringify({ text: 'x'.repeat(2000) }),
      };
    });
    await opened.db.insertInto('operations').values(rows).execute();
  }
  await opened.close();
}

describe('zenova db, when a process dies', () => {
  it('SIGKILL of the service while it is backed up leaves no backup and no copy', async () => {
    await fill();
    // A journal.keep of years: the service removes nothing by itself.
    const keep = { journal: { keep: '3650d' } };
    // From 1970 on everything is older than that, but not by the clock of the rows: make them young enough.
    const opened = await openDatabase({ file: at('journal.db') }, { clock: systemClock, log: silentLog });
    await opened.db.updateTable('operations').set({ finished_at: Date.now() }).execute();
    await opened.close();

    const service = start(['serve'], keep);
    await eventually(async () => (await status())?.served, 'the service to answer');
    const backup = finished(start(['db', 'backup', '--output', at('one.backup')]));
    await eventually(() => copies().length > 0, 'the copy to begin');
    await kill(service);
    const { code, stderr } = await backup;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^JOURNAL_UNAVAILABLE: the service at .*journal\.sock gave no answer/m);
    expect(readdirSync(directory).filter((name) => name.startsWith('one.backup'))).toEqual([]);

    start(['serve'], keep);
    await eventually(async () => (await status())?.served, 'the next service to answer');
    expect(copies()).toEqual([]);
    expect(await run(['db', 'backup', '--output', at('one.backup')])).toMatchObject({ code: 0 });
    expect(statSync(at('one.backup')).size).toBeGreaterThan(OLD * 2000);
    expect(copies()).toEqual([]);
  });

  it('SIGKILL of prune leaves the rest to the next run', async () => {
    await fill();
    const pruning = start(['db', 'prune']);
    await eventually(() => statSync(at('journal.db-wal'), { throwIfNoEntry: false })?.size, 'the first part to go');
    await kill(pruning);
    const left = (await status())?.operations.done ?? 0;
    expect(left).toBeGreaterThan(1);
    const { stdout } = await run(['db', 'prune']);
    expect(stdout).toBe(`${left - 1} removed: outcomes older than 30d\n`);
    expect((await status())?.operations.done).toBe(1);
  });

  it('SIGKILL of migrate leaves what was before, or all of it', async () => {
    await (await openDatabase({ file: at('journal.db') }, { clock: systemClock, log: silentLog })).close();
    const migrating = start(['db', 'migrate']);
    await eventually(() => existsSync(at('journal.db-wal')), 'the file to be opened');
    await kill(migrating);
    expect([
      [],
      [
        '0001-operations',
        '0002-in-flight',
        '0003-machines',
        '0004-trace',
        '0005-instances',
        '0006-seeds',
        '0007-made-with',
      ],
    ]).toContainEqual((await status())?.pending);
    expect((await run(['db', 'migrate'])).code).toBe(0);
    expect((await status())?.pending).toEqual([]);
  });
});

describe('zenova db backup of PostgreSQL', () => {
  it('shows the password to no other process, and says what to run where there is no pg_dump', async () => {
    const database = await freshDatabase();
    try {
      const config = { journal: { url: database.url }, secrets: { key_file: at('key') } };
      expect((await run(['db', 'migrate'], config)).code).toBe(0);
      // A pg_dump that writes down how it was called.
      const bin = mkdtempSync(join(directory, 'bin-'));
      writeFileSync(join(bin, 'pg_dump'), `#!/bin/sh\ntr '\\0' ' ' < /proc/$$/cmdline > ${at('called')}\nexit 3\n`, {
        mode: 0o755,
      });
      writeFileSync(at('zenova.yaml'), JSON.stringify({ state_dir: directory, ...config }), { mode: 0o600 });
      const call = async (path: string) => {
        const child = spawn(
          process.execPath,
          [ENTRY, 'db', 'backup', '--output', at('x'), '--config', at('zenova.yaml')],
          {
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { PATH: path, HOME: directory },
          },
        );
        children.push(child);
        return finished(child);
      };
      const failed = await call(`${bin}:${process.env['PATH'] ?? ''}`);
      expect(failed.code).toBe(1);
      expect(failed.stderr).toContain('pg_dump failed');
      const { password, username, pathname } = new URL(database.url);
      const called = readFileSync(at('called'), 'utf8');
      expect(called).toContain(`//${username}@`);
      expect(called).not.toContain(password);

      const absent = await call('/nonexistent');
      expect(absent.code).toBe(2);
      expect(absent.stderr).toMatch(/pg_dump is not installed here .* run: pg_dump --format=custom --file=/);
      expect(absent.stderr).toContain(pathname);
      expect(absent.stderr).not.toContain(password);
      expect(existsSync(at('x'))).toBe(false);
    } finally {
      await database.drop();
    }
  });
});
