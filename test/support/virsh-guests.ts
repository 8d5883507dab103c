import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect, domainGetXmlDesc, domainLookupByName, DomainXMLFlags } from 'node-libvirt';
import { ImageFetcher } from '../../src/images/index.js';
import { GuestConsole } from './guest-console.js';
import type { GuestSystems } from './guest-systems.js';
import { localUri, VirshBench, type VirshBenchOptions } from './virsh-bench.js';

/** The service before a private libvirtd with QEMU, whose guests start from images of ours. */
export class VirshGuests {
  private constructor(
    readonly virsh: VirshBench,
    private readonly folder: string,
  ) {}

  static async start(
    systems: readonly GuestSystems[],
    { settings, ...options }: Omit<VirshBenchOptions, 'driverUri' | 'images' | 'libvirtd'> = {},
  ): Promise<VirshGuests> {
    const folder = mkdtempSync(join(tmpdir(), 'zenova-virsh-guests-'));
    const folders = systems.map(({ kernel }) => dirname(kernel));
    const virsh = await VirshBench.start({
      libvirtd: { emulators: systems.map(({ arch }) => arch) },
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
    const { libvirtd } = this.virsh;
    const connection = await connect(localUri(libvirtd.qemuUri, libvirtd));
    try {
      const { domain } = await connection.call(domainLookupByName, { name });
      const flags = DomainXMLFlags.VIR_DOMAIN_XML_INACTIVE;
      return (await connection.call(domainGetXmlDesc, { domain, flags })).xml;
    } finally {
      await connection.close();
    }
  }

  async stop(): Promise<void> {
    await this.virsh.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Where the machine has /var/lib/libvirt/images/zenova, the daemon has one of its own. */
  get #pool(): string {
    return join(this.virsh.libvirtd.dataDir, 'var-lib-libvirt', 'images', 'zenova');
  }
}
