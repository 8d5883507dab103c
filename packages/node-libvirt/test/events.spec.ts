import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Libvirtd, startLibvirtd } from '../../../scripts/libvirtd.mjs';
import { eventually } from '../../../test/support/eventually.js';
import { GuestConsole } from '../../../test/support/guest-console.js';
import { guestSystems } from '../../../test/support/guest-systems.js';
import { LIBVIRT_CACHE } from '../../../test/support/libvirt-cache.js';
import {
  agentLifecycleEvent,
  connect,
  type Connection,
  ConnectDomainEventAgentLifecycleReason,
  ConnectDomainEventAgentLifecycleState,
  deviceAddedEvent,
  deviceRemovalFailedEvent,
  deviceRemovedEvent,
  domainAttachDeviceFlags,
  domainCreateWithFlags,
  domainDefineXmlFlags,
  domainDestroy,
  domainDetachDeviceAlias,
  domainDetachDeviceFlags,
  DomainDeviceModifyFlags,
  DomainJobOperation,
  domainManagedSave,
  type DomainRef,
  domainReset,
  type EventLayout,
  jobCompletedEvent,
  migrationIterationEvent,
  rebootEvent,
  valuesOf,
} from '../src/index.js';

const NAME = 'told-of';
const MEMORY = 'ua-memory';
const UUID = '7d1a52c4-0b4e-4c7c-9a5e-2f6f6f3f9c01';
/** Generous: the guest is emulated, on machines that do other things too. */
const WITHIN_MS = 200_000;
const LIVE = { flags: DomainDeviceModifyFlags.VIR_DOMAIN_DEVICE_MODIFY_LIVE };

const {
  VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED: CONNECTED,
  VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_DISCONNECTED: DISCONNECTED,
} = ConnectDomainEventAgentLifecycleState;
const {
  VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_CHANNEL,
  VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED,
} = ConnectDomainEventAgentLifecycleReason;

let daemon: Libvirtd;
let connection: Connection;
let domain: DomainRef;
let console: GuestConsole;
type EventOf<Layout> = Layout extends EventLayout<infer Event> ? Event : never;
const agents: EventOf<typeof agentLifecycleEvent>[] = [];
const added: EventOf<typeof deviceAddedEvent>[] = [];
const removed: EventOf<typeof deviceRemovedEvent>[] = [];
const kept: EventOf<typeof deviceRemovalFailedEvent>[] = [];
const reboots: EventOf<typeof rebootEvent>[] = [];
const rounds: EventOf<typeof migrationIterationEvent>[] = [];
const jobs: EventOf<typeof jobCompletedEvent>[] = [];

beforeAll(async () => {
  daemon = await startLibvirtd({ emulators: ['x86_64'], cacheDir: LIBVIRT_CACHE });
  connection = await connect(`qemu+unix:///${daemon.qemuUri.slice('qemu:///'.length)}?socket=${daemon.socketPath}`);
  await collect(agentLifecycleEvent, agents);
  await collect(deviceAddedEvent, added);
  await collect(deviceRemovedEvent, removed);
  await collect(deviceRemovalFailedEvent, kept);
  await collect(rebootEvent, reboots);
  await collect(migrationIterationEvent, rounds);
  await collect(jobCompletedEvent, jobs);
  const log = join(daemon.dataDir, 'console.log');
  const defined = await connection.call(domainDefineXmlFlags, { xml: await definition(log) });
  ({ domain } = await connection.call(domainCreateWithFlags, defined));
  console = new GuestConsole(log);
  await console.ready();
}, 480_000);
afterAll(async () => {
  await connection.call(domainDestroy, { domain }).catch(() => undefined); // the last test ends it
  await connection.close();
  await daemon.stop();
});

/** Asks to be told of what becomes of guests, and keeps it. */
async function collect<Event extends { readonly callbackId: number }>(
  layout: EventLayout<Event>,
  into: Event[],
): Promise<void> {
  await connection.listen(layout, (event) => into.push(event));
}

/** An event of the guest, as it is to be told. */
function told<Details extends object>(details: Details) {
  return { callbackId: expect.any(Number) as unknown, domain, ...details };
}

/** With an operating system: only that lets a device of PCI go, or keeps memory that it uses. */
async function definition(log: string): Promise<string> {
  const { kernel, initrd, kernelParameters } = await guestSystems('x86_64');
  const ports = "<controller type='pci' model='pcie-root-port'/>".repeat(8);
  return `<domain type='qemu'><name>${NAME}</name><uuid>${UUID}</uuid>
    <maxMemory slots='1' unit='MiB'>1024</maxMemory><memory unit='MiB'>384</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type><kernel>${kernel}</kernel><initrd>${initrd}</initrd>
      <cmdline>${kernelParameters} memhp_default_state=online_kernel</cmdline></os>
    <features><acpi/></features>
    <cpu><numa><cell id='0' cpus='0' memory='256' unit='MiB'/></numa></cpu>
    <devices><controller type='pci' model='pcie-root'/>${ports}
      <memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target><alias name='${MEMORY}'/></memory>
      <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
      <console type='pty'><log file='${log}' append='on'/><target type='serial'/></console>
    </devices></domain>`;
}

it('tells when the agent of a guest comes', async () => {
  await eventually(() => agents.some(({ state }) => state === CONNECTED), 'the agent to be there', WITHIN_MS);
  expect(agents).toEqual([
    told({ state: DISCONNECTED, reason: VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED }),
    told({ state: CONNECTED, reason: VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_CHANNEL }),
  ]);
}, 480_000);

it('tells of devices that a guest has got, and of those that it has let go of', async () => {
  const image = join(daemon.dataDir, 'more.raw');
  writeFileSync(image, '');
  truncateSync(image, 1024 * 1024);
  const devices = {
    'ua-disk': `<disk type='file'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='vdb' bus='virtio'/>
      <alias name='ua-disk'/></disk>`,
    'ua-nic': `<interface type='user'><mac address='52:54:00:00:00:21'/><model type='virtio'/><alias name='ua-nic'/></interface>`,
  };
  const aliases = Object.keys(devices);
  for (const xml of Object.values(devices)) await connection.call(domainAttachDeviceFlags, { domain, xml, ...LIVE });
  await eventually(() => added.length === 2, 'two devices to be told of');
  expect(added).toEqual(aliases.map((alias) => told({ alias })));
  expect(removed).toEqual([]);
  await connection.call(domainDetachDeviceFlags, { domain, xml: devices['ua-disk'], ...LIVE });
  await connection.call(domainDetachDeviceAlias, { domain, alias: 'ua-nic', ...LIVE });
  await eventually(() => removed.length === 2, 'the guest to let go of both', WITHIN_MS);
  expect(removed).toEqual(expect.arrayContaining(aliases.map((alias) => told({ alias }))));
}, 480_000);

it('tells of a device that a guest does not let go of', async () => {
  await connection.call(domainDetachDeviceAlias, { domain, alias: MEMORY, ...LIVE });
  await eventually(() => kept.length === 1, 'the guest to keep its memory', WITHIN_MS);
  expect(kept).toEqual([told({ alias: MEMORY })]);
}, 480_000);

it('tells of a restart, over which the agent goes and comes', async () => {
  const before = agents.length;
  await connection.call(domainReset, { domain });
  await eventually(() => reboots.length > 0, 'the restart to be told of');
  await eventually(() => agents.length === before + 2, 'the agent to be there again', WITHIN_MS);
  const reason = VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_CHANNEL;
  expect(agents.slice(before)).toEqual([told({ state: DISCONNECTED, reason }), told({ state: CONNECTED, reason })]);
  // QEMU resets a machine two or three times when it is asked once, and each is told.
  expect(reboots).toEqual(reboots.map(() => told({})));
}, 480_000);

it('tells how far a job is, and what it did when it has ended', async () => {
  await connection.call(domainManagedSave, { domain }, { timeoutMs: WITHIN_MS });
  await eventually(() => jobs.length === 1, 'the end of the job to be told of');
  expect(rounds).toEqual(rounds.map((_, at) => told({ iteration: at + 1 })));
  const [{ parameters, ...of } = { parameters: [] }] = jobs;
  expect(of).toEqual(told({}));
  const did = valuesOf(parameters);
  expect(did.get('operation')).toBe(DomainJobOperation.VIR_DOMAIN_JOB_OPERATION_SAVE);
  expect(did.get('memory_remaining')).toBe(0n);
  expect(did.get('memory_iteration')).toBe(BigInt(rounds.length));
  expect(Number(did.get('memory_total'))).toBeGreaterThan(384 * 1024 * 1024);
}, 480_000);
