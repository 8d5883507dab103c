import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Volume } from '../../../src/compute/contract/index.js';
import type { GuestConsole } from '../../support/guest-console.js';
import { LibvirtCut, type Lost } from '../../support/libvirt-cut.js';
import { DeviceBench, WITHIN_MS } from './device-bench.js';

type Procedure = Parameters<LibvirtCut['at']>[0];

/** One that runs, with a system that lets go of devices. */
const instance = 'web01';
let bench: DeviceBench;
let cut: LibvirtCut;
let console: GuestConsole;
/** Of its hypervisor. */
let pid: number;

beforeAll(async () => {
  bench = await DeviceBench.start(
    // As long a lost call is looked for.
    { request_timeout_ms: 3000 },
    {
      socketBefore: (daemon) => {
        const socket = join(tmpdir(), `zenova-cut-${randomUUID()}`);
        cut = new LibvirtCut(socket, daemon);
        return socket;
      },
    },
  );
  console = await bench.started(instance, { hasSystem: true });
  await bench.define('off');
  pid = await bench.processOf(instance);
}, WITHIN_MS);
afterAll(async () => {
  await bench.stop();
  await cut.stop();
});

const fileVolume = (id: string): Volume => ({ id, connection: { type: 'file', path: bench.file(`${id}.img`) } });
const pathOf = ({ connection }: Volume): string => ('path' in connection ? connection.path : '');
const attach = (volume: Volume) => bench.call('compute.attach_volume', { instance, volume });
const detach = (volume: string) => bench.call('compute.detach_volume', { instance, volume });
const crash = () => bench.crash();
let count = 0;
const nextId = (): string => `volume-${(count += 1)}`;

/** It is the one that it was, and has all the time run. */
async function expectGoesOn(): Promise<void> {
  expect(await cut.hasCut()).toBe(true);
  await expect(bench.processOf(instance)).resolves.toBe(pid);
  await expect(bench.call('compute.get_info', { instance })).resolves.toMatchObject({ power_state: 'running' });
  expect(console.text).not.toContain('panic');
}

describe('a daemon that is killed', () => {
  test.each<[Lost]>([['call'], ['answer']])(
    'while a volume is attached, with its %s: it is attached once',
    async (lost) => {
      const volume = fileVolume(nextId());
      cut.at('domain_attach_device_flags', lost, crash);
      await expect(attach(volume)).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
      await expectGoesOn();
      await expect(bench.disks(instance)).resolves.toEqual({ now: [pathOf(volume)], next: [pathOf(volume)] });
      await expect(attach(volume)).resolves.toMatchObject({ outcome: 'already' });
      await detach(volume.id);
    },
    WITHIN_MS,
  );

  test.each<[Lost]>([['call'], ['answer']])(
    'while an interface is attached, with its %s: it is attached once, and so it is detached',
    async (lost) => {
      cut.at('domain_attach_device_flags', lost, crash);
      const answer = await bench.call('compute.attach_interface', { instance, network: { name: 'nat' } });
      const { mac } = answer['interface'] as { mac: string };
      expect(answer).toMatchObject({ outcome: 'done', power_state: 'running' });
      await expectGoesOn();
      await expect(bench.nics(instance)).resolves.toEqual({ now: [mac], next: [mac] });
      const request = { instance, interface: mac };
      cut.at('domain_detach_device_flags', lost, crash);
      await expect(bench.call('compute.detach_interface', request)).resolves.toMatchObject({ outcome: 'done' });
      await expectGoesOn();
      await expect(bench.nics(instance)).resolves.toEqual({ now: [], next: [] });
    },
    WITHIN_MS,
  );

  test.each<[string, Lost, number]>([
    ['let go of by the guest', 'call', 0],
    ['let go of by the guest', 'answer', 0],
    ['taken out of the definition', 'call', 1],
    ['taken out of the definition', 'answer', 1],
  ])(
    'while a volume is %s, with its %s: it is detached from both',
    async (_what, lost, passing) => {
      const volume = fileVolume(nextId());
      await attach(volume);
      cut.at('domain_detach_device_flags', lost, crash, passing);
      await expect(detach(volume.id)).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
      await expectGoesOn();
      await expect(bench.disks(instance)).resolves.toEqual({ now: [], next: [] });
      await expect(detach(volume.id)).resolves.toMatchObject({ outcome: 'already' });
    },
    WITHIN_MS,
  );

  test.each<[Procedure, Lost]>([
    ['domain_block_copy', 'call'],
    ['domain_block_copy', 'answer'],
    ['domain_block_job_abort', 'call'],
    ['domain_block_job_abort', 'answer'],
  ])(
    'at %s, whose %s is lost, while a volume is swapped: the other one is in its place',
    async (procedure, lost) => {
      const [old, other] = [fileVolume(nextId()), fileVolume(nextId())];
      await attach(old);
      cut.at(procedure, lost, crash);
      const request = { instance, volume: old.id, new_volume: other };
      await expect(bench.call('compute.swap_volume', request)).resolves.toMatchObject({ outcome: 'done' });
      await expectGoesOn();
      await expect(bench.disks(instance)).resolves.toEqual({ now: [pathOf(other)], next: [pathOf(other)] });
      expect(readFileSync(pathOf(other), 'utf8')).toMatch(new RegExp(`^${old.id}\\.img`));
      await expect(bench.call('compute.swap_volume', request)).resolves.toMatchObject({ outcome: 'already' });
      await detach(other.id);
    },
    WITHIN_MS,
  );
});
