import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext, HostCheck } from '../../../compute/contract/index.js';
import type { Cpc } from '../client/hmc-schemas.js';
import { toHmcComputeError, type Doing } from '../hmc-dpm.errors.js';
import { hostStatus } from '../mapping/cpc-status.js';
import { cpcMode, lookAtCpcs, unknownCpc } from './cpc.js';
import { listInstances } from './find-instance.js';
import type { CpcPlace, HmcPlace } from './hmc-place.js';

const passed = (name: string, detail: string): HostCheck => ({ name, ok: true, detail, remedy: null });
const failed = (name: string, detail: string, remedy: string): HostCheck => ({ name, ok: false, detail, remedy });

/**
 * Tries what a host needs, from the address to the partitions, and stops at the first thing that is not there: address,
 * certificate, api, logon, cpc, mode, status, partitions.
 */
export async function testHost(ctx: CallContext, place: CpcPlace): Promise<HostCheck[]> {
  const checks: HostCheck[] = [];
  try {
    for await (const check of probe(ctx, place)) checks.push(check);
  } catch (error) {
    const failure = error instanceof CheckFailed ? error : undefined;
    if (failure === undefined) throw error;
    checks.push(...failure.checks);
  }
  return checks;
}

/** Ends the test. */
class CheckFailed extends Error {
  constructor(readonly checks: readonly HostCheck[]) {
    super('a check failed');
  }
}

async function* probe(ctx: CallContext, place: CpcPlace): AsyncGenerator<HostCheck> {
  const client = place.client(ctx);
  const { signal } = ctx;
  const version = await attempt(place, 'asking for the API version', 'other', () => client.version(signal), wireChecks);
  yield passed('address', `HMC ${place.hmc} answers`);
  yield passed('certificate', 'the TLS certificate is accepted as configured');
  yield passed(
    'api',
    `HMC ${version['hmc-version']}, Web Services API ${version['api-major-version']}.${version['api-minor-version']}`,
  );

  const cpcs = await attempt(
    place,
    'logging on',
    'cpc',
    () => lookAtCpcs(ctx, place),
    (failure) => {
      const isRefused = failure.code === 'BACKEND_AUTH_FAILED';
      return [failed('logon', failure.message, isRefused ? LOGON_REMEDY : 'do what the message says, then repeat')];
    },
  );
  yield passed('logon', 'the HMC user is logged on');
  yield* cpcChecks(place, cpcs);

  const partitions = await attempt(
    place,
    'listing partitions',
    'cpc',
    () => listInstances(ctx, place),
    (failure) => [failed('partitions', failure.message, PARTITIONS_REMEDY)],
  );
  yield partitions.length > 0
    ? passed('partitions', `the HMC user sees ${partitions.length} partitions`)
    : failed('partitions', `the HMC user sees no partition of CPC ${place.cpc}`, PARTITIONS_REMEDY);
}

const LOGON_REMEDY =
  'correct userid and password, or on the HMC: enable the user, renew its password, allow it the Web Services API; then run `zenova host retry`';
const CPC_REMEDY = 'correct `cpc` in the configuration, or grant the HMC user object access permission to the CPC';
const PARTITIONS_REMEDY =
  'grant the HMC user object access permission to the partitions, and the tasks Start Partition, Stop Partition and Partition Details';

function* cpcChecks(place: CpcPlace, cpcs: readonly Cpc[]): Generator<HostCheck> {
  const cpc = cpcs.find(({ name }) => name === place.cpc);
  if (cpc === undefined) throw new CheckFailed([failed('cpc', unknownCpc(place, cpcs).message, CPC_REMEDY)]);
  yield passed('cpc', `CPC ${cpc.name}, SE ${cpc['se-version'] ?? 'of unknown version'}`);
  yield passed(
    'mode',
    cpcMode(cpc) === 'dpm'
      ? 'the CPC is in DPM mode'
      : 'the CPC is in classic mode: LPARs can be listed, and switched on and off, and nothing else',
  );
  const status = hostStatus(cpc.status);
  yield status === 'up' || status === 'degraded'
    ? passed('status', `the CPC is ${cpc.status}`)
    : failed('status', `the CPC is ${cpc.status}`, 'bring the CPC to active on the HMC');
}

async function attempt<T>(
  place: HmcPlace,
  what: string,
  subject: Doing['subject'],
  work: () => Promise<T>,
  explain: (failure: ComputeError) => HostCheck[],
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const failure = toHmcComputeError(error, { what, hmc: place.hmc, subject });
    if (!(failure instanceof ComputeError) || failure === error) throw error;
    throw new CheckFailed(explain(failure));
  }
}

/** The first request fails at the address, the certificate, or the API behind both. */
function wireChecks(failure: ComputeError): HostCheck[] {
  const { code, message } = failure;
  switch (code) {
    case 'BACKEND_UNREACHABLE':
      return [failed('address', message, 'correct `endpoint`, or open the way to it (port 6794)')];
    case 'TLS_UNTRUSTED':
      return [
        passed('address', 'something answers there'),
        failed('certificate', message, 'set tls.ca_file, tls.ca or tls.fingerprint_sha256 to what belongs to this HMC'),
      ];
    default:
      return [
        passed('address', 'something answers there'),
        passed('certificate', 'the TLS certificate is accepted as configured'),
        failed(
          'api',
          message,
          'enable the Web Services API on the HMC ("Customize API Settings"), or correct `endpoint`',
        ),
      ];
  }
}
