import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ComputeError } from '../../../src/common/errors/index.js';
import { eventually } from '../../support/eventually.js';
import type { GuestConsole } from '../../support/guest-console.js';
import { guestSystems, type GuestSystems } from '../../support/guest-systems.js';
import { VirshGuests } from '../../support/virsh-guests.js';

const LONG = 600_000;
jest.setTimeout(LONG);
const instance = 'web01';
let systems: GuestSystems;
let guests: VirshGuests;
let id: string;
let console: GuestConsole;

beforeAll(async () => {
  systems = await guestSystems('x86_64');
  guests = await VirshGuests.start([systems], {
    settings: { rescue_image: { source: `file:${systems.rescue.qcow2}` }, shutdown_timeout_ms: 120_000 },
  });
}, LONG);

afterAll(() => guests.stop());

const call: VirshGuests['virsh']['call'] = (method, params) => guests.virsh.call(method, params);
/** Undefined while there is no agent. */
const unlessAgent = (error: unknown): undefined => {
  if (error instanceof ComputeError && error.code === 'STATE_CONFLICT') return undefined;
  throw error;
};
const starts = (): number => console.reports.length;

describe('a guest', () => {
  test(
    'starts from an image, and reads at its first start what it was told',
    async () => {
      const answer = await call('compute.spawn', {
        name: instance,
        flavor: { vcpus: 1, memory_mib: 256, root_gib: 2 },
        image: { source: `file:${systems.disk.qcow2}` },
        metadata: { role: 'web' },
        ssh_keys: ['ssh-ed25519 AAAA someone'],
        files: [{ path: '/etc/role', content: 'd2Vi' }],
        driver_options: { virsh: { virt_type: 'qemu' } },
      });
      expect(answer).toMatchObject({ outcome: 'done', power_state: 'running', name: instance });
      id = String(answer['id']);
      console = guests.console(id);
      const report = await console.ready();
      expect(report).toMatchObject({ image: systems.disk.image, isRescue: false, arch: 'x86_64' });
      expect(report.disks.map(({ bytes }) => bytes)).toContain(2 * 1024 ** 3);
      expect(JSON.parse(report.seed?.['meta-data'] ?? '')).toMatchObject({
        'instance-id': answer['operation_id'],
        'local-hostname': instance,
        'public-keys': ['ssh-ed25519 AAAA someone'],
        meta: { role: 'web' },
      });
      expect(report.seed?.['user-data']).toContain('/etc/role');
      expect(guests.volumes()).toEqual([
        `zenova-${id}-config.iso`,
        `zenova-${id}-console.log`,
        `zenova-${id}-root`,
        `zenova-${id}-root-base`,
      ]);
    },
    LONG,
  );

  test(
    'is saved as an image while its agent holds its file systems, and goes on',
    async () => {
      const saved = { instance, name: 'saved', quiesce: true };
      const answer = await eventually(
        () => call('compute.snapshot', saved).catch(unlessAgent),
        'the agent to be there',
        LONG,
      );
      expect(answer).toMatchObject({ outcome: 'done', power_state: 'running', image: { name: 'saved' } });
      // Nobody holds them any more.
      await expect(call('compute.unquiesce', { instance })).resolves.toMatchObject({ outcome: 'already' });
      await call('image.remove', { image: 'saved' });
    },
    LONG,
  );

  test(
    'is rebooted softly: it goes down in good order, and starts again',
    async () => {
      const before = starts();
      const answer = await call('compute.reboot', { instance, type: 'soft' });
      expect(answer).toMatchObject({ outcome: 'done', power_state: 'running' });
      expect(console.reports.at(before - 1)).toMatchObject({ isDown: true });
      await expect(console.ready(before + 1)).resolves.toMatchObject({ image: systems.disk.image });
      expect(starts()).toBe(before + 1);
    },
    LONG,
  );

  test(
    'gets another root disk, and is told once more who it is, with another password',
    async () => {
      const before = starts();
      const answer = await call('compute.rebuild', {
        instance,
        image: { source: `file:${systems.otherDisk.raw}` },
        admin_password: 'hunter2',
      });
      expect(answer).toMatchObject({ outcome: 'done', power_state: 'running' });
      expect(console.reports.at(before - 1)).toMatchObject({ isDown: true });
      const report = await console.ready(before + 1);
      expect(report.image).toBe(systems.otherDisk.image);
      expect(report.disks.map(({ bytes }) => bytes)).toContain(2 * 1024 ** 3);
      expect(JSON.parse(report.seed?.['meta-data'] ?? '')).toMatchObject({
        'instance-id': answer['operation_id'],
        'public-keys': ['ssh-ed25519 AAAA someone'],
      });
      const userData = report.seed?.['user-data'] ?? '';
      expect(userData).toContain('/etc/role');
      expect(userData).toContain('"password": "$6$');
      expect(userData).not.toContain('hunter2');
      expect(guests.volumes()).toEqual([
        `zenova-${id}-config.iso`,
        `zenova-${id}-console.log`,
        `zenova-${id}-root-2`,
        `zenova-${id}-root-2-base`,
      ]);
      await expect(call('compute.rebuild', { instance, image: { source: 'no-such-image' } })).rejects.toMatchObject({
        code: 'RESOURCE_NOT_FOUND',
        outcome: 'not-started',
      });
      await expect(call('power.query', { instance })).resolves.toMatchObject({ state: 'on' });
    },
    LONG,
  );

  test(
    'is rescued with its own disk beside it, and is afterwards exactly as before',
    async () => {
      const before = await definition();
      const startsBefore = starts();
      await expect(call('compute.rescue', { instance })).resolves.toMatchObject({
        outcome: 'done',
        power_state: 'running',
      });
      expect(console.reports.at(startsBefore - 1)).toMatchObject({ isDown: true });
      const rescued = await console.ready(startsBefore + 1);
      expect(rescued).toMatchObject({ isRescue: true });
      expect(rescued.disks.map(({ bytes }) => bytes)).toContain(2 * 1024 ** 3);
      await expect(call('compute.rescue', { instance })).resolves.toMatchObject({ outcome: 'already' });
      await expect(
        call('compute.rebuild', { instance, image: { source: `file:${systems.disk.qcow2}` } }),
      ).rejects.toMatchObject({ code: 'STATE_CONFLICT', message: expect.stringContaining('rescued') });

      await expect(call('compute.unrescue', { instance })).resolves.toMatchObject({
        outcome: 'done',
        power_state: 'running',
      });
      const back = await console.ready(startsBefore + 2);
      expect(back).toMatchObject({ isRescue: false, image: systems.otherDisk.image });
      expect(await definition()).toBe(before);
      await expect(call('compute.unrescue', { instance })).resolves.toMatchObject({ outcome: 'already' });
      expect(guests.volumes().filter((name) => name.includes('rescue'))).toEqual([]);
    },
    LONG,
  );

  test('goes with all that was made for it', async () => {
    await expect(call('compute.destroy', { instance })).resolves.toMatchObject({ outcome: 'done' });
    expect(guests.volumes()).toEqual([]);
    await expect(call('power.query', { instance })).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
  });
});

/** As libvirt has it for its next start. */
async function definition(): Promise<string> {
  return await guests.definition(instance);
}
