import type { ErrorCode, JsonValue, WireError } from '../../common/errors/index.js';
import type { OsloSubject } from './oslo-envelope.js';

/** A Python exception that callers know. */
interface PythonClass {
  readonly module: 'builtins' | 'nova.exception';
  readonly name: string;
  /** The keyword arguments that Nova itself gives it, as far as we know them. */
  readonly kwargs?: (subject: OsloSubject, error: WireError) => Record<string, JsonValue>;
}

const NOT_IMPLEMENTED: PythonClass = { module: 'builtins', name: 'NotImplementedError' };
const DRIVER_NOT_READY: PythonClass = { module: 'nova.exception', name: 'VirtDriverNotReady' };
const HYPERVISOR_UNAVAILABLE: PythonClass = {
  module: 'nova.exception',
  name: 'HypervisorUnavailable',
  kwargs: ({ host }) => ({ host }),
};
const SERVICE_UNAVAILABLE: PythonClass = { module: 'nova.exception', name: 'ServiceUnavailable' };
const COMPUTE_SERVICE_UNAVAILABLE: PythonClass = {
  module: 'nova.exception',
  name: 'ComputeServiceUnavailable',
  kwargs: ({ host }) => ({ host }),
};
const INTERNAL: PythonClass = {
  module: 'nova.exception',
  name: 'InternalError',
  kwargs: (_, { message }) => ({ err: message }),
};

/** Each code as the exception that Nova raises in that case, or Python itself; docs/openstack.md has the same table. */
export const FAILURES = {
  REQUEST_INVALID: { module: 'builtins', name: 'ValueError' },
  INSTANCE_NOT_FOUND: {
    module: 'nova.exception',
    name: 'InstanceNotFound',
    kwargs: ({ instance }, { target }) => ({ instance_id: instance ?? target }),
  },
  RESOURCE_NOT_FOUND: { module: 'nova.exception', name: 'NotFound' },
  AMBIGUOUS: { module: 'nova.exception', name: 'Invalid' },
  STATE_CONFLICT: {
    module: 'nova.exception',
    name: 'InstanceInvalidState',
    kwargs: ({ instance, method }) => ({ instance_uuid: instance, method }),
  },
  ALREADY_EXISTS: { module: 'nova.exception', name: 'InstanceExists', kwargs: ({ instance }) => ({ name: instance }) },
  CAPACITY_EXHAUSTED: {
    module: 'nova.exception',
    name: 'ComputeResourcesUnavailable',
    kwargs: (_, { message }) => ({ reason: message }),
  },
  FORBIDDEN: { module: 'nova.exception', name: 'Forbidden' },

  FEATURE_UNSUPPORTED: NOT_IMPLEMENTED,
  FEATURE_LIMITED: NOT_IMPLEMENTED,
  BACKEND_VERSION_UNSUPPORTED: { module: 'nova.exception', name: 'HypervisorTooOld' },

  BACKEND_AUTH_FAILED: DRIVER_NOT_READY,
  BACKEND_FORBIDDEN: DRIVER_NOT_READY,
  TLS_UNTRUSTED: DRIVER_NOT_READY,
  HOST_KEY_MISMATCH: DRIVER_NOT_READY,

  BACKEND_UNREACHABLE: HYPERVISOR_UNAVAILABLE,
  BACKEND_BUSY: SERVICE_UNAVAILABLE,
  BACKEND_REJECTED: INTERNAL,
  BACKEND_PROTOCOL: INTERNAL,
  BACKEND_TIMEOUT: HYPERVISOR_UNAVAILABLE,

  OPERATION_FAILED: INTERNAL,
  OPERATION_PARTIAL: INTERNAL,
  OUTCOME_UNKNOWN: INTERNAL,
  OPERATION_CANCELLED: {
    module: 'nova.exception',
    name: 'UnexpectedTaskStateError',
    kwargs: ({ instance }) => ({ instance_uuid: instance }),
  },
  DEADLINE_EXCEEDED: SERVICE_UNAVAILABLE,
  DUPLICATE_OPERATION: {
    module: 'nova.exception',
    name: 'TaskAlreadyRunning',
    kwargs: ({ method, host }) => ({ task_name: method, host }),
  },

  CONFIG_INVALID: { module: 'nova.exception', name: 'InvalidConfiguration' },
  JOURNAL_UNAVAILABLE: COMPUTE_SERVICE_UNAVAILABLE,
  SHUTTING_DOWN: COMPUTE_SERVICE_UNAVAILABLE,
  INTERNAL,
} as const satisfies Record<ErrorCode, PythonClass>;

const DISPATCHER = 'oslo_messaging.rpc.dispatcher';

/** What oslo's own dispatcher refuses, in its words. The caller's own, so they may be repeated to it. */
function refusalOf(
  { code, details }: WireError,
  { method }: OsloSubject,
): { name: string; message: string } | undefined {
  if (code !== 'REQUEST_INVALID') return undefined;
  switch (details['reason']) {
    case 'unknown_method':
      return { name: 'NoSuchMethod', message: `Endpoint does not support RPC method ${method}` };
    case 'unsupported_version': {
      const version = typeof details['version'] === 'string' ? details['version'] : 'unknown';
      const message = `Endpoint does not support RPC version ${version}. Attempted method: ${method}`;
      return { name: 'UnsupportedVersion', message };
    }
    default:
      return undefined;
  }
}

/**
 * The `failure` of a reply. The whole error comes along: in `kwargs.zenova` of Nova's exceptions, and as the one line of
 * `tb`. That becomes the last line of the exception's text, and the `traceback` of the RemoteError that a caller gets when
 * it does not allow the class's module. Builtin classes take no keyword arguments: with any, it would be a RemoteError too.
 */
export function failureOf(error: WireError, subject: OsloSubject): string {
  const tb = [JSON.stringify(error)];
  const refusal = refusalOf(error, subject);
  if (refusal !== undefined) {
    const { name, message } = refusal;
    return JSON.stringify({ class: name, module: DISPATCHER, message, tb, args: [message], kwargs: {} });
  }
  const { module, name, kwargs }: PythonClass = FAILURES[error.code];
  const { message } = error;
  return JSON.stringify({
    class: name,
    module,
    message,
    tb,
    args: [message],
    kwargs: module === 'builtins' ? {} : { ...kwargs?.(subject, error), zenova: error },
  });
}
