import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { file, newc } from '../../../scripts/guests/newc.mjs';
import { eventually } from '../../support/eventually.js';
import type { GuestConsole, GuestReport } from '../../support/guest-console.js';
import { guestSystems, type GuestSystems } from '../../support/guest-systems.js';
import { VirshGuests } from '../../support/virsh-guests.js';

const LONG = 600_000;
jest.setTimeout(LONG);
const flavor = { vcpus: 1, memory_mib: 256 };
let systems: GuestSystems;
let guests: VirshGuests;
let folder: string;

beforeAll(async () => {
  systems = await guestSystems('s390x');
  folder = mkdtempSync(join(tmpdir(), 'zenova-s390x-'));
  guests = await VirshGuests.start([systems], {
    folders: [folder],
    setUp: ['ip link add br0 type bridge', 'ip link set br0 up'],
  });
}, LONG);

afterAll(async () => {
  await guests.stop();
  rmSync(folder, { recursive: true });
});

const call: VirshGuests['virsh']['call'] = (method, params) => guests.virsh.call(method, params);

describe('a guest of IBM Z, emulated', () => {
  test(
    'starts from a medium, is rebooted softly, and is rescued with another one',
    async () => {
      const instance = 'z01';
      const { id } = await call('compute.spawn', {
        name: instance,
        flavor,
        image: { source: `file:${systems.disk.iso}`, format: 'iso' },
        driver_options: { virsh: { arch: 's390x' } },
      });
      const console = guests.console(String(id));
      await expect(console.ready()).resolves.toMatchObject({ image: systems.disk.image, arch: 's390x' });
      await expect(call('compute.reboot', { instance, type: 'soft' })).resolves.toMatchObject({ outcome: 'done' });
      expect(console.reports.at(0)).toMatchObject({ isDown: true });
      await console.ready(2);
      const image = { source: `file:${systems.rescue.iso}`, format: 'iso' };
      await expect(call('compute.rescue', { instance, image })).resolves.toMatchObject({ outcome: 'done' });
      await expect(console.ready(3)).resolves.toMatchObject({ isRescue: true });
      await call('compute.destroy', { instance });
      expect(guests.volumes()).toEqual([]);
    },
    LONG,
  );

  test(
    'starts from a disk image, by the entry of its boot menu that is wanted, and is told who it is',
    async () => {
      const instance = 'z03';
      const spawn = (loadparm: string) =>
        call('compute.spawn', {
          name: instance,
          flavor: { ...flavor, root_gib: 1 },
          image: { source: `file:${systems.disk.qcow2}` },
          metadata: { role: 'web' },
          driver_options: { virsh: { arch: 's390x', loadparm } },
        });
      // Its menu has one entry. The firmware looks for the other one, and then stops the guest: before the look at what was
      // started or after it, as it happens.
      const refusal = await spawn('2').then(
        () => undefined,
        (error: unknown) => error,
      );
      if (refusal === undefined) {
        const hasEnded = async () =>
          String((await call('power.query', { instance }))['native_state']).startsWith('shut off');
        await eventually(hasEnded, 'the guest without an entry to have ended by itself', LONG);
        await call('compute.destroy', { instance });
      } else {
        const message = expect.stringContaining('has ended again by itself');
        expect(refusal).toMatchObject({ code: 'OPERATION_FAILED', message });
      }
      const { id } = await spawn('1');
      const console = guests.console(String(id));
      const report = await console.ready();
      expect(report).toMatchObject({
        image: systems.disk.image,
        arch: 's390x',
        machine: { firmware: 'ipl' },
        loadparm: '1',
        data: { boots: 1 },
      });
      expect(report.disks.map(({ bytes }) => bytes)).toContain(2 ** 30);
      expect(report.seed?.['meta-data']).toContain('"role": "web"');
      await expect(call('compute.reboot', { instance })).resolves.toMatchObject({ outcome: 'done' });
      await expect(console.ready(2)).resolves.toMatchObject({ loadparm: '1', data: { boots: 2 } });
      await call('compute.destroy', { instance });
    },
    LONG,
  );

  test(
    'has its console on virtio when that is wanted',
    async () => {
      const instance = 'z04';
      const kernel = { path: systems.kernel, initrd: initrdOnVirtio(systems), parameters: 'console=hvc0 quiet' };
      const { id } = await call('compute.spawn', {
        name: instance,
        flavor,
        driver_options: { virsh: { arch: 's390x', console: 'virtio', kernel } },
      });
      const console = guests.console(String(id));
      await expect(console.ready()).resolves.toMatchObject({ arch: 's390x', machine: { firmware: 'ipl' } });
      await call('compute.send_console_command', { instance, command: 'run cat /proc/consoles' });
      const { text } = await console.until(({ text: all }) => all.includes('ran: 0'), 'the guest to tell its consoles');
      expect(text).toMatch(/^hvc0 /m);
      expect(text).not.toContain('sclp');
      await call('compute.destroy', { instance });
    },
    LONG,
  );

  test(
    'starts from a kernel of the host, sees what is plugged in and out, and crashes where it is told to',
    async () => {
      const instance = 'z02';
      const { kernel: path, initrd, kernelParameters } = systems;
      const { id } = await call('compute.spawn', {
        name: instance,
        flavor,
        metadata: { role: 'web' },
        driver_options: { virsh: { arch: 's390x', kernel: { path, initrd, parameters: kernelParameters.trim() } } },
      });
      const console = guests.console(String(id));
      const report = await console.ready();
      expect(report).toMatchObject({ arch: 's390x', machine: { firmware: 'ipl' } });
      expect(report.seed?.['meta-data']).toContain('"role": "web"');
      await pluggedInAndOut(instance, console);
      await expect(call('compute.trigger_crash_dump', { instance })).resolves.toMatchObject({ outcome: 'done' });
      // Its Linux has no action for a restart, and stops.
      const crashed = async () => (await call('power.query', { instance }))['native_state'] === 'shut off (crashed)';
      await eventually(crashed, 'the guest to have crashed', LONG);
      await call('compute.destroy', { instance });
    },
    LONG,
  );
});

/** The system with its console on virtio, which its kernel has as a module: that is loaded before anything is told. */
function initrdOnVirtio({ initrd }: GuestSystems): string {
  const path = join(folder, 'initrd-hvc0');
  const early = `#!/bin/busybox sh
    /bin/busybox insmod /lib/modules/virtio_console.ko
    until true </dev/console 2>/dev/null; do /bin/busybox usleep 100000; done`;
  const inittab = '::sysinit:/zenova/early\nconsole::sysinit:/zenova/start\nconsole::respawn:/zenova/listen\n';
  // Of files that are in it twice, Linux takes the latter.
  const more = newc([file('etc/inittab', inittab), file('zenova/early', early, 0o755)]);
  writeFileSync(path, Buffer.concat([readFileSync(initrd), more]));
  return path;
}

/** A volume and an interface, on the channel subsystem. */
async function pluggedInAndOut(instance: string, console: GuestConsole): Promise<void> {
  const path = join(folder, 'data.img');
  writeFileSync(path, Buffer.alloc(8 << 20));
  let asked = 0;
  const tells = async (): Promise<GuestReport> => {
    asked += 1;
    await call('compute.send_console_command', { instance, command: 'run /zenova/report' });
    return await console.until(
      ({ text }) => text.match(/^ran: 0$/gm)?.length === asked,
      'the guest to tell what it has',
    );
  };
  const hasDisk = ({ disks }: GuestReport): boolean =>
    disks.some(({ serial, bytes }) => serial === 'data' && bytes === 8 << 20);

  const volume = { id: 'data', connection: { type: 'file', path } };
  await expect(call('compute.attach_volume', { instance, volume })).resolves.toMatchObject({
    outcome: 'done',
    device: 'vdb',
  });
  const answer = await call('compute.attach_interface', { instance, network: { name: 'br0' } });
  const { mac } = answer['interface'] as { readonly mac: string };
  const hasNic = ({ nics }: GuestReport): boolean => nics.some((nic) => nic.mac === mac);
  const seesBoth = async () => {
    const told = await tells();
    return hasDisk(told) && hasNic(told);
  };
  await eventually(seesBoth, 'the guest to see both', LONG);
  expect(await guests.definition(instance)).toMatch(
    /<address type='ccw'[^>]*>\s*<\/disk>[^]*<address type='ccw'[^>]*>\s*<\/interface>/,
  );

  await expect(call('compute.detach_volume', { instance, volume: 'data' })).resolves.toMatchObject({ outcome: 'done' });
  await expect(call('compute.detach_interface', { instance, interface: mac })).resolves.toMatchObject({
    outcome: 'done',
  });
  const seesNeither = async () => {
    const told = await tells();
    return !hasDisk(told) && !hasNic(told);
  };
  await eventually(seesNeither, 'the guest to see neither', LONG);
  const xml = await guests.definition(instance);
  expect(xml).not.toContain(path);
  expect(xml).not.toContain(mac);
}
