import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Libvirtd, startLibvirtd } from '../../../scripts/libvirtd.mjs';
import { eventually } from '../../../test/support/eventually.js';
import { connect, domainDestroy, domainLookupByName, storagePoolCreateXml, storagePoolDestroy } from '../src/index.js';

let daemon: Libvirtd;
beforeAll(async () => {
  daemon = await startLibvirtd();
});
afterAll(() => daemon.stop());

/** Runs what is built, as a reader of the examples would. */
function example(name: string, ...args: string[]): { child: ChildProcess; printed: () => string } {
  const file = fileURLToPath(new URL(`../examples/${name}`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
  return { child, printed: () => printed };
}

describe('the example', () => {
  it('watch.mjs shows domains and what becomes of them', async () => {
    const uri = `test+unix:///default?socket=${daemon.socketPath}`;
    const { child, printed } = example('watch.mjs', uri);
    const exited = once(child, 'exit');
    await eventually(
      () => /^test .* VIR_DOMAIN_RUNNING$/m.test(printed()),
      () => `a domain in: ${printed()}`,
    );
    const connection = await connect(uri);
    const { domain } = await connection.call(domainLookupByName, { name: 'test' });
    await connection.call(domainDestroy, { domain });
    await connection.close();
    await eventually(
      () => printed().includes('test event 5 1'),
      () => `an event in: ${printed()}`,
    );
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
  });

  it('download.mjs copies a volume into a file', async () => {
    const uri = `qemu+unix:///${daemon.qemuUri.slice('qemu:///'.length)}?socket=${daemon.socketPath}`;
    const directory = join(daemon.dataDir, 'pool');
    mkdirSync(directory);
    writeFileSync(join(directory, 'image'), 'what is in it');
    const connection = await connect(uri);
    const xml = `<pool type="dir"><name>images</name><target><path>${directory}</path></target></pool>`;
    const { pool } = await connection.call(storagePoolCreateXml, { xml });
    const file = join(daemon.dataDir, 'copy');
    const { child, printed } = example('download.mjs', 'images', 'image', file, uri);
    expect([...(await once(child, 'exit')), printed()]).toEqual([0, null, '']);
    expect(readFileSync(file, 'utf8')).toBe('what is in it');
    await connection.call(storagePoolDestroy, { pool });
    await connection.close();
  });
});
