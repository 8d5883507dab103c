import { copyFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  connect,
  type Connection,
  domainCreate,
  domainDefineXmlFlags,
  domainDestroy,
  domainGetXmlDesc,
  domainLookupByName,
  DomainXMLFlags,
} from 'node-libvirt';
import type { TargetKey } from '../../../src/common/ids.js';
import type { Images, Target } from '../../../src/compute/contract/index.js';
import { pacingOf } from '../../../src/drivers/kit/index.js';
import { placeAt } from '../../../src/drivers/virsh/operations/open-place.js';
import type { HostPlace } from '../../../src/drivers/virsh/operations/virsh-place.js';
import { accessOf, VirshSettingsSchema } from '../../../src/drivers/virsh/virsh.settings.js';
import { childAt, childrenOf, parseXml, type XmlElement } from '../../../src/connectors/xml/index.js';
import { domainFacts, type DomainFacts } from '../../../src/drivers/virsh/mapping/domain-facts.js';
import { eventually } from '../../support/eventually.js';
import { GuestConsole } from '../../support/guest-console.js';
import { guestSystems } from '../../support/guest-systems.js';
import { createVirsh } from '../../../src/drivers/virsh/index.js';
import { ImageFetcher } from '../../../src/images/index.js';
import { ComputeBench } from '../../support/compute-bench.js';
import { startLibvirtHosts, type LibvirtHost, type LibvirtHosts } from '../../support/libvirt-hosts.js';
import { openVswitch } from '../../support/open-vswitch.js';
import {
  blockDevices,
  fibreChannelNames,
  iscsiServer,
  volumeFile,
  writeVolume,
} from '../../support/libvirt-storage.js';
import { PATIENT_LIMITS } from '../../support/virsh-bench.js';
import { LinkBench } from './link-bench.js';

/** Guests are emulated, on machines that do other things too. */
export const WITHIN_MS = 400_000;

type Arch = 'x86_64' | 's390x';

/** What a domain of a test has beside what all of them have. */
export interface DomainWanted {
  readonly arch?: Arch;
  readonly devices?: string;
  /** Does it start a system that listens to what is plugged in and out? */
  readonly hasSystem?: boolean;
  /** x86: places for devices that are plugged in. */
  readonly ports?: number;
}

interface BenchOptions {
  /** From where images are fetched. @param folder what requests may name */
  readonly images?: (folder: string) => Images;
  /** Puts somebody between the service and the daemon. @returns where the service connects */
  readonly socketBefore?: (socketPath: string) => string;
}

/** The service before a host of libvirt with QEMU, the domains of a test, and what libvirt itself tells of them. */
export class DeviceBench {
  readonly #links = new LinkBench();

  private constructor(
    private readonly hosts: LibvirtHosts,
    readonly host: LibvirtHost,
    readonly bench: ComputeBench,
    private asked: Connection,
  ) {}

  /** Past the service. */
  get connection(): Connection {
    return this.asked;
  }

  /** @param settings of the host beside how it is reached */
  static async start(
    settings: Record<string, unknown> = {},
    { images, socketBefore = (socket) => socket }: BenchOptions = {},
  ): Promise<DeviceBench> {
    const hosts = await startLibvirtHosts({
      names: ['kvm'],
      emulators: ['x86_64', 's390x'],
      setUp: (_name, shared) => {
        writeVolume(volumeFile(shared, 'loop'));
        return [
          ...openVswitch,
          ...blockDevices(shared, ['loop']),
          ...fibreChannelNames(shared, ['loop']),
          ...iscsiServer,
        ];
      },
    });
    const [host] = hosts.hosts;
    if (host === undefined) throw new Error('there is no host');
    const { socketPath } = host.daemon;
    const bench = await ComputeBench.start({
      drivers: [createVirsh().virtDriver],
      hosts: [
        {
          name: 'kvm',
          driver: 'virsh',
          settings: {
            uri: uriOf(socketBefore(socketPath)),
            poll: { initial_ms: 50, max_ms: 250 },
            host_folders: [hosts.shared, '/dev/disk'],
            ...settings,
          },
          manage: ['*'],
          protect: [],
          protectSelf: true,
        },
      ],
      ...(images && { images: images(hosts.shared) }),
      limits: PATIENT_LIMITS,
    });
    return new DeviceBench(hosts, host, bench, await connect(uriOf(socketPath)));
  }

  /** The host without the service before it, for works that are to break off where a test wants it. */
  place(more: Record<string, unknown> = {}): HostPlace {
    const uri = uriOf(this.host.daemon.socketPath);
    const poll = { initial_ms: 50, max_ms: 250 };
    const folders = { host_folders: [this.folder], shutdown_timeout_ms: 0 };
    const settings = VirshSettingsSchema.parse({ uri, poll, ...folders, ...more });
    const { link } = this.#links.hold({ uri });
    return { ...placeAt(accessOf(settings), () => link, pacingOf(settings)), settings };
  }

  /** A domain, as works of {@link place} take it. */
  async target(name: string): Promise<Target> {
    const { uuid: id } = await this.facts(name);
    return { key: `virsh:test:${id}` as TargetKey, id, name };
  }

  /** What requests may name. */
  get folder(): string {
    return this.hosts.shared;
  }

  call(...[method, params]: Parameters<ComputeBench['call']>): ReturnType<ComputeBench['call']> {
    return this.bench.call(method, { host: 'kvm', ...params });
  }

  /** A raw file, with this at its beginning. */
  file(name: string, { mib = 8, holds = name }: { mib?: number; holds?: string } = {}): string {
    const path = join(this.folder, name);
    writeFileSync(path, holds);
    truncateSync(path, mib * 1024 * 1024);
    return path;
  }

  copyOf(file: string, name: string): string {
    const path = join(this.folder, name);
    copyFileSync(file, path);
    return path;
  }

  /** @returns its console */
  async define(name: string, wanted: DomainWanted = {}): Promise<GuestConsole> {
    const { arch = 'x86_64', devices = '', hasSystem = false, ports = 8 } = wanted;
    const log = join(this.folder, `${name}.log`);
    const { kernel, initrd, kernelParameters } = hasSystem
      ? await guestSystems(arch)
      : { kernel: undefined, initrd: '', kernelParameters: '' };
    const os = kernel && `<kernel>${kernel}</kernel><initrd>${initrd}</initrd><cmdline>${kernelParameters}</cmdline>`;
    const port = `<controller type='pci' model='pcie-root-port'/>`;
    const isX86 = arch === 'x86_64';
    const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>${hasSystem ? 256 : 64}</memory><vcpu>1</vcpu>
      <os><type arch='${arch}' machine='${isX86 ? 'q35' : 's390-ccw-virtio'}'>hvm</type>${os ?? ''}</os>
      <features>${isX86 ? '<acpi/>' : ''}</features><on_crash>preserve</on_crash>
      <devices>${isX86 ? `<controller type='usb' model='none'/><controller type='pci' model='pcie-root'/>${port.repeat(ports)}` : ''}
        <console type='pty'><log file='${log}' append='on'/><target type='${isX86 ? 'serial' : 'sclp'}'/></console>
        <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>${devices}
      </devices></domain>`;
    await this.connection.call(domainDefineXmlFlags, { xml });
    return new GuestConsole(log);
  }

  /** The same, and starts it; one with a system is up afterwards. */
  async started(name: string, wanted: DomainWanted = {}): Promise<GuestConsole> {
    const console = await this.define(name, wanted);
    const { domain } = await this.connection.call(domainLookupByName, { name });
    await this.connection.call(domainCreate, { domain });
    if (wanted.hasSystem === true) await console.ready();
    return console;
  }

  async destroy(name: string): Promise<void> {
    const { domain } = await this.connection.call(domainLookupByName, { name });
    await this.connection.call(domainDestroy, { domain });
  }

  /** @returns the number of its hypervisor, as the host counts */
  async processOf(name: string): Promise<number> {
    return Number(await this.host.run(`cat ${pidFileOf(name)}`));
  }

  /** @param signal `STOP`; to its hypervisor */
  async signal(name: string, signal: 'STOP' | 'CONT' | 'KILL'): Promise<void> {
    await this.host.run(`kill -${signal} $(cat ${pidFileOf(name)})`);
  }

  /** Waits until a hypervisor that is stopped is waited for by libvirt. */
  async untilAwaited(name: string): Promise<void> {
    const control = () => this.host.run(`virsh domcontrol ${name}`);
    const isAwaited = async () => (await control()).startsWith('occupied');
    await eventually(isAwaited, `libvirt to ask the hypervisor of ${name}`, WITHIN_MS);
  }

  /** @param form `next`: as it will be at its next start */
  async definition(name: string, form?: 'next'): Promise<XmlElement> {
    const { domain } = await this.connection.call(domainLookupByName, { name });
    const flags = form === 'next' ? DomainXMLFlags.VIR_DOMAIN_XML_INACTIVE : 0;
    return parseXml((await this.connection.call(domainGetXmlDesc, { domain, flags })).xml);
  }

  async facts(name: string, form?: 'next'): Promise<DomainFacts> {
    return domainFacts(await this.definition(name, form));
  }

  /** What the disks of a domain are on, now and at its next start. */
  async disks(name: string): Promise<{ readonly now: string[]; readonly next: string[] }> {
    const of = async (form?: 'next') => (await this.facts(name, form)).disks.map(({ source }) => source ?? '');
    return { now: await of(), next: await of('next') };
  }

  /** MAC addresses. */
  async nics(name: string): Promise<{ readonly now: string[]; readonly next: string[] }> {
    const of = async (form?: 'next') => (await this.facts(name, form)).nics.map(({ mac }) => mac ?? '');
    return { now: await of(), next: await of('next') };
  }

  async devicesXml(name: string, kind: string): Promise<XmlElement[]> {
    return childrenOf(childAt(await this.definition(name), 'devices'), kind);
  }

  /** Ends the daemon at once, and starts it again. */
  async crash(): Promise<void> {
    const { daemon } = this.host;
    await daemon.kill();
    await daemon.restart();
    await this.asked.close();
    const connected = () => connect(uriOf(daemon.socketPath)).catch(() => undefined);
    this.asked = await eventually(connected, 'the daemon to be there again', WITHIN_MS);
  }

  async stop(): Promise<void> {
    await this.#links.stop();
    await this.connection.close();
    await this.bench.discard();
    await this.hosts.stop();
  }
}

const pidFileOf = (name: string): string => `/run/libvirt/qemu/${name}.pid`;

/** Fetches images from a folder of requests. */
export const imagesOf = (folder: string): Images =>
  new ImageFetcher({
    folder: join(folder, 'fetched'),
    fileFolders: [folder],
    maxBytes: 1024 ** 3,
    timeoutMs: 60_000,
    trust: { kind: 'system' },
  });

const uriOf = (socket: string): string => `qemu+unix:///system?socket=${socket}`;
