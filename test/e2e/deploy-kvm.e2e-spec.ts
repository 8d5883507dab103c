import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HmcInventoryInput } from '../../src/simulators/hmc/index.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { cli, withoutProgress, type CliRun } from '../support/cli.js';
import { startLibvirtHosts, type LibvirtHosts } from '../support/libvirt-hosts.js';
import { Estate, HMC_PASSWORD } from './estate.js';

const INVENTORY: HmcInventoryInput = {
  timing: { start_ms: 20, paused_ms: 0, stop_ms: 20, fulfilment_ms: 20 },
  users: [{ name: 'zenova', password: HMC_PASSWORD }],
  cpcs: [{ name: 'CPC1', mode: 'dpm', partitions: [] }],
  storage_groups: [
    { name: 'data', cpc: 'CPC1', shared: false, volumes: [{ name: 'data', usage: 'data', size_gib: 1 }] },
  ],
};

let directory: string;
let broker: Pick<Broker, 'url' | 'stop'>;
let libvirt: LibvirtHosts;
let estate: Estate;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-deploy-kvm-'));
  broker = await sharedBroker();
  libvirt = await startLibvirtHosts({ names: ['kvm1'] });
  const socket = libvirt.hosts[0]?.daemon.socketPath ?? '';
  const settings = {
    uri: `qemu+unix:///system?socket=${encodeURIComponent(socket)}`,
    pool: { path: join(libvirt.shared, 'pool') },
    host_folders: [libvirt.shared],
    // Nothing in its guests would hear.
    shutdown_timeout_ms: 0,
  };
  writeFileSync(volume(), Buffer.alloc(1 << 20));
  estate = await Estate.open(broker.url, { hosts: { kvm1: { driver: 'virsh', settings } } }, INVENTORY);
  await estate.start();
});
afterAll(async () => {
  await estate.close();
  await libvirt.stop();
  await broker.stop();
  rmSync(directory, { recursive: true });
});

const volume = (): string => join(libvirt.shared, 'data.raw');

async function zenova(argv: readonly string[]): Promise<CliRun> {
  const environment = { ZENOVA_AMQP_URL: broker.url };
  return withoutProgress(await cli([...argv, '--group', estate.names.group], { environment }));
}

function deploy(host: string, description: object, more: readonly string[] = []): Promise<CliRun> {
  const file = join(directory, `${host}.json`);
  writeFileSync(file, JSON.stringify(description));
  return zenova(['instance', 'deploy', host, '--file', file, ...more]);
}

/** What every host calls otherwise. */
const PLACES = {
  cpc1: {
    network: 'OSD 0100 Z22B-01',
    connection: () => ({ type: 'fibre_channel' }),
    grow: ['stop', 'resize', 'start', 'confirm-resize', 'modify-storage-group'],
    attach: ['create-nic', 'attach-storage-group'],
    detach: ['delete-nic', 'detach-storage-group'],
  },
  kvm1: {
    network: 'br0',
    connection: () => ({ type: 'file', path: volume() }),
    grow: ['destroy', 'resize', 'start', 'confirm-resize'],
    attach: ['attach-interface', 'attach-volume'],
    detach: ['detach-interface', 'detach-volume'],
  },
} as const;

describe.each(['cpc1', 'kvm1'] as const)('one description for LPARs and for guests of KVM, on %s', (host) => {
  const { network, connection, grow, attach, detach } = PLACES[host];
  const description = {
    name: 'web01',
    flavor: { vcpus: 1, memory_mib: 1024, root_gib: 1 },
    networks: [{ name: network }],
    volumes: [],
    driver_options: { 'hmc-dpm': { boot_os_parameters: 'console=ttyS0' }, virsh: { on_crash: 'preserve' } },
  };
  const largerFlavor = { vcpus: 2, memory_mib: 1536, root_gib: 2 };
  const nothing = { code: 0, stdout: `web01 on ${host} is as the description says; nothing to change\n` };

  it('makes it once', async () => {
    const planned = await deploy(host, description, ['--plan']);
    expect(planned).toMatchObject({ code: 0, stderr: '' });
    expect(planned.stdout).toMatch(/^WOULD DO/);
    const made = await deploy(host, description);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/outcome +done\npower_state +running/) });
    expect(await deploy(host, description)).toMatchObject(nothing);
  });

  it('changes what it says otherwise, and that alone', async () => {
    const more = {
      networks: [{ name: network }, { name: network }],
      volumes: [{ id: 'data', connection: connection() }],
    };
    const larger = { ...description, ...more, flavor: largerFlavor };
    const stepsOf = ({ stdout }: CliRun) => stdout.match(/^[a-z-]+(?=  )/gm);
    expect(stepsOf(await deploy(host, larger, ['--plan']))).toEqual([...grow, ...attach]);
    expect(await deploy(host, description)).toMatchObject(nothing);
    expect(await deploy(host, larger, ['--yes'])).toMatchObject({ code: 0 });
    expect(await deploy(host, larger)).toMatchObject(nothing);
    const info = await zenova(['instance', 'get-info', host, 'web01', '--json']);
    expect(JSON.parse(info.stdout)).toMatchObject({ vcpus: 2, memory_mib: 1536, power_state: 'running' });
    const fewer = { ...description, flavor: largerFlavor };
    expect(stepsOf(await deploy(host, fewer, ['--plan']))).toEqual(detach);
  });

  it('refuses what is told at the making alone', async () => {
    const options = { 'hmc-dpm': { boot_os_parameters: 'quiet' }, virsh: { on_crash: 'restart' } };
    const otherwise = { ...description, flavor: largerFlavor, driver_options: options };
    expect(await deploy(host, otherwise)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^STATE_CONFLICT: driver_options.* differ/),
    });
  });
});
