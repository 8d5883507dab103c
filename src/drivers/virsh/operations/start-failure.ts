import { ComputeError } from '../../../common/errors/index.js';
import { Errno, failureOf } from '../client/libvirt-failure.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import type { Description } from './wanted-domain.js';

/** What libvirt cannot say before a domain starts: that a file which the description names is not there. */
export function startFailure({ volumes = [] }: Description, error: unknown): unknown {
  const failure = failureOf(error);
  if (failure?.errno !== Errno.ENOENT) return error;
  const at = volumes.findIndex(({ connection }) => 'path' in connection && failure.text.includes(connection.path));
  const volume = volumes[at];
  if (volume === undefined) return error;
  return new ComputeError('RESOURCE_NOT_FOUND', `volumes.${at}: the host does not reach it (${failure.text})`, {
    driver: DRIVER_NAME,
    details: { path: `volumes.${at}`, volume: volume.id },
    cause: error,
  });
}
