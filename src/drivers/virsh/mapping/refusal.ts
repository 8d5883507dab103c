import { ComputeError, type ErrorCode } from '../../../common/errors/index.js';

export const DRIVER_NAME = 'virsh';

/** A request that contradicts itself, or what libvirt could never take. */
export function invalid(path: string, text: string): ComputeError {
  return refusal('REQUEST_INVALID', path, text);
}

/** What this driver, or the host as it is, cannot do. */
export function limited(path: string, text: string): ComputeError {
  return refusal('FEATURE_LIMITED', path, text);
}

/** Where an option of ours stands in a description. */
export function optionPath(name: string): string {
  return `driver_options.${DRIVER_NAME}.${name}`;
}

function refusal(code: ErrorCode, path: string, text: string): ComputeError {
  return new ComputeError(code, `${path}: ${text}`, { driver: DRIVER_NAME, details: { path } });
}
