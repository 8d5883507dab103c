import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/common/clock.js';
import { keyIdOf, newKeyText } from '../../src/common/encryption-key.js';
import { silentLog } from '../../src/common/log.js';
import { Secret } from '../../src/common/secret.js';
import { openJournal } from '../../src/journal/index.js';

const ENTRY = resolve(import.meta.dirname, '../../dist/main.js');
const [first, second] = [newKeyText(), newKeyText()].map((text) => ({
  text,
  id: keyIdOf(Buffer.from(text, 'base64')),
})) as [Key, Key];
interface Key {
  readonly text: string;
  readonly id: string;
}

let directory: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-keys-'));
  const keys = { key: new Secret(first.text), keyFile: '', previousKeys: [] };
  const database = { file: join(directory, 'journal.db') };
  const journal = await openJournal({ database, keys, maxPerTarget: 1 }, { clock: systemClock, log: silentLog });
  await journal.close();
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Starts the built service with these sections of its configuration, and waits for its end. */
function serve(secrets: object, journal: object = {}): Promise<{ code: unknown; stderr: string }> {
  const file = join(directory, 'zenova.yaml');
  // Nobody listens there: what gets that far does not end.
  writeFileSync(
    file,
    JSON.stringify({ state_dir: directory, amqp: { url: 'amqp://127.0.0.1:1' }, http: { port: 0 }, secrets, journal }),
  );
  const env = { ...process.env, FIRST: first.text, SECOND: second.text };
  return new Promise((done) => {
    execFile(process.execPath, [ENTRY, 'serve', '--config', file], { env, timeout: 120_000 }, (error, _, stderr) =>
      done({ code: error?.code ?? null, stderr }),
    );
  });
}

describe('a service without the right key', () => {
  it('does not start on a journal of another one, and names both and what to do', async () => {
    const { code, stderr } = await serve({ key: { env: 'SECOND' } });
    expect(code).toBe(2);
    expect(stderr).toContain(
      `CONFIG_INVALID: the journal holds secrets that were encrypted with key ${first.id}, and the keys given are ` +
        `${second.id}; give that key again, as secrets.key or in secrets.previous_keys`,
    );
    expect(stderr).not.toContain(first.text);
    expect(stderr).not.toContain(second.text);
  });

  it('does not start with a key that is none', async () => {
    writeFileSync(join(directory, 'secrets.key'), 'no key\n', { mode: 0o600 });
    const { code, stderr } = await serve({});
    expect(code).toBe(2);
    expect(stderr).toContain(`the key file ${join(directory, 'secrets.key')} is no key: a key is 32 bytes in base64`);
  });

  it('makes no key for a journal that others may share', async () => {
    const { code, stderr } = await serve({ key_file: 'none.key' }, { url: 'postgresql://127.0.0.1:1/zenova' });
    expect(code).toBe(2);
    expect(stderr).toContain(`${join(directory, 'none.key')} does not exist, so there is no key`);
    expect(stderr).toContain('make one with: zenova secrets generate --output FILE');
    expect(existsSync(join(directory, 'none.key'))).toBe(false);
  });
});
