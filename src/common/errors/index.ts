export { ERROR_CODE_NAMES, type Effect, type ErrorCode, type ErrorLogLevel, type Retry } from './codes.js';
export {
  ComputeError,
  JsonValueSchema,
  WireErrorSchema,
  type ComputeErrorOptions,
  type JsonValue,
  type NativeError,
  type WireError,
} from './compute-error.js';
export { describeIssues, errorCodeOf, messageOf, toComputeError } from './normalise.js';
