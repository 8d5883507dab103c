import { ComputeError, type Effect, type ErrorCode, type NativeError, type Retry } from '../../common/errors/index.js';
import type { NativeCode, WayFailure } from './client/failure-kinds.js';
import { Errno, failureOf, type LibvirtFailure } from './client/libvirt-failure.js';
import { DRIVER_NAME } from './mapping/refusal.js';

/** What was being done when it failed. */
export interface Doing {
  /** "starting domain ubuntu01". */
  readonly what: string;
  /** Label of the link. */
  readonly libvirt: string;
  /** Was it something that changes the device? Then it may have been carried out although there is no good answer. */
  readonly changes: boolean;
}

interface Meaning {
  readonly code: ErrorCode;
  /** What it means, and what to do about it. */
  readonly advice: string;
  readonly retry?: Retry;
}

const NOT_FOUND: Meaning = { code: 'RESOURCE_NOT_FOUND', advice: 'an object named in the request does not exist' };
const EXISTS: Meaning = { code: 'ALREADY_EXISTS', advice: 'there is one of this name or UUID already; choose another' };
const BUSY: Meaning = {
  code: 'BACKEND_BUSY',
  advice: 'another task works on it, or its hypervisor process hangs; repeat it when that has ended',
};
const DEFECT: Meaning = {
  code: 'BACKEND_REJECTED',
  advice: 'libvirt did not take the request; its version may be too old or too new for this driver',
};
const FAILED: Meaning = {
  code: 'BACKEND_REJECTED',
  advice: 'the log of libvirt on the host, and /var/log/libvirt/qemu, have more',
};
const UNSUPPORTED: Meaning = {
  code: 'FEATURE_UNSUPPORTED',
  advice: 'this hypervisor, or its version, does not have the operation',
};
const LIMITED: Meaning = {
  code: 'FEATURE_LIMITED',
  advice: 'this hypervisor cannot have it in this form; choose another, or a newer version of libvirt and QEMU',
};
const AGENT: Meaning = {
  code: 'STATE_CONFLICT',
  advice: 'the agent in the guest does not answer: qemu-guest-agent must be installed and run there',
  retry: 'safe',
};
const LOGON: Meaning = {
  code: 'BACKEND_AUTH_FAILED',
  advice:
    'the user, the key, the certificate or the password is not accepted. No more logons are tried, since servers lock users out; mend it and run `zenova host retry`, or change the credential',
};
const POLKIT: Meaning = {
  code: 'BACKEND_AUTH_FAILED',
  advice: 'the user is not let in by polkit on the host: let it be a member of the group libvirt, or root',
};
const FORBIDDEN: Meaning = { code: 'BACKEND_FORBIDDEN', advice: 'the user may not do this: see polkit on the host' };
const OTHER_HOST: Meaning = {
  code: 'BACKEND_UNREACHABLE',
  advice: 'the host itself could not reach another one; check its keys and certificates for that, and its firewall',
};
const PARTLY: Meaning = {
  code: 'OPERATION_PARTIAL',
  advice: 'the guest has moved, and not all that belongs to that is done; look at both hosts',
};
const SEVERAL: Meaning = { code: 'AMBIGUOUS', advice: 'there are several; name it by its UUID' };

/** Every code of libvirt that means something else than that it failed. */
export const NATIVE_MEANINGS: Partial<Readonly<Record<NativeCode, Meaning>>> = {
  VIR_ERR_NO_MEMORY: { code: 'CAPACITY_EXHAUSTED', advice: 'the host has not enough memory' },
  VIR_ERR_NO_SUPPORT: UNSUPPORTED,
  VIR_ERR_UNKNOWN_HOST: OTHER_HOST,
  VIR_ERR_NO_CONNECT: {
    code: 'BACKEND_REJECTED',
    advice: 'the daemon has no driver for this URI: check the URI, and that the driver (QEMU, say) is installed there',
  },
  VIR_ERR_INVALID_CONN: { code: 'BACKEND_UNREACHABLE', advice: 'the daemon may be restarting; repeat it' },
  VIR_ERR_INVALID_ARG: DEFECT,
  VIR_ERR_XML_ERROR: DEFECT,
  VIR_ERR_XML_DETAIL: DEFECT,
  VIR_ERR_XML_INVALID_SCHEMA: DEFECT,
  VIR_ERR_OVERFLOW: DEFECT,
  VIR_ERR_DOM_EXIST: EXISTS,
  VIR_ERR_NETWORK_EXIST: EXISTS,
  VIR_ERR_STORAGE_VOL_EXIST: EXISTS,
  VIR_ERR_STORAGE_POOL_BUILT: EXISTS,
  VIR_ERR_NETWORK_PORT_EXIST: EXISTS,
  VIR_ERR_OPERATION_DENIED: FORBIDDEN,
  VIR_ERR_ACCESS_DENIED: FORBIDDEN,
  VIR_ERR_RPC: { code: 'BACKEND_PROTOCOL', advice: 'repeat it; if it goes on, the daemon does not suit this driver' },
  VIR_ERR_NO_DOMAIN: { code: 'INSTANCE_NOT_FOUND', advice: 'the domain does not exist (any more)' },
  VIR_ERR_NO_NETWORK: NOT_FOUND,
  VIR_ERR_NO_STORAGE_POOL: NOT_FOUND,
  VIR_ERR_NO_STORAGE_VOL: NOT_FOUND,
  VIR_ERR_NO_NODE_DEVICE: NOT_FOUND,
  VIR_ERR_NO_INTERFACE: NOT_FOUND,
  VIR_ERR_NO_NWFILTER: NOT_FOUND,
  VIR_ERR_NO_SECRET: NOT_FOUND,
  VIR_ERR_NO_DOMAIN_SNAPSHOT: NOT_FOUND,
  VIR_ERR_NO_DOMAIN_METADATA: NOT_FOUND,
  VIR_ERR_NO_DOMAIN_CHECKPOINT: NOT_FOUND,
  VIR_ERR_NO_NETWORK_PORT: NOT_FOUND,
  VIR_ERR_NO_NWFILTER_BINDING: NOT_FOUND,
  VIR_ERR_DEVICE_MISSING: NOT_FOUND,
  VIR_ERR_MULTIPLE_INTERFACES: SEVERAL,
  VIR_ERR_MULTIPLE_DOMAINS: SEVERAL,
  VIR_ERR_AUTH_FAILED: POLKIT,
  VIR_ERR_AUTH_CANCELLED: POLKIT,
  VIR_ERR_AUTH_UNAVAILABLE: POLKIT,
  VIR_ERR_OPERATION_INVALID: {
    code: 'STATE_CONFLICT',
    advice:
      'the domain, or what else it is about, is in the wrong state for this; look at it and repeat what is still wanted',
    retry: 'safe',
  },
  VIR_ERR_CONFIG_UNSUPPORTED: LIMITED,
  VIR_ERR_ARGUMENT_UNSUPPORTED: LIMITED,
  VIR_ERR_OPERATION_UNSUPPORTED: UNSUPPORTED,
  VIR_ERR_OPERATION_TIMEOUT: BUSY,
  VIR_ERR_RESOURCE_BUSY: BUSY,
  VIR_ERR_BLOCK_COPY_ACTIVE: BUSY,
  VIR_ERR_OPERATION_ABORTED: { code: 'OPERATION_FAILED', advice: 'somebody ended it on the host' },
  VIR_ERR_MIGRATE_PERSIST_FAILED: PARTLY,
  VIR_ERR_MIGRATE_FINISH_OK: PARTLY,
  VIR_ERR_MIGRATE_UNSAFE: {
    code: 'STATE_CONFLICT',
    advice:
      'its disks are not on storage that both hosts share, or are cached by the host: have them copied, or use cache none',
  },
  VIR_ERR_CPU_INCOMPATIBLE: {
    code: 'FEATURE_LIMITED',
    advice: 'the processor of the host does not have what the guest uses; give guests a model that all hosts have',
  },
  VIR_ERR_SNAPSHOT_REVERT_RISKY: {
    code: 'STATE_CONFLICT',
    advice: 'the snapshot does not tell enough of the domain to return to it safely',
  },
  VIR_ERR_HOOK_SCRIPT_FAILED: { code: 'BACKEND_REJECTED', advice: 'a hook script on the host refused it' },
  VIR_ERR_AGENT_UNRESPONSIVE: AGENT,
  VIR_ERR_AGENT_UNSYNCED: AGENT,
  VIR_ERR_GNUTLS_ERROR: OTHER_HOST,
  VIR_ERR_SSH: OTHER_HOST,
  VIR_ERR_LIBSSH: OTHER_HOST,
};

const RESTARTING: Meaning = {
  code: 'BACKEND_UNREACHABLE',
  advice: 'the connection broke; the daemon may be restarting',
};
export const GUEST_ENDED: Meaning = {
  code: 'STATE_CONFLICT',
  advice:
    'the hypervisor of the guest has ended meanwhile; see why (/var/log/libvirt/qemu on the host), and repeat what is still wanted',
};
const CLOSING: Meaning = { code: 'SHUTTING_DOWN', advice: 'repeat it when the service is up again' };

const WAY_MEANINGS: Readonly<Record<Exclude<WayFailure, 'no-answer'>, Meaning>> = {
  settings: { code: 'CONFIG_INVALID', advice: 'nothing was sent; mend the settings, or the file that they name' },
  unreachable: {
    code: 'BACKEND_UNREACHABLE',
    advice:
      'check the URI, that the host is up, that its libvirt daemon runs and this user may use it, and the firewall',
  },
  timeout: { code: 'BACKEND_UNREACHABLE', advice: 'check that the host is up, and the firewall' },
  untrusted: {
    code: 'TLS_UNTRUSTED',
    advice: 'nothing was sent. Check that it is the right host, then give its authority with tls.ca_file',
  },
  'wrong-name': {
    code: 'TLS_UNTRUSTED',
    advice:
      'nothing was sent. Check that it is the right host, then name it as its certificate does, or give tls.server_name',
  },
  'host-key': {
    code: 'HOST_KEY_MISMATCH',
    advice: 'nothing was sent. Compare the fingerprint on the host itself before its key is added or pinned',
  },
  refused: LOGON,
  'held-back': LOGON,
  unavailable: {
    code: 'BACKEND_UNREACHABLE',
    advice:
      'check that the libvirt daemon runs there, and that the user may use it (root, or a member of the group libvirt)',
  },
  protocol: { code: 'BACKEND_PROTOCOL', advice: 'this is no libvirt daemon; check the URI' },
  unreadable: {
    code: 'BACKEND_PROTOCOL',
    advice: 'repeat it; if it goes on, this is no libvirt daemon, or something in between is broken',
  },
  lost: RESTARTING,
  closed: CLOSING,
};

/** The one place where an error of libvirt, or of the way to it, becomes ours. What is ours already passes through. */
export function toVirshComputeError(error: unknown, doing: Doing): unknown {
  const failure = failureOf(error);
  if (failure === undefined) return error;
  const { code, advice, retry } = meaningOf(failure);
  return new ComputeError(code, `${doing.what} (${doing.libvirt}): ${said(failure)}: ${advice}`, {
    driver: DRIVER_NAME,
    native: nativeOf(failure),
    ...effects(failure, doing, code, retry),
    cause: error,
  });
}

/** What libvirt said, for callers: its code by name, and its text. */
export function nativeOf({ native, text }: LibvirtFailure): NativeError {
  return { ...(native === undefined ? {} : { code: native }), text };
}

function said({ native, way, text }: LibvirtFailure): string {
  if (native !== undefined) return `libvirt answered ${native} "${text}"`;
  if (way === 'held-back')
    return `no logon is tried, because this user was refused before with the same credential (${text})`;
  return text;
}

function meaningOf(failure: LibvirtFailure): Meaning {
  const { native, way, errno } = failure;
  if (way === 'no-answer') {
    return failure.wasSent
      ? { code: 'BACKEND_TIMEOUT', advice: 'the guest, or the daemon, hangs; repeat it, or raise request_timeout_ms' }
      : { code: 'BACKEND_UNREACHABLE', advice: 'the daemon does not answer, or has too much to do; repeat it' };
  }
  if (way !== undefined) return WAY_MEANINGS[way];
  if (failure.isAlreadyThere) return EXISTS;
  if (native === 'VIR_ERR_RPC' && failure.isUnsupported)
    return { code: 'BACKEND_VERSION_UNSUPPORTED', advice: 'this version of libvirt is too old for it' };
  if (failure.hasGuestEnded) return GUEST_ENDED;
  if (errno !== undefined) return systemMeaning(errno, failure);
  return NATIVE_MEANINGS[native as NativeCode] ?? FAILED;
}

function systemMeaning(errno: number, { isTransient }: LibvirtFailure): Meaning {
  if (isTransient) return RESTARTING;
  if (errno === Errno.ENOSPC || errno === Errno.EDQUOT)
    return { code: 'CAPACITY_EXHAUSTED', advice: 'there is no space left on the host where it was to be written' };
  if (errno === Errno.ENOMEM) return { code: 'CAPACITY_EXHAUSTED', advice: 'the host has not enough memory' };
  if (errno === Errno.ENOENT) return { ...FAILED, advice: 'a file or a program is not there on the host' };
  return FAILED;
}

/** What only reads can always be sent again; what may have changed something cannot. */
function effects(
  { mayHaveRun, isTransient, wasSent }: LibvirtFailure,
  { changes }: Doing,
  code: ErrorCode,
  retry: Retry | undefined,
): { retry?: Retry; outcome?: Effect } {
  if (changes && mayHaveRun) return { retry: 'after-reconcile', outcome: 'unknown' };
  if (retry !== undefined) return { retry };
  const isUnclear = code === 'BACKEND_PROTOCOL' || code === 'BACKEND_TIMEOUT' || isTransient;
  return isUnclear ? { retry: 'safe', outcome: wasSent ? 'not-applied' : 'not-started' } : {};
}
