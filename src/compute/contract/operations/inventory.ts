import type { JsonValue } from '../../../common/errors/index.js';
import type { CallContext } from '../context.js';
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
  readonly native: Record<string, JsonValue>;
  readonly observedAt: number;
}

/** One thing that a host's self-test looked at. */
export interface HostCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about it; null when it is ok. */
  readonly remedy: string | null;
}

export interface InventoryOperations {
  listInstances(ctx: CallContext): Promise<InstanceSummary[]>;
  /** Governed by `operation.get-guest-info`. Takes the caller's reference (name or backend id), like `queryPower`. */
  getInfo(ctx: CallContext, reference: string): Promise<InstanceInfo>;
  /** Governed by `operation.get-host-info`. */
  getHostInfo(ctx: CallContext): Promise<HostInfo>;
  /** Tries address, certificate, credentials and permissions, in this order; never throws for what it is there to find. */
  testHost(ctx: CallContext): Promise<HostCheck[]>;
}
