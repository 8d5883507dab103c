import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { guestSystems, type GuestSystems } from '../../support/guest-systems.js';
import { VirshGuests } from '../../support/virsh-guests.js';

const LONG = 400_000;
const flavor = { vcpus: 1, memory_mib: 256 };
let systems: GuestSystems;
let guests: VirshGuests;

beforeAll(async () => {
  systems = await guestSystems('s390x');
  guests = await VirshGuests.start([systems]);
}, LONG);

afterAll(() => guests.stop());

const call: VirshGuests['virsh']['call'] = (method, params) => guests.virsh.call(method, params);

describe('a guest of IBM Z, emulated', () => {
  test(
    'starts from a medium, and is rescued with another one',
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
      const image = { source: `file:${systems.rescue.iso}`, format: 'iso' };
      await expect(call('compute.rescue', { instance, image })).resolves.toMatchObject({ outcome: 'done' });
      await expect(console.ready(2)).resolves.toMatchObject({ isRescue: true });
      await call('compute.destroy', { instance });
      expect(guests.volumes()).toEqual([]);
    },
    LONG,
  );

  test(
    'starts from a kernel of the host',
    async () => {
      const { kernel: path, initrd, kernelParameters } = systems;
      const { id } = await call('compute.spawn', {
        name: 'z02',
        flavor,
        metadata: { role: 'web' },
        driver_options: { virsh: { arch: 's390x', kernel: { path, initrd, parameters: kernelParameters.trim() } } },
      });
      const report = await guests.console(String(id)).ready();
      expect(report).toMatchObject({ arch: 's390x', machine: { firmware: 'ipl' } });
      expect(report.seed?.['meta-data']).toContain('"role": "web"');
      await call('compute.destroy', { instance: 'z02' });
    },
    LONG,
  );
});
