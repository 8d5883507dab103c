import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HmcInventoryInput } from '../../src/simulators/hmc/index.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { CHECKOUT, examplesOf } from '../docs/documents.js';
import { cli, type CliOptions, type CliRun } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { Estate, HMC_PASSWORD } from './estate.js';

const NETWORK = 'OSD 0100 Z22B-01';
const INVENTORY: HmcInventoryInput = {
  timing: { start_ms: 20, paused_ms: 0, stop_ms: 20, fulfilment_ms: 20 },
  users: [{ name: 'zenova', password: HMC_PASSWORD }],
  cpcs: [{ name: 'CPC1', mode: 'dpm', partitions: [{ name: 'predefined', status: 'stopped' }, { name: 'strange' }] }],
  storage_groups: ['one', 'two', 'shared-data'].map((name) => ({
    name,
    cpc: 'CPC1',
    shared: false,
    volumes: [{ name: 'data', usage: 'data', size_gib: 10 }],
  })),
};

let broker: Pick<Broker, 'url' | 'stop'>;
let estate: Estate;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-deploy-'));
  broker = await sharedBroker();
  // Slow enough to be interrupted on its way.
  const slow = { driver: 'fake', settings: { change_delay_ms: 5_000 } };
  estate = await Estate.open(broker.url, { hosts: { slow } }, INVENTORY);
  await estate.start();
});
afterAll(async () => {
  await estate.close();
  await broker.stop();
  rmSync(directory, { recursive: true });
});

function zenova(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { group } = estate.names;
  return cli([...argv, '--group', group], { environment: { ZENOVA_AMQP_URL: broker.url, PW: 'hidden' }, ...options });
}

function deploy(host: string, description: object, more: readonly string[] = [], options: CliOptions = {}) {
  const file = join(directory, 'description.json');
  writeFileSync(file, JSON.stringify(description));
  return zenova(['instance', 'deploy', host, '--file', file, ...more], options);
}

/** What changed something at the HMC since. */
function writes(since: number): string[] {
  return estate.simulator.wireLog
    .entries({ since })
    .filter(({ method, path }) => method !== 'GET' && !/\/(sessions|jobs|services)\b/.test(path))
    .map(({ method, path }) => `${method} ${path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}')}`);
}

/** Sizes of the volumes of each group that a partition has. */
function groupsOf(name: string): Record<string, number[]> {
  return Object.fromEntries(
    estate.simulator.attachedGroups(name).map((group) => [group.name, group.volumes.map(({ sizeGib }) => sizeGib)]),
  );
}

const operationsOf = async (name: string): Promise<{ method: string; state: string }[]> => {
  const { stdout } = await zenova(['operation', 'list', '--name', name, '--json']);
  return (JSON.parse(stdout) as { operations: { method: string; state: string }[] }).operations;
};

const nothingToChange = (name: string, host: string) => ({
  code: 0,
  stdout: `${name} on ${host} is as the description says; nothing to change\n`,
});

describe('an LPAR that is deployed', () => {
  const lpar = {
    name: 'web01',
    flavor: { vcpus: 2, memory_mib: 4096, root_gib: 20, extras: { max_memory_mib: 8192 } },
    networks: [{ name: NETWORK, vlan: 7 }, { name: NETWORK }],
    volumes: [{ id: 'one', connection: { type: 'fibre_channel' } }],
    driver_options: { 'hmc-dpm': { boot_os_parameters: 'console=ttyS0' } },
  };
  const changed = {
    ...lpar,
    flavor: { ...lpar.flavor, vcpus: 4 },
    networks: [
      { name: NETWORK, vlan: 7 },
      { name: NETWORK, vlan: 8 },
    ],
    volumes: [{ id: 'two/data', connection: { type: 'fibre_channel' } }],
  };

  it('is made, then stays as it is, is changed where the description is, and only once that was confirmed', async () => {
    const made = await deploy('cpc1', lpar);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/outcome +done/) });
    expect(estate.simulator.status('web01')).toBe('active');

    let since = estate.simulator.wireLog.last;
    expect(await deploy('cpc1', lpar)).toMatchObject(nothingToChange('web01', 'cpc1'));
    const again = await deploy('cpc1', lpar, ['--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'already', steps: [], operation_ids: [], notes: [] });
    expect(writes(since)).toEqual([]);

    // What is attached is meant by whichever name.
    since = estate.simulator.wireLog.last;
    const renamed = { ...lpar, volumes: [{ id: 'one/data', connection: { type: 'fibre_channel' } }] };
    expect(await deploy('cpc1', renamed, ['--plan'])).toMatchObject(nothingToChange('web01', 'cpc1'));

    const planned = await deploy('cpc1', changed, ['--plan']);
    expect(planned.code).toBe(0);
    const steps = [
      'resize',
      'confirm-resize',
      'create-nic',
      'delete-nic',
      'attach-storage-group',
      'detach-storage-group',
    ];
    expect(planned.stdout.match(/^[a-z-]+(?=  )/gm)).toEqual(steps);
    const unconfirmed = await deploy('cpc1', changed);
    expect(unconfirmed).toMatchObject({ code: 2, stdout: planned.stdout });
    expect(unconfirmed.stderr).toContain('give --yes');
    const declined = await deploy('cpc1', changed, [], { ask: () => Promise.resolve('n') });
    expect(declined).toMatchObject({ code: 130, stdout: '' });
    expect(writes(since)).toEqual([]);

    const done = await deploy('cpc1', changed, ['--yes']);
    expect(done.code).toBe(0);
    expect(done.stdout).toMatch(/outcome +done\npower_state +running/);
    expect(estate.simulator.properties('web01')).toMatchObject({ 'ifl-processors': 4, status: 'active' });
    expect(estate.simulator.properties('web01')['description']).not.toContain('zenova-size');
    expect(estate.simulator.nics('web01').map(({ vlan }) => vlan)).toEqual([7, 8]);
    expect(groupsOf('web01')).toEqual({ web01: [20], two: [10] });
    expect(await deploy('cpc1', changed)).toMatchObject(nothingToChange('web01', 'cpc1'));
  });

  it('grows its own disk, and is started again', async () => {
    const larger = { ...changed, flavor: { ...changed.flavor, root_gib: 30 } };
    await zenova(['instance', 'power-off', 'cpc1', 'web01']);
    const asked: string[] = [];
    const ask = (question: string) => Promise.resolve(asked.push(question) > 0 ? 'y' : '');
    const done = await deploy('cpc1', larger, [], { ask });
    expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining('30 GiB') });
    expect(asked).toEqual(['Carry this out? [y/N] ']);
    expect(groupsOf('web01')).toEqual({ web01: [30], two: [10] });
    expect(estate.simulator.status('web01')).toBe('active');
    expect(await deploy('cpc1', larger)).toMatchObject(nothingToChange('web01', 'cpc1'));
    const smaller = await deploy('cpc1', changed);
    expect(smaller).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^STATE_CONFLICT: flavor.root_gib differs/),
    });
  });

  it('that somebody else made is taken over first, and what it was made with is not compared', async () => {
    const description = {
      name: 'predefined',
      flavor: { vcpus: 2, memory_mib: 4096 },
      networks: [],
      driver_options: { 'hmc-dpm': { boot_os_parameters: 'quiet' } },
      start: false,
    };
    const refused = await deploy('cpc1', description);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^ALREADY_EXISTS: .*zenova instance adopt cpc1 predefined/);
    await zenova(['instance', 'adopt', 'cpc1', 'predefined']);
    const done = await deploy('cpc1', description, ['--yes']);
    expect(done.code).toBe(0);
    expect(done.stderr).toContain('not known what predefined was made with: driver_options');
    expect(await deploy('cpc1', description)).toMatchObject(nothingToChange('predefined', 'cpc1'));
    // A volume or network that the description does not speak of stays.
    expect(estate.simulator.status('predefined')).toBe('stopped');
  });
});

describe('the example of the driver', () => {
  const README = 'src/drivers/hmc-dpm/README.md';

  it('is made once, stays, and is changed as the page says', async () => {
    const { text = '' } = examplesOf(README).find((example) => example.text.startsWith('cat >lpar01.yaml')) ?? {};
    const [, yaml = ''] = /<<'END'\n(.*?)^END$/ms.exec(text) ?? [];
    const [, plan = ''] = /^```\n(WOULD DO.*?)^```$/ms.exec(readFileSync(join(CHECKOUT, README), 'utf8')) ?? [];
    const file = join(directory, 'lpar01.yaml');
    const run = (...more: string[]) => zenova(['instance', 'deploy', 'cpc1', '--file', file, ...more]);
    writeFileSync(file, yaml);
    expect((await run()).code).toBe(0);
    expect(await run()).toMatchObject(nothingToChange('lpar01', 'cpc1'));
    expect(text).toContain(nothingToChange('lpar01', 'cpc1').stdout.trim());
    writeFileSync(
      file,
      [...text.matchAll(/s\/(\w+: )(\d+)\/(\w+: \d+)\//g)].reduce(
        (changed, [, field = '', from = '', to = '']) => changed.replace(`${field}${from}`, to),
        yaml,
      ),
    );
    const planned = await run('--plan');
    expect(planned).toMatchObject({ code: 0, stdout: plan });
    expect((await run('--yes')).code).toBe(0);
    expect(estate.simulator.properties('lpar01')).toMatchObject({ 'ifl-processors': 4 });
    expect(groupsOf('lpar01')).toEqual({ 'shared-data': [10], lpar01: [60, 100] });
    expect(await run()).toMatchObject(nothingToChange('lpar01', 'cpc1'));
  });
});

describe('an instance of any driver', () => {
  const data = { id: 'data', connection: { type: 'block', path: '/dev/vg0/data' } };
  const web = {
    name: 'web02',
    flavor: { vcpus: 2, memory_mib: 4096, root_gib: 20 },
    image: { source: 'debian-13' },
    networks: [{ name: 'lan', mac: '02:00:00:00:00:01' }],
    volumes: [data],
    user_data: '#cloud-config\n',
    metadata: { role: 'web' },
    ssh_keys: [],
  };
  const withFile = (description: Record<string, unknown>) => {
    const { user_data: text, ...rest } = description;
    const file = join(directory, 'user-data');
    writeFileSync(file, String(text), { mode: 0o600 });
    return { ...rest, user_data: { file: 'user-data' } };
  };

  /** Deploys on the slow host, and interrupts that as soon as the change is under way. */
  async function interrupted(method: string, description: { readonly name: string }): Promise<CliRun> {
    const interruption = new AbortController();
    const run = deploy('slow', description, ['--yes'], { interrupted: interruption.signal });
    await eventually(
      async () =>
        (await operationsOf(description.name)).some((one) => one.method === method && one.state === 'running'),
      `${method} to be under way`,
    );
    interruption.abort();
    return run;
  }

  it('is refused what is told at its making alone, by name, before anything is done', async () => {
    expect((await deploy('fake', withFile(web))).code).toBe(0);
    expect(await deploy('fake', withFile(web))).toMatchObject(nothingToChange('web02', 'fake'));
    const other = {
      ...web,
      flavor: { ...web.flavor, vcpus: 4 },
      image: { source: 'rescue' },
      user_data: '#cloud-config\npackages: [nginx]\n',
    };
    const before = (await operationsOf('web02')).length;
    const refused = await deploy('fake', withFile(other), ['--yes']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^STATE_CONFLICT: (user_data, image|image, user_data) differ from what web02 on fake/,
    );
    expect(refused.stderr).toContain('zenova instance rebuild');
    expect((await operationsOf('web02')).length).toBe(before);

    const rest = await deploy('fake', withFile(other), ['--yes', '--keep-first-start', '--json']);
    expect(rest.code).toBe(0);
    const { outcome, operation_ids: ids, notes } = JSON.parse(rest.stdout) as Record<string, string[]>;
    expect({ outcome, notes }).toMatchObject({ outcome: 'done', notes: [expect.stringContaining('image')] });
    expect(ids).toHaveLength(2);

    // Made anew from the other image, it is what the description says.
    writeFileSync(join(directory, 'image.json'), JSON.stringify({ image: other.image }));
    await zenova(['instance', 'rebuild', 'fake', 'web02', '--file', join(directory, 'image.json')]);
    const rebuilt = { ...other, user_data: web.user_data };
    expect(await deploy('fake', withFile(rebuilt))).toMatchObject(nothingToChange('web02', 'fake'));
  });

  it('changes the place of an interface, and what it has no longer', async () => {
    const description = { name: 'web03', flavor: web.flavor, networks: web.networks, volumes: [data] };
    const taken = await deploy('fake', {
      ...description,
      networks: [{ name: 'lan', mac: '02:00:00:00:00:03' }],
      volumes: [{ ...data, id: 'of-web03' }],
    });
    expect(taken.code).toBe(0);
    const moved = {
      ...description,
      networks: [{ name: 'dmz', vlan: 3, mac: '02:00:00:00:00:03' }],
      volumes: [],
    };
    const done = await deploy('fake', moved, ['--yes']);
    expect(done.code).toBe(0);
    const { stdout } = await zenova(['instance', 'info', 'fake', 'web03', '--devices', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      interfaces: [{ network: 'dmz', vlan: 3, mac: '02:00:00:00:00:03' }],
      volumes: [{ id: 'vda', root: true, size_gib: 20 }],
    });
    expect(await deploy('fake', moved)).toMatchObject(nothingToChange('web03', 'fake'));
    // What it does not speak of stays as it is.
    expect(await deploy('fake', { name: 'web03', flavor: web.flavor })).toMatchObject(nothingToChange('web03', 'fake'));
  });

  it('that is deployed twice, since the first one was interrupted, is made once', async () => {
    const description = { name: 'web04', flavor: { vcpus: 1, memory_mib: 512 } };
    const first = await interrupted('compute.spawn', description);
    expect(first).toMatchObject({
      code: 130,
      stderr: expect.stringContaining('the same deploy again goes on from there'),
    });
    const second = await deploy('slow', description);
    expect(second).toMatchObject(nothingToChange('web04', 'slow'));
    expect((await operationsOf('web04')).map(({ method, state }) => [method, state])).toEqual([
      ['compute.spawn', 'done'],
    ]);
  });

  it('whose change was interrupted is changed once, also when it was not confirmed', async () => {
    const small = { name: 'web05', flavor: { vcpus: 1, memory_mib: 512 } };
    const large = { ...small, flavor: { vcpus: 2, memory_mib: 1024 } };
    expect((await deploy('slow', small)).code).toBe(0);
    const first = await interrupted('compute.resize', large);
    expect(first.code).toBe(130);
    const second = await deploy('slow', large, ['--yes']);
    expect(second.code).toBe(0);
    expect(await deploy('slow', large)).toMatchObject(nothingToChange('web05', 'slow'));
    const methods = (await operationsOf('web05')).map(({ method }) => method);
    expect(methods).toEqual(['compute.confirm_resize', 'compute.resize', 'compute.spawn']);
  });

  it('is made of a name that is lost', async () => {
    const description = { name: 'web06', flavor: { vcpus: 1, memory_mib: 512 }, start: false };
    expect((await deploy('fake', description)).code).toBe(0);
    const { stdout } = await deploy('fake', { ...description, name: 'lost' }, ['--plan', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'planned', steps: [{ action: 'spawn' }] });
    await zenova(['instance', 'destroy', 'fake', 'web06']);
    expect(await deploy('fake', { ...description, metadata: { role: 'other' } })).toMatchObject({ code: 0 });
    expect(await deploy('fake', description)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('metadata differs'),
    });
    const running = { ...description, metadata: { role: 'other' } };
    await zenova(['instance', 'power-on', 'fake', 'web06']);
    const left = await deploy('fake', running);
    expect(left).toMatchObject(nothingToChange('web06', 'fake'));
    expect(left.stderr).toContain('does not stop it');
  });
});
