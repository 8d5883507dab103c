import type { JsonValue } from '../../../common/errors/index.js';
import type { CallContext } from '../context.js';
import type { Freshness } from '../freshness.js';
import type { REQUIREMENT_STATUSES } from '../methods/host.js';
import type { ObservedState } from '../../state/power-state.js';

export interface InstanceSummary {
  readonly name: string;
  /** The backend's id. */
  readonly id: string;
  readonly state: ObservedState;
}

export interface InstanceInfo extends InstanceSummary {
  readonly vcpus: number | null;
  readonly memoryMib: number | null;
  readonly maxMemoryMib: number | null;
  readonly cpuTimeNs: number | null;
  /** Facts only this backend has, in its own words. */
  readonly native: Record<string, JsonValue>;
  /** Where they are wanted, and the driver can tell. */
  readonly devices?: Devices;
}

/** What an instance is connected to. Names are those that a description, `detach_interface` and `detach_volume` take. */
export interface Devices {
  readonly interfaces: readonly {
    readonly name: string;
    readonly mac: string | null;
    /** Null: it cannot be told. */
    readonly network: string | null;
    /** Other names of the same network. */
    readonly networkAliases: readonly string[];
    readonly vlan: number | null;
  }[];
  readonly volumes: readonly {
    readonly id: string;
    /** Other ids of it, or of a part of it. */
    readonly aliases: readonly string[];
    /** Made with the instance, and gone with it. The one that it starts from comes first. */
    readonly isRoot: boolean;
    readonly sizeGib: number | null;
  }[];
}

/** How an instance is asked after. */
export interface InfoOptions extends Freshness {
  /** Are its devices to be told? Those that nobody wants cost no request. */
  readonly devices?: boolean;
}

export interface HostInfo {
  /** Product and version. */
  readonly hypervisor: string;
  readonly status: 'up' | 'degraded' | 'down' | 'unknown';
  readonly nativeStatus: string;
  readonly instances: number;
  readonly running: number;
  readonly vcpus: number | null;
  readonly memoryMib: number | null;
  /** How long it has been up, seconds; absent where the backend does not tell. */
  readonly uptimeS?: number;
  /** What its processors can do, in the words of OpenStack's os-traits. Governed by `operation.report-cpu-traits`. */
  readonly cpuTraits?: readonly string[];
  readonly native: Record<string, JsonValue>;
  readonly observedAt: number;
}

/** What an instance has used since its start; null for what the backend does not tell. */
export interface Diagnostics extends InstanceSummary {
  readonly uptimeS: number | null;
  readonly memoryUsedMib: number | null;
  readonly memoryMib: number | null;
  readonly cpus: readonly {
    readonly id: number;
    readonly timeNs: number | null;
    readonly utilisationPercent: number | null;
  }[];
  readonly disks: readonly {
    readonly device: string;
    readonly readBytes: number | null;
    readonly readRequests: number | null;
    readonly writeBytes: number | null;
    readonly writeRequests: number | null;
    readonly errors: number | null;
  }[];
  readonly nics: readonly {
    readonly device: string;
    readonly mac: string | null;
    readonly rxBytes: number | null;
    readonly rxPackets: number | null;
    readonly rxErrors: number | null;
    readonly rxDrops: number | null;
    readonly txBytes: number | null;
    readonly txPackets: number | null;
    readonly txErrors: number | null;
    readonly txDrops: number | null;
  }[];
  readonly native: Record<string, JsonValue>;
}

/** One thing that a host's self-test looked at. */
export interface HostCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about it; null when it is ok. */
  readonly remedy: string | null;
}

/** Something that instances on a host, or one of them, need. */
export interface Requirement {
  /** Stable name, the same for every host of the driver. */
  readonly requirement: string;
  /** What it is about: the host, an instance, an adapter. */
  readonly subject: string;
  /** `unknown` when it cannot be told, which is never `met`; `information` for advice that nothing depends on. */
  readonly status: (typeof REQUIREMENT_STATUSES)[number];
  /** What was seen. */
  readonly evidence: string;
  /** What to do about it; null when there is nothing to be done. */
  readonly remedy: string | null;
}

export interface InventoryOperations {
  /** `freshness` as for `queryPower`. */
  listInstances(ctx: CallContext, freshness?: Freshness): Promise<InstanceSummary[]>;
  /** Governed by `operation.get-guest-info`. Takes the caller's reference (name or backend id) and `freshness`, like `queryPower`. */
  getInfo(ctx: CallContext, reference: string, options?: InfoOptions): Promise<InstanceInfo>;
  /** Governed by `operation.get-host-info`. */
  getHostInfo(ctx: CallContext): Promise<HostInfo>;
  /** Tries address, certificate, credentials and permissions, in this order; never throws for what it is there to find. */
  testHost(ctx: CallContext): Promise<HostCheck[]>;
}

/** What helps those who look after instances. */
export interface AdviceOperations {
  /** Governed by no feature; absent where the backend tells nothing of the kind. Takes the caller's reference. @throws ComputeError as `resolve` does */
  getDiagnostics(ctx: CallContext, reference: string): Promise<Diagnostics>;
  /**
   * Governed by no feature; absent where there is nothing to be looked at. Looks at everything that instances on this host need, and at what the
   * instance that is named needs beside it. Changes nothing, and throws only when the backend cannot be asked at all.
   */
  preflight(ctx: CallContext, params: { readonly instance?: string | undefined }): Promise<Requirement[]>;
}
