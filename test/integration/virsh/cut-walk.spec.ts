import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ComputeError } from '../../../src/common/errors/index.js';
import { isRepeatable } from '../../../src/drivers/virsh/client/patient-caller.js';
import { LibvirtCut, type Lost, type ProcedureName } from '../../support/libvirt-cut.js';
import { tell } from '../../support/tell.js';
import { DeviceBench, imagesOf, WITHIN_MS } from './device-bench.js';

/**
 * A daemon that is killed at any call, with the call or its answer lost: the operation comes to its end all the same, or, before it has
 * changed anything, fails and says that it has not. Then asked for again it is carried out, and nothing is left beside what was asked for.
 *
 * `ZENOVA_WALK=full` goes all ways; any other text those with it in their name, as failures show it. Without it a sample is gone,
 * another one with another number as `ZENOVA_WALK_SEED`.
 */
const WANTED = process.env['ZENOVA_WALK'] ?? '';
const SEED = Number(process.env['ZENOVA_WALK_SEED'] ?? 1);
/** One of so many is in the sample. */
const SAMPLED = 60;
const HOUR_MS = 3_600_000;
const NAME = 'web01';
const MIB = 1024 * 1024;

interface Journey {
  readonly name: string;
  /** How the instance is launched that it is about; undefined: it is launched by the journey itself. */
  readonly from?: object;
  /** What is done with the instance before. */
  readonly prepare?: () => Promise<unknown>;
  readonly go: () => Promise<unknown>;
  /** What is so afterwards. */
  readonly check: () => Promise<void>;
}

let bench: DeviceBench;
let cut: LibvirtCut;
/** Names of the files that no instance has brought: images. */
let shared: string[];

beforeAll(async () => {
  bench = await DeviceBench.start(
    // As long a lost call is looked for.
    { request_timeout_ms: 15_000, shutdown_timeout_ms: 0 },
    {
      images: imagesOf,
      socketBefore: (daemon) => (cut = new LibvirtCut(daemon)).socketPath,
    },
  );
  for (const name of ['image', 'other', 'rescue'])
    writeFileSync(join(bench.folder, `${name}.raw`), randomBytes(4 * MIB));
  bench.file('data.img');
  await launch({ image: imageOf('image') });
  await destroy();
  shared = files();
}, WITHIN_MS);
afterAll(async () => {
  await bench.stop();
  await cut.stop();
});

const imageOf = (name: string) => ({ source: `file:${join(bench.folder, `${name}.raw`)}`, cache: name === 'image' });
const call = (method: Parameters<DeviceBench['call']>[0], params: object = {}) =>
  bench.call(method, { instance: NAME, ...params });
const destroy = () => call('compute.destroy');
const launch = (more: object = {}) =>
  bench.call('compute.spawn', {
    name: NAME,
    flavor: { vcpus: 1, memory_mib: 64, root_gib: 1 },
    driver_options: { virsh: { virt_type: 'qemu', hotplug_slots: 0 } },
    ...more,
  });

const OFF = { start: false };
const OF_IMAGE = {
  get image() {
    return imageOf('image');
  },
};
const TOLD = {
  get image() {
    return imageOf('image');
  },
  metadata: { role: 'web' },
};
const volume = () => ({ id: 'data', connection: { type: 'file', path: join(bench.folder, 'data.img') } });

async function expectPower(state: string): Promise<void> {
  await expect(call('compute.get_info')).resolves.toMatchObject({ power_state: state });
}

async function expectDisks(count: number): Promise<void> {
  expect((await bench.facts(NAME, 'next')).disks).toHaveLength(count);
}

const JOURNEYS: readonly Journey[] = [
  { name: 'launch', go: () => launch(), check: () => expectPower('running') },
  { name: 'launch of an image', go: () => launch(OF_IMAGE), check: () => expectPower('running') },
  {
    name: 'terminate',
    from: OF_IMAGE,
    go: destroy,
    check: async () => expect((await bench.call('compute.list_instances', {}))['instances']).toEqual([]),
  },
  { name: 'power on', from: OFF, go: () => call('compute.power_on'), check: () => expectPower('running') },
  { name: 'power off', from: {}, go: () => call('compute.power_off'), check: () => expectPower('shutdown') },
  {
    name: 'resize',
    from: {},
    go: () => call('compute.resize', { flavor: { vcpus: 2, memory_mib: 96, root_gib: 2 } }),
    check: async () => expect(await bench.facts(NAME, 'next')).toMatchObject({ vcpus: 2, memoryMib: 96 }),
  },
  {
    name: 'rebuild',
    // What it was told is read from its config drive.
    from: TOLD,
    go: () => call('compute.rebuild', { image: imageOf('other') }),
    check: () => expectPower('running'),
  },
  {
    name: 'rescue',
    from: {},
    go: () => call('compute.rescue', { image: imageOf('rescue') }),
    check: async () => {
      await expectPower('running');
      await expectDisks(2);
    },
  },
  {
    name: 'unrescue',
    from: {},
    prepare: () => call('compute.rescue', { image: imageOf('rescue') }),
    go: () => call('compute.unrescue'),
    check: async () => {
      await expectPower('running');
      await expectDisks(1);
    },
  },
  {
    name: 'attach volume',
    from: OFF,
    go: () => call('compute.attach_volume', { volume: volume() }),
    check: () => expectDisks(2),
  },
  {
    name: 'detach volume',
    from: OFF,
    prepare: () => call('compute.attach_volume', { volume: volume() }),
    go: () => call('compute.detach_volume', { volume: 'data' }),
    check: () => expectDisks(1),
  },
];

interface Mishap {
  readonly name: string;
  readonly at: number;
  readonly lost: Lost;
}

/** Goes a way without a mishap. @returns those that there can be */
async function mishapsOf(journey: Journey): Promise<Mishap[]> {
  await begin(journey);
  cut.seen();
  await journey.go();
  const calls = cut.seen();
  await end(journey);
  return calls.flatMap((procedure, at) =>
    lossesOf(procedure).map((lost) => ({ name: `${journey.name}: ${lost} of ${at} ${procedure}`, at, lost })),
  );
}

/** For who only asks it is all the same. */
function lossesOf(name: ProcedureName): Lost[] {
  return isRepeatable({ name }) ? ['answer'] : ['call', 'answer'];
}

async function begin({ from, prepare }: Journey): Promise<void> {
  if (from !== undefined) await launch(from);
  await prepare?.();
}

async function end({ check, name }: Journey): Promise<void> {
  await check();
  if (name !== 'terminate') await destroy();
  expect(files()).toEqual(shared);
  expect((await bench.host.run('virsh -q list --all --name')).trim()).toBe('');
}

function files(): string[] {
  return readdirSync(`/proc/${bench.host.daemon.hostPid}/root/var/lib/libvirt/images/zenova`).toSorted();
}

/** @returns whether it was met: there may be one call less than the time before. @throws Error that says which way it was */
async function go(journey: Journey, { name, at, lost }: Mishap): Promise<boolean> {
  try {
    await begin(journey);
    cut.afterCalls(at, lost, () => bench.crash());
    const came = await journey.go().catch((error: unknown) => error);
    cut.disarm();
    const isMet = await cut.hasCut();
    if (came instanceof Error) {
      const { message, outcome } = came as ComputeError;
      expect({ message, outcome }).toEqual({ message, outcome: expect.stringMatching(/^not-/) });
      await expect(journey.go()).resolves.toMatchObject({ outcome: 'done' });
    } else expect(came).toMatchObject({ outcome: 'done' });
    await end(journey);
    return isMet;
  } catch (error) {
    await cut.hasCut();
    await call('compute.destroy').catch(() => undefined);
    const failure = new Error(`${name}: ${String(error)}`, { cause: error });
    tell(failure.message);
    throw failure;
  }
}

describe(`a daemon that is killed (ZENOVA_WALK=${WANTED}, ZENOVA_WALK_SEED=${SEED})`, () => {
  test.each(JOURNEYS.map((journey) => [journey.name, journey] as const))(
    'at any call of %s',
    async (_name, journey) => {
      const failures: string[] = [];
      let met = 0;
      const mishaps = await mishapsOf(journey);
      // In the middle, where something was sent already.
      const first = (SEED * 13) % Math.min(SAMPLED, mishaps.length);
      for (const [index, mishap] of mishaps.entries()) {
        const isGone = WANTED === '' ? index % SAMPLED === first : WANTED === 'full' || mishap.name.includes(WANTED);
        if (!isGone) continue;
        try {
          if (await go(journey, mishap)) met += 1;
          else tell(`${mishap.name} was not met`);
        } catch (error) {
          failures.push(String(error));
        }
      }
      expect(failures).toEqual([]);
      if (WANTED === '' || WANTED === 'full') expect(met).toBeGreaterThan(0);
    },
    HOUR_MS,
  );
});
