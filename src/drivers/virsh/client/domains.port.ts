import type { XmlElement } from '../../../connectors/xml/index.js';

/** A domain and its state, by libvirt's numbers (libvirt-lxd.md section 7). */
export interface DomainStatus {
  readonly name: string;
  /** In lower case, with hyphens. */
  readonly uuid: string;
  readonly state: number;
  readonly reason: number;
  /** Its memory lies on the disk of the host, and its next start goes on with it. */
  readonly hasSavedMemory: boolean;
}

/** What a domain has and has used. */
export interface DomainUsage {
  readonly maxMemoryKib: number;
  readonly memoryKib: number;
  readonly vcpus: number;
  readonly cpuTimeNs: number;
}

/** The machine that a daemon runs on, and what runs there. */
export interface HypervisorFacts {
  readonly hostname: string;
  /** Kind of hypervisor: `QEMU`. */
  readonly type: string;
  /** As `7.2.22`; null where it is not told. */
  readonly hypervisorVersion: string | null;
  readonly libvirtVersion: string;
  readonly cpuModel: string;
  readonly cpus: number;
  readonly memoryMib: number;
}

/**
 * Which definition of a domain is read. `next`: as it will be at its next start. `to-edit`: the same with its secrets, such as the password
 * of its screen, to be defined again and for nothing else; who may only read cannot have it.
 */
export type DefinitionForm = 'next' | 'to-edit';

/** How the guest's operating system is asked to shut down; undefined: whatever works, tried by libvirt itself. */
export type ShutdownWay = 'acpi' | 'agent';

/**
 * What reads and power need of the way to a daemon, whatever that is: libvirt's RPC protocol, or the program `virsh` on the host.
 * It is made for one call of ours: reads end with its signal; writes do not, since what was sent is not called back.
 *
 * Every method throws what `failureOf` judges; of a domain that is not there it is a failure that `isNotThere`.
 */
export interface Domains {
  /** All of the host, with their states. */
  list(): Promise<DomainStatus[]>;
  /** By UUID or name; undefined when there is none. A name that looks like a UUID is a name as well. */
  find(reference: string): Promise<DomainStatus | undefined>;
  status(uuid: string): Promise<DomainStatus>;
  /** @param form without it: as it runs, where it does */
  definition(uuid: string, form?: DefinitionForm): Promise<XmlElement>;
  usage(uuid: string): Promise<DomainUsage>;
  hypervisor(): Promise<HypervisorFacts>;
  /** What guests can be on the host (`virsh capabilities`). */
  capabilities(): Promise<XmlElement>;

  /** @param options.fromScratch its saved memory is dropped */
  start(uuid: string, options: { readonly fromScratch?: boolean; readonly timeoutMs: number }): Promise<void>;
  /** Hard. */
  destroy(uuid: string, timeoutMs: number): Promise<void>;
  shutdown(uuid: string, way: ShutdownWay | undefined, timeoutMs: number): Promise<void>;
  reset(uuid: string, timeoutMs: number): Promise<void>;
  /** Stops its processors. */
  suspend(uuid: string, timeoutMs: number): Promise<void>;
  resume(uuid: string, timeoutMs: number): Promise<void>;
  /** Puts its memory on the disk of the host, and ends it. */
  saveMemory(uuid: string, timeoutMs: number): Promise<void>;
  dropSavedMemory(uuid: string, timeoutMs: number): Promise<void>;
  /** Defines it anew, from its next start on. */
  define(definition: XmlElement, timeoutMs: number): Promise<void>;
}
