import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLog } from '../../src/common/log.js';
import { systemClock } from '../../src/common/clock.js';
import { keyIdOf, keyMistake } from '../../src/common/encryption-key.js';
import { newOperationId, targetKey } from '../../src/common/ids.js';
import { openDatabase } from '../../src/journal/database.js';
import { openJournal } from '../../src/journal/index.js';
import { accepted } from '../journal/journal-places.js';
import { openJournalSecrets } from '../../src/journal-secrets.js';
import { cli, type CliRun } from '../support/cli.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-secrets-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const at = (name: string): string => join(directory, name);
const keyId = (name: string): string => keyIdOf(Buffer.from(readFileSync(at(name), 'utf8'), 'base64'));

/** Runs `secrets` with a configuration whose section of that name is this one. */
function secrets(command: string[], section: object = {}): Promise<CliRun> {
  writeFileSync(at('zenova.yaml'), JSON.stringify({ state_dir: directory, secrets: section }));
  const config = command[0] === 'generate' ? [] : ['--config', at('zenova.yaml')];
  return cli(['secrets', ...command, ...config], { journalSecrets: openJournalSecrets });
}

const openWith = (keyFile: string) =>
  openJournal(
    {
      database: { file: at('journal.db') },
      keys: { key: null, keyFile: at(keyFile), previousKeys: [] },
      maxPerTarget: 100,
    },
    { clock: systemClock, log: silentLog },
  );

/** A journal with operations that hold a secret each, under the key of `secrets.key`. */
async function journalOf(count: number): Promise<string[]> {
  const opened = await openWith('secrets.key');
  const ids = Array.from({ length: count }, newOperationId);
  for (const id of ids) {
    await accepted(opened, {
      id,
      target: targetKey('hmcz', 'site', id),
      params: { power_parameters: { power_pass: 'canary-5c5c' } },
    });
  }
  await opened.close();
  return ids;
}

describe('zenova secrets generate', () => {
  it('makes a key, for its owner only, and never takes the place of another', async () => {
    const { code, stdout, stderr } = await secrets(['generate', '--output', at('new.key')]);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: `key ${keyId('new.key')} is in ${at('new.key')}\n`,
    });
    const text = readFileSync(at('new.key'), 'utf8');
    expect(statSync(at('new.key')).mode & 0o777).toBe(0o600);
    const again = await secrets(['generate', '--output', at('new.key')]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain(`${at('new.key')} exists already`);
    expect(readFileSync(at('new.key'), 'utf8')).toBe(text);
  });

  it('prints one', async () => {
    const one = await secrets(['generate']);
    expect(keyMistake(one.stdout)).toBeUndefined();
    expect((await secrets(['generate'])).stdout).not.toBe(one.stdout);
  });

  it('says why it cannot be written', async () => {
    const { code, stderr } = await secrets(['generate', '--output', at('zenova.yaml/key')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^CONFIG_INVALID: the key file .* cannot be written \((EEXIST|ENOTDIR)\)/);
  });
});

describe('zenova secrets rotate and status', () => {
  it('take a journal from one key to another', async () => {
    const ids = await journalOf(30);
    const before = await secrets(['status']);
    expect(before.stdout.split('\n').map((line) => line.split(/ +/))).toEqual([
      ['KEY', 'IS', 'SECRETS'],
      [keyId('secrets.key'), 'current', expect.stringMatching(/^3[01]$/)],
      [''],
    ]);

    await secrets(['generate', '--output', at('new.key')]);
    const section = { key: { file: at('new.key') }, previous_keys: [{ file: at('secrets.key') }] };
    const rotated = await secrets(['rotate'], section);
    expect(rotated).toMatchObject({ code: 0, stderr: '' });
    expect(rotated.stdout).toMatch(/^3[01] rewritten; /);
    expect(rotated.stdout).toContain(
      `is encrypted with key ${keyId('new.key')}; ${keyId('secrets.key')} may leave secrets.previous_keys\n`,
    );
    const { keys } = JSON.parse((await secrets(['status', '--json'], section)).stdout) as { keys: unknown };
    expect(keys).toEqual([
      { key_id: keyId('new.key'), role: 'current', secrets: 31 },
      { key_id: keyId('secrets.key'), role: 'previous', secrets: 0 },
    ]);

    await expect(openWith('secrets.key')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const opened = await openWith('new.key');
    for (const id of ids) {
      expect((await opened.journal.findById(id))?.params).toEqual({ power_parameters: { power_pass: 'canary-5c5c' } });
    }
    await opened.close();
  });

  it('say which key is missing, and change nothing', async () => {
    await journalOf(2);
    await secrets(['generate', '--output', at('new.key')]);
    const section = { key: { file: at('new.key') } };
    const { code, stderr } = await secrets(['rotate'], section);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `encrypted with key ${keyId('secrets.key')}, and the keys given are ${keyId('new.key')}; give that key again`,
    );
    expect((await secrets(['status'], section)).stdout).toMatch(
      new RegExp(`${keyId('new.key')} +current +0\\n${keyId('secrets.key')} +missing +[23]\\n`),
    );
  });

  it('show operations whose secrets nobody can read, and fail', async () => {
    const [id = ''] = await journalOf(2);
    await secrets(['generate', '--output', at('new.key')]);
    const { db } = await openDatabase({ file: at('journal.db') }, { clock: systemClock, log: silentLog });
    const damaged = `{"token":{"$sealed":"${keyId('secrets.key')}.AAAA.AAAA.AAAA"}}`;
    await db.updateTable('operations').set({ params: damaged }).where('id', '=', id).execute();
    await db.destroy();
    const section = { key: { file: at('new.key') }, previous_keys: [{ file: at('secrets.key') }] };
    const { code, stdout } = await secrets(['rotate'], section);
    expect(code).toBe(1);
    expect(stdout).toContain('1 cannot be read, and stay as they are:');
    expect(stdout).toContain(`operations.params of operation ${id}: a secret in the journal was changed or cut off`);
    const data = JSON.parse((await secrets(['rotate', '--json'], section)).stdout) as unknown;
    expect(data).toMatchObject({
      ok: false,
      key_id: keyId('new.key'),
      removable: [keyId('secrets.key')],
      unreadable: [{ place: 'operations.params', operation_id: id }],
    });
  });

  it('wait for no service that has the journal, and make neither a journal nor a key', async () => {
    const none = await secrets(['status']);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain(`there is no journal at ${at('journal.db')}`);

    const opened = await openWith('secrets.key');
    const busy = await secrets(['rotate']);
    expect(busy.code).toBe(1);
    expect(busy.stderr).toMatch(/^JOURNAL_UNAVAILABLE: .*in use by another process.*: stop it first\n$/);
    await opened.close();

    const nokey = await secrets(['rotate'], { key_file: at('lost.key') });
    expect(nokey.code).toBe(2);
    expect(nokey.stderr).toContain(`${at('lost.key')} does not exist, so there is no key`);
  });
});
