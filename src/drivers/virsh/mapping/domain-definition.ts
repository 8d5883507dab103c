import type { CpuOptions } from './cpu-choice.js';
import type { DriverOptions, HostDevice } from './driver-options.js';
import type { Disk } from './disk.js';
import type { InstanceMark } from './instance-mark.js';
import type { MachineChoice } from './machine-choice.js';
import type { Nic } from './nic.js';

/** A domain as it is to be defined, with everything decided; how libvirt writes it is `domain-xml.ts`. */
export interface DomainDefinition extends MachineChoice {
  readonly name: string;
  readonly uuid: string;
  readonly memoryMib: number;
  readonly vcpus: number;
  /** As many as can be plugged in while it runs. */
  readonly maxVcpus: number;
  readonly cpu: CpuOptions | undefined;
  readonly firmware: { readonly isSecure: boolean | undefined; readonly isStateless: boolean } | undefined;
  readonly kernel: DriverOptions['kernel'];
  readonly memory: 'file' | 'hugepages' | undefined;
  readonly isProtected: boolean;
  readonly disks: readonly Disk[];
  readonly nics: readonly Nic[];
  /** Those of type zfcp are disks. */
  readonly hostDevices: readonly Exclude<HostDevice, { type: 'zfcp' }>[];
  readonly console: 'serial' | 'sclp' | 'virtio';
  /** Where on the host what the console shows is kept. */
  readonly consoleLog: string | undefined;
  readonly graphics: readonly { readonly type: 'vnc' | 'spice'; readonly listen: string }[];
  readonly video: string | undefined;
  readonly watchdog: { readonly model: string; readonly action: string } | undefined;
  readonly tpm: { readonly model: string; readonly version: string } | undefined;
  readonly hasRng: boolean;
  readonly onCrash: string;
  /** x86: how many devices can be plugged in while it runs. */
  readonly spareSlots: number;
  readonly mark: InstanceMark;
}

/** The disks of an instance that are no volumes, by the aliases that they are found by. */
export const DISK_ALIASES = { root: 'ua-root', config: 'ua-config', iso: 'ua-iso', rescue: 'ua-rescue' } as const;
