import { afterEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, domainCreateXml } from '../../packages/node-libvirt/src/index.js';
import { type Libvirtd, startLibvirtd } from '../../scripts/libvirtd.mjs';
import { socketAnswers } from '../../scripts/libvirtd/probe.mjs';
import { isAlive } from '../../scripts/server/processes.mjs';
import { eventually } from '../support/eventually.js';
import { processesWith } from '../support/processes.js';

const module = new URL('../../scripts/libvirtd.mjs', import.meta.url).href;

/** Starts a guest without a system in it. @returns its process id */
async function startGuest({ qemuUri, socketPath, dataDir }: Libvirtd): Promise<number> {
  const connection = await connect(`${qemuUri.replace(':', '+unix:')}?socket=${socketPath}`);
  const xml = `<domain type='qemu'><name>guest</name><memory unit='MiB'>32</memory>
    <os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`;
  await connection.call(domainCreateXml, { xml });
  await connection.close();
  const place = qemuUri.endsWith('/system') ? ['qemu'] : ['qemu', 'run'];
  return Number(readFileSync(join(dataDir, 'run', 'libvirt', ...place, 'guest.pid'), 'utf8'));
}

describe('a private libvirtd', () => {
  const daemons: Libvirtd[] = [];
  const start = async (options = {}): Promise<Libvirtd> => {
    const daemon = await startLibvirtd(options);
    daemons.push(daemon);
    return daemon;
  };
  afterEach(async () => {
    for (const daemon of daemons.splice(0)) await daemon.stop();
  });

  it('keeps its guests over a crash and a restart, then leaves nothing behind', async () => {
    const daemon = await start({ emulators: ['x86_64'] });
    const guest = await startGuest(daemon);
    await daemon.kill();
    expect(await socketAnswers(daemon.socketPath)).toBe(false);
    expect(isAlive(guest)).toBe(true);
    await daemon.restart();
    expect(await socketAnswers(daemon.socketPath)).toBe(true);
    expect(isAlive(guest)).toBe(true);

    await daemon.stop();
    expect(isAlive(guest)).toBe(false);
    expect(processesWith(daemon.dataDir)).toEqual([]);
    expect(existsSync(daemon.dataDir)).toBe(false);
  });

  it('stands beside another, and does not touch what the machine has', async () => {
    const [one, other] = [await start(), await start()];
    expect(one.socketPath).not.toBe(other.socketPath);
    expect(await Promise.all([one, other].map(({ socketPath }) => socketAnswers(socketPath)))).toEqual([true, true]);
    for (const { dataDir, socketPath } of [one, other]) expect(socketPath.startsWith(dataDir)).toBe(true);
  });

  it('ends, with its guests, when the process that started it is killed', async () => {
    const script = `
      const { startLibvirtd } = await import(${JSON.stringify(module)});
      const { dataDir, socketPath, qemuUri } = await startLibvirtd({ emulators: ['x86_64'] });
      console.log(JSON.stringify({ dataDir, socketPath, qemuUri }));
      setInterval(() => {}, 60_000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(starter.stdout, 'data');
    const daemon = JSON.parse(String(line)) as Libvirtd;
    const guest = await startGuest(daemon);
    expect(processesWith(daemon.dataDir)).not.toEqual([]);
    starter.kill('SIGKILL');
    const isGone = (): boolean => !existsSync(daemon.dataDir) && processesWith(daemon.dataDir).length === 0;
    await eventually(isGone, 'the daemon and its files to be gone');
    expect(isAlive(guest)).toBe(false);
  });
});
