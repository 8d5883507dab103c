import type { HostInfo } from '../../../compute/contract/index.js';

/** A CPC's status in neutral words (hmc-dpm.md section 6). */
export function hostStatus(status: string): HostInfo['status'] {
  switch (status) {
    case 'active':
    case 'operating':
      return 'up';
    case 'degraded':
    case 'service-required':
    case 'exceptions':
      return 'degraded';
    case 'service':
    case 'not-operating':
    case 'no-power':
      return 'down';
    default:
      return 'unknown';
  }
}
