import type { Call } from '../layouts/call.js';
import {
  connectDomainEventCallbackDeregisterAny,
  connectDomainEventCallbackRegisterAny,
  connectGetHostname,
  connectGetLibVersion,
  connectGetType,
  connectGetVersion,
  connectListAllDomains,
} from '../layouts/connect-calls.js';
import {
  domainBlockJobAbort,
  domainDestroy,
  domainDestroyFlags,
  domainGetState,
  domainIsActive,
  domainIsPersistent,
  domainLookupById,
  domainLookupByName,
  domainLookupByUuid,
} from '../layouts/domain-calls.js';
import { domainAbortJob } from '../layouts/domain-job-calls.js';

/**
 * `quick`: no guest can hold it up, because the daemon answers from what it knows. `ending`: it ends what hangs, and must not wait
 * behind it. `slow`: all others.
 */
export type CallKind = 'quick' | 'ending' | 'slow';

type AnyCall = Call<never, unknown>;

const quick: ReadonlySet<AnyCall> = new Set<AnyCall>([
  connectDomainEventCallbackDeregisterAny,
  connectDomainEventCallbackRegisterAny,
  connectGetHostname,
  connectGetLibVersion,
  connectGetType,
  connectGetVersion,
  connectListAllDomains,
  domainGetState,
  domainIsActive,
  domainIsPersistent,
  domainLookupById,
  domainLookupByName,
  domainLookupByUuid,
]);

const ending: ReadonlySet<AnyCall> = new Set<AnyCall>([
  domainAbortJob,
  domainBlockJobAbort,
  domainDestroy,
  domainDestroyFlags,
]);

export function kindOf(call: AnyCall): CallKind {
  if (quick.has(call)) return 'quick';
  return ending.has(call) ? 'ending' : 'slow';
}
