import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import {
  STEP_CHECKPOINT,
  type ChangeResult,
  type OperationWork,
  type Target,
  type Volume,
} from '../../../src/compute/contract/index.js';
import { resizeWorks } from '../../../src/drivers/virsh/operations/resize.js';
import { swapVolumeWorks } from '../../../src/drivers/virsh/operations/swap-volume.js';
import { volumeWorks } from '../../../src/drivers/virsh/operations/volumes.js';
import { DEFAULT_PACING } from '../../../src/drivers/virsh/virsh.settings.js';
import { DoomedContext } from '../../support/dying.js';
import { eventually } from '../../support/eventually.js';
import type { GuestConsole } from '../../support/guest-console.js';
import { LibvirtCut, type Lost, type ProcedureName } from '../../support/libvirt-cut.js';
import { SettledClock } from '../../support/settled-clock.js';
import { DeviceBench, WITHIN_MS } from './device-bench.js';
import { StorageContext } from './storage-bench.js';

jest.setTimeout(WITHIN_MS);

/** One that runs, with a system that lets go of devices. */
const instance = 'web01';
/** One that runs nothing. */
const bare = 'bare';
let bench: DeviceBench;
let cut: LibvirtCut;
let console: GuestConsole;
/** Of its hypervisor. */
let pid: number;

beforeAll(async () => {
  bench = await DeviceBench.start(
    // As long a lost call is looked for.
    { request_timeout_ms: 8000 },
    {
      socketBefore: (daemon) => (cut = new LibvirtCut(daemon)).socketPath,
    },
  );
  console = await bench.started(instance, { hasSystem: true });
  await bench.started(bare);
  for (const name of ['off', 'off too']) await bench.define(name);
  pid = await bench.processOf(instance);
}, WITHIN_MS);
afterAll(async () => {
  await bench.stop();
  await cut.stop();
});

const fileVolume = (id: string): Volume => ({ id, connection: { type: 'file', path: bench.file(`${id}.img`) } });
const pathOf = ({ connection }: Volume): string => ('path' in connection ? connection.path : '');
const attach = (volume: Volume, to = instance) => bench.call('compute.attach_volume', { instance: to, volume });
const detach = (volume: string, from = instance) => bench.call('compute.detach_volume', { instance: from, volume });
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

  test.each<[ProcedureName, Lost]>([
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

describe('two callers at once', () => {
  const both = (volume: Volume) => Promise.allSettled([attach(volume, 'off'), attach(volume, 'off too')]);
  const have = async (volume: Volume): Promise<string[]> => {
    const found = [];
    for (const name of ['off', 'off too'])
      if ((await bench.disks(name)).next.includes(pathOf(volume))) found.push(name);
    return found;
  };

  test('give a volume to two domains: one of them has it at most, and who was told so; both, when they share it', async () => {
    for (let round = 0; round < 3; round += 1) {
      const volume = fileVolume(nextId());
      const ends = await both(volume);
      const told = ['off', 'off too'].filter((_name, at) => ends[at]?.status === 'fulfilled');
      await expect(have(volume)).resolves.toEqual(told);
      expect(told.length).toBeLessThan(2);
      for (const end of ends)
        if (end.status === 'rejected') {
          expect(end.reason).toMatchObject({ code: 'STATE_CONFLICT', outcome: expect.stringMatching(/^not-/) });
        }
      for (const name of told) await detach(volume.id, name);
    }
    const shared = { ...fileVolume(nextId()), multiattach: true };
    await expect(both(shared)).resolves.toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
    await expect(have(shared)).resolves.toEqual(['off', 'off too']);
    for (const name of ['off', 'off too']) await detach(shared.id, name);
  });

  test('give the same and another volume to a domain: it has each of them once', async () => {
    const [one, other] = [fileVolume(nextId()), fileVolume(nextId())];
    const ends = await Promise.all([one, one, other].map((volume) => attach(volume, 'off')));
    expect(ends.map(({ outcome }) => String(outcome)).toSorted()).toEqual(['already', 'done', 'done']);
    const { next } = await bench.disks('off');
    expect(next.toSorted()).toEqual([pathOf(one), pathOf(other)].toSorted());
    for (const { id } of [one, other]) await detach(id, 'off');
  });
});

describe('a hypervisor that does not answer', () => {
  test(
    'while a volume is attached, and its daemon is killed: the volume is attached once',
    async () => {
      const volume = fileVolume(nextId());
      await bench.signal(bare, 'STOP');
      cut.at('domain_attach_device_flags', 'middle', async () => {
        await bench.untilAwaited(bare);
        await bench.host.daemon.kill();
        await bench.signal(bare, 'CONT');
        await bench.crash();
      });
      await expect(attach(volume, bare)).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
      expect(await cut.hasCut()).toBe(true);
      await expect(bench.disks(bare)).resolves.toEqual({ now: [pathOf(volume)], next: [pathOf(volume)] });
      const drives = await bench.host.run(`virsh qemu-monitor-command --hmp ${bare} 'info block'`);
      expect(drives.split(`${volume.id}.img`)).toHaveLength(2);
      expect(drives).toMatch(/Attached to:.*ua-volume-/);
    },
    WITHIN_MS,
  );

  test(
    'and dies while a volume is attached: the domain does not have the volume, and that is said',
    async () => {
      const volume = fileVolume(nextId());
      const before = (await bench.disks(bare)).next;
      const target = await bench.target(bare);
      await bench.signal(bare, 'STOP');
      // With all the time that a request has by default: it is to be under way when the hypervisor dies.
      const { attachVolume } = volumeWorks(bench.place());
      const end = attachVolume.run(new StorageContext(), target, { volume });
      await Promise.all([
        expect(end).rejects.toMatchObject({
          code: 'STATE_CONFLICT',
          message: expect.stringContaining('has ended meanwhile'),
          outcome: 'not-applied',
        }),
        bench.untilAwaited(bare).then(() => bench.signal(bare, 'KILL')),
      ]);
      await expect(bench.disks(bare)).resolves.toEqual({ now: before, next: before });
      const isOff = async () => (await bench.host.run(`virsh -q domstate ${bare}`)).startsWith('shut off');
      await eventually(isOff, `${bare} to be shut off`, WITHIN_MS);
      await expect(attach(volume, bare)).resolves.toMatchObject({ outcome: 'done', power_state: 'shutdown' });
    },
    WITHIN_MS,
  );
});

describe('a service that dies', () => {
  const busy = 'busy';
  /** What becomes of a volume that is attached to a domain on which libvirt works all the time. */
  let kept: Promise<unknown>;
  let working: Promise<unknown>;
  let target: Target;
  let sized: Target;

  beforeAll(async () => {
    target = await bench.target(instance);
    const flavor = { vcpus: 1, memory_mib: 64, root_gib: 1 };
    const options = { driver_options: { virsh: { virt_type: 'qemu', hotplug_slots: 0 } }, start: false };
    await bench.call('compute.spawn', { name: 'sized', flavor, ...options });
    sized = await bench.target('sized');
    await bench.started(busy);
    await bench.signal(busy, 'STOP');
    working = bench.host.run(`virsh qemu-monitor-command --hmp ${busy} 'info version'`);
    working.catch(() => undefined); // told to who awaits it
    await bench.untilAwaited(busy);
    // libvirt waits for half a minute, in which others can be tested.
    const { attachVolume } = volumeWorks(bench.place({ operation_timeout_ms: 20_000 }));
    const end = attachVolume.run(new StorageContext(), await bench.target(busy), { volume: fileVolume('kept') });
    kept = end.catch((error: unknown) => error);
  }, WITHIN_MS);

  /**
   * Lets the service die at everything that it writes down: when a step was not sent yet, and when it was, which nobody knows.
   *
   * @param finish looks at what has come of it, and makes it as it was before
   * @param whenSent only when it was
   * @returns how often
   */
  async function dieEverywhere<P>(
    work: OperationWork<P, ChangeResult>,
    of: Target,
    prepare: () => Promise<P>,
    finish: (params: P) => Promise<void>,
    whenSent = false,
  ): Promise<number> {
    const undisturbed = new StorageContext();
    const params = await prepare();
    await work.run(undisturbed, of, params);
    await finish(params);
    let deaths = 0;
    for (const [at, { name }] of undisturbed.checkpoints.entries()) {
      if (whenSent && name === STEP_CHECKPOINT) continue;
      deaths += 1;
      const asked = await prepare();
      const when = name === STEP_CHECKPOINT ? 'after' : 'before';
      const doomed = new DoomedContext(undisturbed, { checkpoint: at + 1, when });
      await expect(work.run(doomed, of, asked)).rejects.toThrow();
      expect(doomed.hasDied).toBe(true);
      // Whatever was sent is over: it was answered, which nobody had noted yet.
      const looking = new StorageContext(doomed, new SettledClock(DEFAULT_PACING.requestTimeoutMs));
      await expect(work.reconcile(looking, of, asked)).resolves.toEqual({ verdict: 'continue' });
      await expect(work.run(new StorageContext(looking), of, asked)).resolves.toMatchObject({ outcome: 'done' });
      await finish(asked);
    }
    return deaths;
  }

  test(
    'while a volume is attached, swapped or detached: whoever comes next brings it to its end',
    async () => {
      const { attachVolume, detachVolume } = volumeWorks(bench.place());
      const expectDisks = async (...paths: string[]): Promise<void> =>
        expect(await bench.disks(instance)).toEqual({ now: paths, next: paths });
      const newVolume = () => Promise.resolve({ volume: fileVolume(nextId()) });
      const attached = await dieEverywhere(attachVolume, target, newVolume, async ({ volume }) => {
        await expectDisks(pathOf(volume));
        await detach(volume.id);
      });
      expect(attached).toBe(2);

      const detached = await dieEverywhere(
        detachVolume,
        target,
        async () => {
          const volume = fileVolume(nextId());
          await attach(volume);
          return { volume: volume.id };
        },
        () => expectDisks(),
      );
      expect(detached).toBe(4);

      const swapped = await dieEverywhere(
        swapVolumeWorks(bench.place()).swapVolume,
        target,
        async () => {
          const [old, other] = [fileVolume(nextId()), fileVolume(nextId())];
          await attach(old);
          return { volume: old.id, new_volume: other };
        },
        async ({ volume, new_volume: other }) => {
          await expectDisks(pathOf(other));
          expect(readFileSync(pathOf(other), 'utf8')).toMatch(new RegExp(`^${volume}\\.img`));
          await detach(other.id);
        },
        true,
      );
      expect(swapped).toBeGreaterThanOrEqual(3);
      await expect(bench.processOf(instance)).resolves.toBe(pid);
    },
    WITHIN_MS,
  );

  test(
    'while a domain is resized: whoever comes next gives it the size, which can be taken back or kept',
    async () => {
      const { resize } = resizeWorks(bench.place());
      const flavor = { vcpus: 2, memory_mib: 96, root_gib: 2 };
      const expectSize = async (vcpus: number, memoryMib: number): Promise<void> =>
        expect(await bench.facts('sized')).toMatchObject({ vcpus, memoryMib });
      const resized = await dieEverywhere(
        resize,
        sized,
        () => Promise.resolve({ flavor }),
        async () => {
          await expectSize(2, 96);
          await bench.call('compute.revert_resize', { instance: 'sized' });
          await expectSize(1, 64);
        },
        true,
      );
      expect(resized).toBeGreaterThanOrEqual(3);
      await bench.call('compute.resize', { instance: 'sized', flavor });
      await expect(bench.call('compute.confirm_resize', { instance: 'sized' })).resolves.toMatchObject({
        outcome: 'done',
      });
      await expectSize(2, 96);
    },
    WITHIN_MS,
  );

  test(
    'is not needed: what libvirt is busy with is told to who asks for more, and can be asked for again',
    async () => {
      expect(await kept).toMatchObject({ code: 'BACKEND_BUSY', retry: 'safe', outcome: 'not-applied' });
      await bench.signal(busy, 'CONT');
      await working;
      await expect(bench.disks(busy)).resolves.toEqual({ now: [], next: [] });
      await expect(attach(fileVolume('kept'), busy)).resolves.toMatchObject({ outcome: 'done' });
    },
    WITHIN_MS,
  );
});
