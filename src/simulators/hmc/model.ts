import type { AdapterStatus, AdapterType } from './adapters/adapter.schema.js';
import type { BootRecord, DumpRecord, IsoImage } from './boot-record.js';
import type { Generation } from './generation.js';
import type { CpcEntry, Timing, UserEntry } from './inventory.schema.js';
import type { CpcStatus, LparStatus, PartitionStatus, PartitionType, StartEnd } from './statuses.js';

/** An object of the HMC, or an element of one, as far as those who are told of changes must know it. */
export interface HmcObject {
  /** Object URI, or element URI. */
  readonly uri: string;
  /** As its `class` property says: `partition`, `nic`, `adapter` … */
  readonly class: string;
  readonly name: string;
  /** The object whose element this is; null for an object. */
  readonly parent: HmcObject | null;
  /** Whether the user has access to it. */
  isSeenBy(user: UserEntry): boolean;
}

export interface Cpc extends HmcObject {
  readonly id: string;
  readonly entry: CpcEntry;
  readonly generation: Generation;
  readonly partitions: Partition[];
  readonly logicalPartitions: LogicalPartition[];
  readonly adapters: readonly Adapter[];
  /** Empty from z17 on. */
  readonly virtualSwitches: readonly VirtualSwitch[];
  status: CpcStatus;
}

/** What user permissions rest on, for objects that can be created. */
export interface Granted {
  /** The name by which an inventory grants access to it; null for what was created since. */
  readonly grantedAs: string | null;
  /** The user that created it. */
  readonly creator: string | null;
}

export interface Partition extends HmcObject, Granted {
  readonly id: string;
  readonly cpc: Cpc;
  readonly type: PartitionType;
  /** What its next start ends in. */
  startsAs: StartEnd;
  readonly timing: Timing;
  readonly nics: Nic[];
  readonly dumps: DumpRecord[];
  /** What the last start booted; null before the first, and when it did not come to that. */
  booted: BootRecord | null;
  iso: IsoImage | null;
  name: string;
  /** Changed through `Estate.setStatus`, so that it is told of. */
  status: PartitionStatus;
  /** Changed through `Estate.store`, so that it is told of. */
  stored: Readonly<Record<string, unknown>>;
}

export interface LogicalPartition extends HmcObject, Granted {
  readonly id: string;
  readonly cpc: Cpc;
  readonly activationMode: string;
  readonly timing: Timing;
  /** As its image profile says: activating it loads an operating system, too. */
  readonly loadsAtActivation: boolean;
  /** Changed through `Estate.setLparStatus`, so that it is told of. */
  status: LparStatus;
  /** Changed through `Estate.storeLpar`, so that it is told of. */
  stored: Readonly<LparProperties>;
}

/** Properties of a logical partition that operations change. */
export interface LparProperties {
  readonly 'next-activation-profile-name': string;
  readonly 'last-used-load-address': string;
  readonly 'last-used-load-parameter': string;
}

/** A card, or HiperSockets, of a CPC (hmc-dpm.md section 11). */
export interface Adapter extends HmcObject {
  readonly id: string;
  readonly cpc: Cpc;
  /** PCHID, three hexadecimal digits. */
  readonly adapterId: string;
  readonly type: AdapterType;
  readonly ports: readonly AdapterPort[];
  readonly given: Readonly<Record<string, unknown>>;
  status: AdapterStatus;
}

export interface AdapterPort {
  readonly uri: string;
  readonly index: number;
  readonly adapter: Adapter;
}

/** One port of an OSA or HiperSockets adapter as NICs are plugged into it, before z17 (hmc-dpm.md section 11). */
export interface VirtualSwitch extends HmcObject {
  readonly id: string;
  readonly cpc: Cpc;
  readonly port: AdapterPort;
}

/** What a NIC is plugged into. */
export type Backing =
  | { readonly kind: 'switch'; readonly vswitch: VirtualSwitch; readonly port: AdapterPort }
  | { readonly kind: 'port'; readonly port: AdapterPort };

/** A network card of a partition, an element of it (hmc-dpm.md section 11). */
export interface Nic extends HmcObject {
  readonly id: string;
  readonly partition: Partition;
  name: string;
  backing: Backing;
  /** Everything that a NIC can be given, but for the name and the backing. */
  stored: Record<string, unknown>;
}
