import type { ErrorCode } from '../../src/common/errors/index.js';
import type { DiskLimits, FirewallRule, Flavor, MethodName, Volume } from '../../src/compute/contract/index.js';
import type { InstancePowerState, MachinePowerState } from '../../src/compute/state/power-state.js';

export type Answer = Record<string, unknown>;

/** What reaches the backend, as the backend sees it: in the order of arrival, a line for each. */
export interface Wire {
  /** Every request. */
  requests(): readonly string[];
  /** Those that are meant to change something there. */
  changes(): readonly string[];
}

/** A driver that can be asked, by the way that every caller goes, and the backend behind it. */
export interface Subject {
  /** Sends a request through the dispatcher. @throws ComputeError */
  call(method: MethodName, params: object): Promise<Answer>;
  readonly wire: Wire;
  close(): Promise<void>;
}

export interface BackendVolume {
  readonly id: string;
  readonly connection: Volume['connection']['type'];
  readonly hasLogon: boolean;
  readonly isEncrypted: boolean;
  readonly tag: string | null;
  readonly limits: DiskLimits | null;
  readonly sizeGib: number;
}

export interface BackendInterface {
  readonly name: string;
  readonly network: string;
  readonly mac: string;
  readonly vlan: number | null;
  readonly addresses: readonly string[];
  readonly tag: string | null;
  readonly forwarding: 'nat' | 'route' | null;
}

/** An instance as its backend has it, whatever the driver says. What a backend does not show is absent. */
export interface BackendInstance {
  readonly host: string;
  readonly state: InstancePowerState;
  readonly id: string;
  readonly vcpus?: number;
  readonly memoryMib?: number;
  /** Does its memory lie in files of the host? */
  readonly isMemoryInFiles?: boolean;
  /** What its root disk was made of. */
  readonly image?: string | null;
  readonly rootGib?: number;
  readonly rootFileSystemGib?: number;
  readonly rootLimits?: DiskLimits | null;
  readonly volumes?: readonly BackendVolume[];
  readonly interfaces?: readonly BackendInterface[];
  /** What it starts from, in any form in which it can be compared. */
  readonly boot?: unknown;
  readonly firmware?: 'bios' | 'uefi';
  readonly isFirmwareStateless?: boolean;
  readonly tpm?: string | null;
  readonly securityGroups?: readonly string[];
  readonly firewallRules?: readonly FirewallRule[];
  readonly hasConfigDrive?: boolean;
  readonly files?: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly hasPassword?: boolean;
  readonly isQuiesced?: boolean;
  readonly crashDumps?: number;
}

/** Values of this backend for the fields of requests. Without a driver that makes instances they need not exist. */
export interface VirtValues {
  /** An instance that nobody has. */
  readonly nobody: string;
  readonly flavor: Flavor;
  readonly largerFlavor: Flavor;
  readonly image: { readonly source: string; readonly checksum: string };
  readonly otherImage: string;
  /** Addresses of images that no host has yet. */
  readonly remoteImage: () => string;
  readonly trustedCertificate: string;
  /** Some of what the processors of the host can do. */
  readonly cpuTraits: readonly string[];
  readonly network: string;
  /** A network whose interfaces can be like that. */
  readonly networkFor: (way: 'vlan' | 'nat' | 'route') => string;
  readonly securityGroup: string;
  /** A volume that no instance has. */
  readonly volume: (type?: Volume['connection']['type']) => Volume;
  /** A volume behind iSCSI whose target asks for this logon. */
  readonly guardedVolume: (logon: { readonly user: string; readonly password: string }) => Volume;
  /** A volume that was encrypted with this key. */
  readonly encryptedVolume: (key: string) => Volume;
  /** A volume that the host does not reach. */
  readonly unreachableVolume: Volume;
}

/** A host with two instances. */
export interface WholeHost {
  readonly name: string;
  readonly running: string;
  readonly shutdown: string;
}

export interface VirtSubject extends Subject {
  /** Where instances are asked for. */
  readonly host: string;
  /** Another host of the same driver. */
  readonly destination: string;
  readonly values: VirtValues;
  /** How long may what the backend does by itself take? Default: that of `eventually`; of what guests show, nothing. */
  readonly patienceMs?: number;
  /**
   * An instance of `host` that no other scenario has, in this state.
   *
   * @param guest is there a guest in it that answers? Otherwise it may be an empty one
   */
  instance(state: InstancePowerState, guest?: 'with-guest'): Promise<string>;
  /** A name that no instance has. */
  freshName(): string;
  /** A host that no other scenario has. */
  wholeHost(): Promise<WholeHost>;
  /** A running instance whose live migration does not come to its end by itself. */
  busyInstance(): Promise<string>;
  /** What the backend has of it; undefined when it has none. */
  atBackend(instance: string): Promise<BackendInstance | undefined>;
  /** What is on a volume, in any form in which it can be compared. */
  volumeHolds(id: string): Promise<unknown>;
  /** Lets the guest of an instance write a line to its console. */
  writeToConsole(instance: string, line: string): Promise<void>;
  /** How often images were fetched from addresses. */
  imageFetches(): Promise<number>;
}

/** How a machine is named in requests. */
export interface MachineRef {
  readonly power_type: string;
  readonly power_parameters: Record<string, string>;
}

/** What goes wrong at a controller, and how it has to reach the caller. */
export interface ControllerFailure {
  readonly machine: MachineRef;
  readonly code: ErrorCode;
  /** A part of what the controller says of it. */
  readonly says: string;
}

export interface PowerSubject extends Subject {
  /** A machine that no other scenario has, in this state. `unknown`: its controller tells neither. */
  machine(state: Exclude<MachinePowerState, 'error'>): Promise<MachineRef>;
  atBackend(machine: MachineRef): Promise<MachinePowerState>;
  /** A machine that is on, with an operating system that shuts down when it is asked to. */
  listening(): Promise<MachineRef>;
  /** A machine in this state with one network interface and one disk to start from. */
  bootable(state: 'on' | 'off'): Promise<MachineRef>;
  /** What its controller starts it from next. */
  startsFrom(machine: MachineRef): Promise<'network' | 'disk' | undefined>;
  /** The controller of a machine, and the names of all machines behind it. */
  chassisOf(machine: MachineRef): Promise<{ readonly controller: MachineRef; readonly names: readonly string[] }>;
  /** A machine whose next command the controller refuses. */
  refused(): Promise<ControllerFailure>;
  /** A machine whose controller does not accept the credentials. */
  unauthorised(): Promise<ControllerFailure>;
}
