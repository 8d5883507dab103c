import { isoTime, type Clock } from '../../common/clock.js';
import { ComputeError, toComputeError } from '../../common/errors/index.js';
import type { Log } from '../../common/log.js';
import { VIRT_FEATURE_IDS, claimNotes, type VirtFeatureId } from '../../features/index.js';
import type { CallContext, MethodResult } from '../contract/index.js';
import type { OpenHost } from './host-route.js';
import { limited } from './time-limits.js';

type Availability = NonNullable<MethodResult<'features.driver'>['available']>;

export interface AvailabilityOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Longest that it may take. */
  readonly timeoutMs: number;
}

/** Errors of a host that did not say anything. */
const SILENT: ReadonlySet<string> = new Set(['BACKEND_UNREACHABLE', 'BACKEND_TIMEOUT', 'TLS_UNTRUSTED']);

/**
 * What a host has at present: the third answer beside declared and proven (DESIGN 6). A host that cannot be asked has
 * nothing, and its error says why.
 *
 * @throws ComputeError REQUEST_INVALID when the host is of another driver
 */
export async function availability(
  open: OpenHost,
  driver: string,
  options: AvailabilityOptions,
): Promise<Availability> {
  if (open.driver.name !== driver) {
    throw new ComputeError('REQUEST_INVALID', `host ${open.name} is of the driver ${open.driver.name}, not ${driver}`);
  }
  const { clock, log, timeoutMs } = options;
  const overdue = (): ComputeError =>
    new ComputeError('BACKEND_TIMEOUT', `host ${open.name} did not answer within ${timeoutMs / 1000} s`);
  try {
    const { backend, lacking } = await limited(clock, clock.now() + timeoutMs, overdue, (signal) =>
      lookAt(open, { clock, log, signal }),
    );
    return {
      host: open.name,
      reachable: true,
      error: null,
      backend,
      observed_at: isoTime(clock.now()),
      features: featuresOf(open, (feature) => lacking.get(feature) ?? null),
    };
  } catch (error) {
    const { code, message } = toComputeError(error);
    return {
      host: open.name,
      reachable: !SILENT.has(code),
      error: { code, message },
      backend: null,
      observed_at: isoTime(clock.now()),
      features: featuresOf(open, () => `${code}: ${message}`),
    };
  }
}

async function lookAt(
  { host }: OpenHost,
  ctx: CallContext,
): Promise<{ backend: string | null; lacking: ReadonlyMap<VirtFeatureId, string> }> {
  const { getHostInfo, listInstances } = host.operations;
  const backend = getHostInfo === undefined ? null : (await getHostInfo(ctx)).hypervisor;
  // Whoever tells nothing of the host is asked for something that every driver has.
  if (getHostInfo === undefined) await listInstances(ctx);
  return { backend, lacking: (await host.lacking?.(ctx)) ?? new Map() };
}

/** @param lack why a declared feature is not there now; null: it is */
function featuresOf({ driver }: OpenHost, lack: (feature: VirtFeatureId) => string | null): Availability['features'] {
  return Object.fromEntries(
    VIRT_FEATURE_IDS.map((feature) => {
      const claim = driver.features[feature];
      const reason = claim.level === 'missing' ? claimNotes(claim) : lack(feature);
      return [feature, { available: reason === null, reason }];
    }),
  );
}
