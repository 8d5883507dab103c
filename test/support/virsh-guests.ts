import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  connect,
  type Connection,
  connectListAllSecrets,
  domainGetXmlDesc,
  domainLookupByName,
  DomainXMLFlags,
} from 'node-libvirt';
import { ImageFetcher } from '../../src/images/index.js';
import { GuestConsole } from './guest-console.js';
import type { GuestSystems } from './guest-systems.js';
import { localUri, VirshBench, type VirshBenchOptions } from './virsh-bench.js';

interface VirshGuestsOptions extends Omit<VirshBenchOptions, 'driverUri' | 'images' | 'libvirtd'> {
  /** What requests may name beside the systems. */
  readonly folders?: readonly string[];
  /** Those of the systems, when not given. */
  readonly emulators?: readonly string[];
  /** Lines of bash that set up a host of its own, with devices of its own; without them it has those of this machine. */
  readonly setUp?: readonly string[];
}

/** The service before a private libvirtd with QEMU, whose guests start from images of ours. */
export class VirshGuests {
  private constructor(
    readonly virsh: VirshBench,
    private readonly folder: string,
  ) {}

  static async start(
    systems: readonly GuestSystems[],
    { settings, folders: more = [], emulators, setUp, ...options }: VirshGuestsOptions = {},
  ): Promise<VirshGuests> {
    const folder = mkdtempSync(join(tmpdir(), 'zenova-virsh-guests-'));
    const folders = [...systems.map(({ kernel }) => dirname(kernel)), ...more];
    const virsh = await VirshBench.start({
      libvirtd: {
        emulators: emulators ?? systems.map(({ arch }) => arch),
        ...(setUp && { host: { name: 'kvm', setUp } }),
      },
      driverUri: (daemon) => localUri(daemon.qemuUri, daemon),
      images: new ImageFetcher({
        folder: join(folder, 'images'),
        fileFolders: folders,
        maxBytes: 1_000_000_000,
        timeoutMs: 120_000,
        trust: { kind: 'system' },
      }),
      settings: { host_folders: [...folders, '/var/lib/libvirt/images'], ...settings },
      ...options,
    });
    return new VirshGuests(virsh, folder);
  }

  /** What is in the pool, by the names of its volumes. */
  volumes(): string[] {
    try {
      return readdirSync(this.#pool).toSorted();
    } catch {
      return [];
    }
  }

  /** @param id of the instance */
  console(id: string): GuestConsole {
    return new GuestConsole(join(this.#pool, `zenova-${id}-console.log`));
  }

  /** A domain as libvirt has it for its next start, by a connection past the driver. */
  async definition(name: string): Promise<string> {
    return await this.#asking(async (connection) => {
      const { domain } = await connection.call(domainLookupByName, { name });
      const flags = DomainXMLFlags.VIR_DOMAIN_XML_INACTIVE;
      return (await connection.call(domainGetXmlDesc, { domain, flags })).xml;
    });
  }

  /** What libvirt keeps secrets for. */
  async secrets(): Promise<string[]> {
    return await this.#asking(async (connection) => {
      const { secrets } = await connection.call(connectListAllSecrets, {});
      return secrets.map(({ usageId }) => usageId);
    });
  }

  /** What libvirt keeps of guests in a folder of its own: `nvram`. */
  kept(name: string): string[] {
    return readdirSync(join(this.virsh.libvirtd.dataDir, 'var-lib-libvirt', 'qemu', name));
  }

  async stop(): Promise<void> {
    await this.virsh.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #asking<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    const { libvirtd } = this.virsh;
    const connection = await connect(localUri(libvirtd.qemuUri, libvirtd));
    try {
      return await ask(connection);
    } finally {
      await connection.close();
    }
  }

  /** Where the machine has /var/lib/libvirt/images/zenova, the daemon has one of its own. */
  get #pool(): string {
    return join(this.virsh.libvirtd.dataDir, 'var-lib-libvirt', 'images', 'zenova');
  }
}
