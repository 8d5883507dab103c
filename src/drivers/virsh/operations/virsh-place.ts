import type { Caller } from 'node-libvirt';
import type { NativeError } from '../../../common/errors/index.js';
import { targetKey, type TargetKey } from '../../../common/ids.js';
import type { CallContext, Target } from '../../../compute/contract/index.js';
import type { Backend, BackendFailure, Pacing } from '../../kit/index.js';
import type { Domains, DomainStatus } from '../client/domains.port.js';
import { failureOf } from '../client/libvirt-failure.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import { nativeOf, toVirshComputeError } from '../virsh.errors.js';
import type { VirshSettings } from '../virsh.settings.js';

/** A libvirt host: where its domains are looked for, and how it is asked. */
export interface VirshPlace {
  /** What reads and power need, for one call. */
  domains(ctx: CallContext): Domains;
  /** All of libvirt's protocol. @throws ComputeError FEATURE_LIMITED where the host is reached by the program `virsh` only */
  caller(ctx: CallContext): Caller;
  /** The UUID of the host, which is the same by whatever URI it is reached. */
  hostUuid(ctx: CallContext): Promise<string>;
  /** What its processors can do for guests (`HostInfo.cpuTraits`); undefined where the program `virsh` is the way. */
  cpuTraits(ctx: CallContext): Promise<readonly string[] | undefined>;
  /** The URI for people, without secrets. */
  readonly label: string;
  /** The daemon's address for keys: it does not change. */
  readonly keyedBy: string;
  readonly backend: Backend;
}

/** A host of the configuration, which says more of it than where it is. */
export interface HostPlace extends VirshPlace {
  readonly settings: Pick<
    VirshSettings,
    'uri' | 'cpu' | 'pool' | 'host_folders' | 'rescue_image' | 'migration' | 'shutdown_timeout_ms'
  >;
}

/** The daemon as changes of its domains see it. */
export function backendOf(label: string, pacing: Pacing): Backend {
  return {
    driver: DRIVER_NAME,
    noun: 'libvirt',
    label: `libvirt ${label}`,
    pacing,
    failureOf: backendFailure,
    nativeOf: backendWords,
  };
}

function backendFailure(error: unknown): BackendFailure | undefined {
  const failure = failureOf(error);
  if (failure === undefined) return undefined;
  const { text: message, mayHaveRun, isBusy, isTransient, native } = failure;
  return { message, mayHaveRun, isBusy, isTransient, isPassing: isBusy || isTransient, isOver: native !== undefined };
}

function backendWords(error: unknown): NativeError | undefined {
  const failure = failureOf(error);
  return failure === undefined ? undefined : nativeOf(failure);
}

/** Equal for every way to the host. */
export async function targetOf(
  ctx: CallContext,
  place: VirshPlace,
  { uuid, name }: Pick<DomainStatus, 'uuid' | 'name'>,
): Promise<Target> {
  return { key: targetKey(DRIVER_NAME, await place.hostUuid(ctx), uuid), id: uuid, name };
}

/** The host itself as a target. */
export async function hostTarget(ctx: CallContext, place: VirshPlace): Promise<Target> {
  const id = await place.hostUuid(ctx);
  return { key: targetKey(DRIVER_NAME, id, 'host'), id, name: place.label };
}

export function provisionalTargetKey(place: VirshPlace, reference: string): TargetKey {
  return targetKey(DRIVER_NAME, place.keyedBy, reference);
}

/** Runs `work`, which changes nothing, turning what libvirt says into our errors. @param what "reading domain web01" */
export async function explaining<T>(place: VirshPlace, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toVirshComputeError(error, { what, libvirt: place.label, changes: false });
  }
}
