import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { domainCreate, domainDefineXmlFlags, domainGetXmlDesc, DomainXMLFlags, type DomainRef } from 'node-libvirt';
import { parseXml } from '../../../src/connectors/xml/index.js';
import { RpcDomains } from '../../../src/drivers/virsh/client/rpc-domains.js';
import { domainFacts } from '../../../src/drivers/virsh/mapping/domain-facts.js';
import { toVirshComputeError } from '../../../src/drivers/virsh/virsh.errors.js';
import { rejectionOf } from '../../support/failure-of.js';
import { localUri, VirshBench } from '../../support/virsh-bench.js';
import { administrator } from './guest-domain.js';

const MAC = '52:54:00:00:00:07';
const OTHER_MAC = '52:54:00:00:00:08';
let virsh: VirshBench;
let admin: ReturnType<typeof administrator>;
let domain: DomainRef;

beforeAll(async () => {
  virsh = await VirshBench.start({
    driverUri: (daemon) => localUri(daemon.qemuUri, daemon),
    libvirtd: { emulators: ['x86_64'] },
  });
  admin = administrator(virsh.libvirtd);
  const disk = (name: string): string => {
    const file = join(virsh.libvirtd.dataDir, `${name}.raw`);
    writeFileSync(file, Buffer.alloc(1 << 20));
    return `<disk type='file' device='disk'><source file='${file}'/><target dev='${name}' bus='virtio'/><serial>Of-${name}</serial></disk>`;
  };
  const nic = (mac: string) => `<interface type='ethernet'><mac address='${mac}'/></interface>`;
  const xml = `<domain type='qemu'><name>web01</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
    <devices>
      <disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>
      ${disk('vda')}
      ${disk('vdb')}
      ${nic(MAC)}${nic(OTHER_MAC)}
    </devices></domain>`;
  ({ domain } = await admin.caller.call(domainDefineXmlFlags, { xml, flags: 0 }));
});
afterAll(async () => {
  await admin.stop();
  await virsh.stop();
});

async function bootOrder(): Promise<readonly string[]> {
  const flags = DomainXMLFlags.VIR_DOMAIN_XML_INACTIVE;
  const { xml } = await admin.caller.call(domainGetXmlDesc, { domain, flags });
  return domainFacts(parseXml(xml)).bootOrder;
}

const setBootDevice = async (device: object, more: object = {}) =>
  await virsh.bench.call('power.set_boot_device', { host: 'kvm', instance: 'web01', boot_device: device, ...more });

test('what guests need of a host with QEMU is looked at there', async () => {
  const { requirements } = await virsh.call('host.preflight', { instance: 'web01' });
  const told = (requirements as { requirement: string; status: string }[]).map(({ requirement, status }) => [
    requirement,
    status,
  ]);
  expect(Object.fromEntries(told)).toEqual({
    permission: 'met',
    libvirt_level: 'met',
    hypervisor_level: 'met',
    architecture: 'met',
    emulator: 'met',
    // Where tests run it may be there or not.
    kvm: expect.stringMatching(/^(not_)?met$/),
    machine_type: 'met',
    cpu_model: 'met',
    storage: 'met',
    network: 'unknown',
    agent_channel: 'not_met',
    console_log: 'not_met',
    boot_order: 'information',
  });
  expect(requirements).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        requirement: 'machine_type',
        evidence: expect.stringMatching(/ machines of type pc-q35-/),
      }),
      expect.objectContaining({
        requirement: 'storage',
        subject: 'pool zenova',
        evidence: expect.stringContaining('none yet'),
      }),
      expect.objectContaining({ requirement: 'boot_order', subject: 'web01', evidence: 'it starts from hd' }),
    ]),
  );
});

describe('what a domain starts from', () => {
  test('is a network interface, with the disks behind it, and a disk again', async () => {
    const network = { type: 'network', mac: MAC.toUpperCase() };
    expect(await setBootDevice(network)).toMatchObject({ outcome: 'done' });
    expect(await bootOrder()).toEqual([MAC, 'vda', 'vdb']);
    expect(await setBootDevice(network)).toMatchObject({ outcome: 'already' });
    expect(await setBootDevice({ type: 'disk', disk: 'of-vda' })).toMatchObject({ outcome: 'done' });
    expect(await bootOrder()).toEqual(['vda', MAC, 'vdb']);
    expect(await setBootDevice({ type: 'disk', disk: 'vdb' }, { plan: true })).toMatchObject({
      outcome: 'planned',
      steps: [{ action: 'set-boot-device' }],
    });
    expect(await bootOrder()).toEqual(['vda', MAC, 'vdb']);
  });

  test('has to be one that it has, and one alone', async () => {
    await expect(setBootDevice({ type: 'network' })).rejects.toMatchObject({ code: 'AMBIGUOUS' });
    await expect(setBootDevice({ type: 'disk' })).rejects.toMatchObject({ code: 'AMBIGUOUS' });
    await expect(setBootDevice({ type: 'disk', disk: 'nothing' })).rejects.toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      message: expect.stringContaining('vda (serial Of-vda)'),
    });
  });

  test('changes while it runs, and is there after a restart where that is asked for', async () => {
    await admin.caller.call(domainCreate, { domain });
    expect(await setBootDevice({ type: 'network', mac: OTHER_MAC })).toMatchObject({ outcome: 'done', state: 'on' });
    expect(await bootOrder()).toEqual([OTHER_MAC, 'vda', MAC, 'vdb']);
    const { id } = await virsh.call('compute.get_info', { instance: 'web01' });
    const answer = await setBootDevice({ type: 'disk', disk: 'vdb' }, { restart: true });
    expect(answer).toMatchObject({ outcome: 'done', state: 'on' });
    expect(await bootOrder()).toEqual(['vdb', OTHER_MAC, 'vda', MAC]);
    const { xml } = await admin.caller.call(domainGetXmlDesc, { domain, flags: 0 });
    expect(domainFacts(parseXml(xml)).bootOrder[0]).toBe('vdb');
    expect(await virsh.call('compute.get_info', { instance: 'web01' })).toMatchObject({ id, power_state: 'running' });
  });
});

describe('the password that others have given to its screen', () => {
  const { VIR_DOMAIN_XML_INACTIVE: INACTIVE, VIR_DOMAIN_XML_SECURE: SECURE } = DomainXMLFlags;
  const PASSWORD = 'canary';
  const flavor = { vcpus: 2, memory_mib: 96 };
  let screened: DomainRef;
  const definition = async (flags: number) =>
    (await admin.caller.call(domainGetXmlDesc, { domain: screened, flags })).xml;

  beforeAll(async () => {
    const xml = `<domain type='qemu'><name>web02</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
      <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
      <devices><interface type='ethernet'><mac address='${MAC}'/></interface>
        <graphics type='vnc' port='-1' passwd='${PASSWORD}'/></devices></domain>`;
    ({ domain: screened } = await admin.caller.call(domainDefineXmlFlags, { xml, flags: 0 }));
  });

  test.each([
    ['power.set_boot_device', { boot_device: { type: 'network' } }],
    ['compute.rescue', { boot: { from: 'network' } }],
    ['compute.unrescue', {}],
    ['compute.power_off', {}],
    ['compute.resize', { flavor }],
    ['compute.revert_resize', {}],
    ['compute.resize', { flavor }],
    ['compute.confirm_resize', {}],
  ] as const)('is there after %s, and told to nobody', async (method, params) => {
    const answer = await virsh.call(method, { instance: 'web02', ...params });
    expect(answer).toMatchObject({ outcome: 'done' });
    expect(await definition(INACTIVE | SECURE)).toContain(`passwd='${PASSWORD}'`);
    // Nor in what is kept in its metadata to return to.
    expect(await definition(INACTIVE)).not.toContain(PASSWORD);
    expect(JSON.stringify([answer, virsh.bench.events])).not.toContain(PASSWORD);
  });

  test('is told to nobody who may only read', async () => {
    const { socketPath, qemuUri } = virsh.libvirtd;
    const reader = admin.hold({ uri: localUri(qemuUri, { socketPath: `${socketPath}-ro` }) }).link.caller({});
    const domains = new RpcDomains(reader, new AbortController().signal);
    expect(domainFacts(await domains.definition(screened.uuid, 'next')).name).toBe('web02');
    const refusal = await rejectionOf(domains.definition(screened.uuid, 'to-edit'), Error);
    const doing = { what: 'defining domain web02', libvirt: 'kvm', changes: true };
    expect(toVirshComputeError(refusal, doing)).toMatchObject({ code: 'BACKEND_FORBIDDEN' });
  });
});
