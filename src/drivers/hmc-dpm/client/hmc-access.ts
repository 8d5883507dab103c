import { createHash, createHmac } from 'node:crypto';
import type { Secret } from '../../../common/secret.js';
import type { BreakerKey } from '../../../compute/contract/index.js';
import type { TlsTrust } from '../../../connectors/http/index.js';
import type { HmcAddress } from './hmc-address.js';

/** How one HMC is reached as one user. */
export interface HmcAccess {
  readonly address: HmcAddress;
  readonly userid: string;
  readonly password: Secret;
  readonly trust: TlsTrust;
  readonly requestTimeoutMs: number;
  readonly maxConcurrentRequests: number;
}

/** Equal for accesses that may share connections: same HMC, trusted for the same reason. */
export function connectionKey({ address, trust }: HmcAccess): string {
  return createHash('sha256')
    .update(JSON.stringify([address.label, trust]))
    .digest('hex');
}

/** Equal for accesses that share one session: same connections, user and credential. */
export function sessionKey(access: HmcAccess): string {
  return createHash('sha256')
    .update(JSON.stringify([connectionKey(access), breakerKey(access)]))
    .digest('hex');
}

/** What a refused logon is remembered by. */
export function breakerKey({ address, userid, password }: HmcAccess): BreakerKey {
  const credential = createHmac('sha256', `zenova hmc ${address.label} ${userid}`)
    .update(password.reveal())
    .digest('hex')
    .slice(0, 16);
  return { endpoint: address.label, user: userid, credential };
}
