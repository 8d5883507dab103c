import { ComputeError, type ErrorCode } from '../../../common/errors/index.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';

/** What is wrong with a field of a description. */
export function invalid(path: string, text: string): ComputeError {
  return refusal('REQUEST_INVALID', path, text);
}

/** What this driver cannot do, although it is asked for properly. */
export function limited(path: string, text: string): ComputeError {
  return refusal('FEATURE_LIMITED', path, text);
}

/** Where an option of this driver stands in a description. */
export function optionPath(name: string): string {
  return `driver_options.${DRIVER_NAME}.${name}`;
}

function refusal(code: ErrorCode, path: string, text: string): ComputeError {
  return new ComputeError(code, `${path}: ${text}`, { driver: DRIVER_NAME, details: { path } });
}
