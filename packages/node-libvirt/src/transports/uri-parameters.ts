import { TransportError } from '../errors/transport-error.js';

/** Where daemons that root runs listen. */
export const SYSTEM_DIRECTORY = '/run/libvirt';

/** Which daemon's socket is wanted, out of those in a directory. */
export interface DaemonSocketOptions {
  /** As `/run/libvirt`. */
  readonly directory: string;
  /** As `qemu`. */
  readonly driver: string;
  readonly isReadOnly: boolean;
  /** What a URI says: `auto`, `legacy` or `direct`; the first when left out. */
  readonly mode: string | undefined;
}

/**
 * Where a daemon may listen. Modular daemons have a socket for each driver, and mostly one for all in libvirtd's place, which
 * knows the networks and storage of the others.
 *
 * @throws TransportError `settings`
 */
export function daemonSockets({
  directory,
  driver,
  isReadOnly,
  mode = 'auto',
}: DaemonSocketOptions): [string, ...string[]] {
  const suffix = isReadOnly ? '-ro' : '';
  const common = `${directory}/libvirt-sock${suffix}`;
  const direct = `${directory}/virt${driver}d-sock${suffix}`;
  switch (mode) {
    case 'auto':
      return driver === 'remote' ? [common] : [common, direct];
    case 'legacy':
      return [common];
    case 'direct':
      return [direct];
    default:
      throw refusedParameter('mode', `"${mode}" is not one of auto, legacy, direct`);
  }
}

/** A parameter that is there in its one way: `1` and not `0`. */
export function isSet(parameters: ReadonlyMap<string, string>, name: string): boolean {
  const value = parameters.get(name);
  return value !== undefined && value !== '0' && value !== '';
}

export function refusedParameter(name: string, reason: string): TransportError {
  return new TransportError('settings', `the parameter ${name} of the libvirt URI: ${reason}`);
}
