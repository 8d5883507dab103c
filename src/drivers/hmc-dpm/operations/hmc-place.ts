import { targetKey } from '../../../common/ids.js';
import type { TargetKey } from '../../../common/ids.js';
import type { CallContext, Target } from '../../../compute/contract/index.js';
import type { HmcAddress } from '../client/hmc-address.js';
import type { HmcClient } from '../client/hmc-client.js';
import { HmcError } from '../client/hmc-error.js';
import type { PartitionItem } from '../client/hmc-schemas.js';
import { idOf } from '../client/hmc-uri.js';
import type { LoadSettings } from '../mapping/classic-rules.js';
import type { Backend, Pacing } from '../../kit/index.js';
import { DRIVER_NAME, nativeOf, toHmcComputeError, type Doing } from '../hmc-dpm.errors.js';

/** How long and how often to wait, when nobody says. */
export const DEFAULT_PACING: Pacing = {
  requestTimeoutMs: 30_000,
  operationTimeoutMs: 15 * 60_000,
  poll: { initialMs: 250, maxMs: 5000 },
};

/** How an LPAR in classic mode is activated and loaded. */
export interface ClassicSettings extends LoadSettings {
  /** Without it, the one that the HMC has for the next activation. */
  readonly activation_profile?: string | undefined;
  readonly load_parameter?: string | undefined;
}

/** Where partitions are looked for: one CPC of an HMC, or every CPC that the user may see. */
export interface HmcPlace {
  /** Asked for each use, since a session that nobody used for long is given back. */
  client(ctx: Pick<CallContext, 'outgoing'>): HmcClient;
  /** `host:port` of the HMC that is asked now, for messages. */
  readonly hmc: string;
  /** The same for keys: it does not change. */
  readonly keyedBy: string;
  /** Name of the CPC; undefined for all. */
  readonly cpc: string | undefined;
  readonly pacing: Pacing;
  /** Of the LPAR of this name, when the CPC is in classic mode. */
  classic(name: string): ClassicSettings;
}

/** A place that is one CPC. */
export interface CpcPlace extends HmcPlace {
  readonly cpc: string;
}

const LPAR_URIS = '/api/logical-partitions/';
/** Before the object-id, in the keys of LPARs. */
const LPAR_KEY = 'lpar/';

/** Equal for every HMC of the CPC, since object-ids are the same on all of them (hmc-dpm.md section 1). */
export function targetOf(item: Pick<PartitionItem, 'name' | 'object-uri' | 'cpc-object-uri'>): Target {
  const id = idOf(item['object-uri']);
  const kind = isLparItem(item) ? LPAR_KEY : '';
  return { key: targetKey(DRIVER_NAME, idOf(item['cpc-object-uri']), `${kind}${id}`), id, name: item.name };
}

/** Is it an LPAR of a CPC in classic mode? */
export function isLparItem(item: Pick<PartitionItem, 'object-uri'>): boolean {
  return item['object-uri'].startsWith(LPAR_URIS);
}

/** The same of a target, whose key tells it for ever. */
export function isLogicalPartition({ key, id }: Pick<Target, 'key' | 'id'>): boolean {
  return key.endsWith(`:${LPAR_KEY}${id}`);
}

export function provisionalTargetKey(place: HmcPlace, reference: string): TargetKey {
  return targetKey(DRIVER_NAME, place.keyedBy, reference);
}

/** What redundant HMCs are keyed by: the same in whatever order they are given. */
export function keyOf(addresses: readonly [HmcAddress, ...HmcAddress[]]): string {
  return addresses.map(({ label }) => label).reduce((least, label) => (label < least ? label : least));
}

export function partitionUri(id: string): string {
  return `/api/partitions/${encodeURIComponent(id)}`;
}

export function lparUri(id: string): string {
  return `${LPAR_URIS}${encodeURIComponent(id)}`;
}

/** Runs `work`, turning what the HMC says into our errors. */
export async function explaining<T>(place: HmcPlace, doing: Omit<Doing, 'hmc'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toHmcComputeError(error, { ...doing, hmc: place.hmc });
  }
}

/** The HMC as changes of its partitions see it. */
export function backendOf(place: HmcPlace): Backend {
  return {
    driver: DRIVER_NAME,
    noun: 'the HMC',
    get label() {
      return `HMC ${place.hmc}`;
    },
    pacing: place.pacing,
    failureOf: (error) => (error instanceof HmcError ? error : undefined),
    nativeOf: (error) => (error instanceof HmcError ? nativeOf(error) : undefined),
  };
}
