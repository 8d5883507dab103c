import { ComputeError } from '../../common/errors/index.js';

/** Refuses a change on a host that is in maintenance. */
export function inMaintenance(host: string): ComputeError {
  return new ComputeError(
    'STATE_CONFLICT',
    `host ${host} is in maintenance and takes no changes; host.set_maintenance with enabled false ends it`,
    { outcome: 'not-started', retry: 'safe', details: { reason: 'maintenance', host } },
  );
}
