import { ComputeError, type Effect, type ErrorCode, type NativeError, type Retry } from '../../common/errors/index.js';
import { HmcError } from './client/hmc-error.js';

/** Name of the driver, as in the configuration, in errors and in target keys. */
export const DRIVER_NAME = 'hmc-dpm';

/** What was being done when it failed. */
export interface Doing {
  /** "starting partition ubuntu01". */
  readonly what: string;
  /** `host:port` of the HMC. */
  readonly hmc: string;
  /** What a 404 is about. */
  readonly subject: 'partition' | 'cpc' | 'other';
  /** Tasks of the HMC that it needs the permission for, when they are not those of power. */
  readonly tasks?: readonly string[] | undefined;
}

const POWER_TASKS = ['Start Partition', 'Stop Partition', 'Partition Details'];

interface Meaning {
  readonly code: ErrorCode;
  /** What it means, and what to do about it. */
  readonly advice: string;
  readonly retry?: Retry;
}

const STATE: Meaning = {
  code: 'STATE_CONFLICT',
  advice: 'the object is in the wrong state for this; look at its state and repeat what is still wanted',
  retry: 'safe',
};
const BUSY: Meaning = {
  code: 'BACKEND_BUSY',
  advice: 'another task works on it at the HMC; repeat it when that has ended',
};
const DEFECT: Meaning = {
  code: 'BACKEND_REJECTED',
  advice: 'the HMC did not understand the request; its version may be too old or too new for this driver',
};
const CLASSIC: Meaning = {
  code: 'FEATURE_UNSUPPORTED',
  advice: 'the CPC is not in DPM mode, and this belongs to DPM mode (classic mode has LPARs with activation profiles)',
};
const STORAGE: Meaning = {
  code: 'STATE_CONFLICT',
  advice: 'look at the storage configuration of the partition on the HMC',
};
const GROUP: Meaning = { code: 'STATE_CONFLICT', advice: 'look at the capacity group or partition link on the HMC' };
function permission(tasks: readonly string[]): Meaning {
  return {
    code: 'BACKEND_FORBIDDEN',
    advice: `the HMC user lacks a permission: it needs object access to the CPC and the partition, and the ${tasks.length === 1 ? 'task' : 'tasks'} ${tasks.join(', ')}`,
  };
}
const SESSION: Meaning = {
  code: 'BACKEND_REJECTED',
  advice:
    'the HMC did not accept a session that it had just given; it may be restarting, or sessions of this user are being ended',
  retry: 'safe',
};
const LOGON: Meaning = {
  code: 'BACKEND_AUTH_FAILED',
  advice:
    'the user or the password is wrong, the password has expired, the user may not use the Web Services API, or has too many sessions. No more logons are tried, since the HMC disables users after a few; mend it and run `zenova host retry`, or change the password in the configuration',
};
const HIDDEN =
  'the HMC answers so too when the user lacks object access permission: grant the HMC user object access to it';
const NOT_FOUND: Meaning = { code: 'RESOURCE_NOT_FOUND', advice: 'an object named in the request does not exist' };

/** Every status and reason that is known (hmc-dpm.md section 4). A bare status stands for its other reasons. */
export const NATIVE_MEANINGS: Readonly<Record<string, Meaning>> = {
  '400': DEFECT,
  '400,18': { code: 'FEATURE_UNSUPPORTED', advice: 'this kind of adapter does not have the operation' },
  '401': LOGON,
  '403': LOGON,
  '403,1': permission(POWER_TASKS),
  '403,4': SESSION,
  '403,5': SESSION,
  '404': { code: 'RESOURCE_NOT_FOUND', advice: `there is nothing at this address, or it is hidden: ${HIDDEN}` },
  '404,2': NOT_FOUND,
  '404,4': { code: 'FEATURE_UNSUPPORTED', advice: 'the object does not have this operation' },
  '404,6': NOT_FOUND,
  '409': STATE,
  '409,1': STATE,
  '409,2': BUSY,
  '409,4': { code: 'FEATURE_UNSUPPORTED', advice: 'the CPC is in DPM mode, and this belongs to classic mode' },
  '409,5': CLASSIC,
  '409,6': {
    code: 'STATE_CONFLICT',
    advice: 'the CPC is in the wrong state; bring it to active on the HMC',
    retry: 'safe',
  },
  '409,15': STATE,
  '409,40': { code: 'STATE_CONFLICT', advice: 'the job has not ended' },
  '409,41': { code: 'STATE_CONFLICT', advice: 'the job has ended' },
  '409,42': { code: 'STATE_CONFLICT', advice: 'the job is being cancelled already' },
  '409,100': GROUP,
  '409,110': GROUP,
  '409,120': GROUP,
  '409,130': GROUP,
  '409,140': GROUP,
  '409,170': GROUP,
  '409,272': {
    code: 'BACKEND_REJECTED',
    advice: 'the support element cannot read the timing data of the CPC (STP); have it looked at',
    retry: 'safe',
  },
  '409,332': {
    code: 'STATE_CONFLICT',
    advice:
      'the partition has no interface for operating system messages now: it does not run, or its operating system has opened none (Linux: boot with console=ttyS0)',
    retry: 'safe',
  },
  '409,479': STORAGE,
  '409,483': { code: 'ALREADY_EXISTS', advice: 'the port is in the candidate list already' },
  '409,487': STORAGE,
  '409,501': STORAGE,
  '500': { code: 'BACKEND_REJECTED', advice: 'the HMC failed in itself; quote its text to IBM when it goes on' },
  '500,263': {
    code: 'BACKEND_REJECTED',
    advice: 'the support element refused: wrong state, or an operator has reserved control of the partition',
  },
  '503': {
    code: 'BACKEND_BUSY',
    advice: 'the HMC is starting, or has lost its support element; repeat it in a few minutes',
  },
};

const WEB_SERVICES_OFF =
  'the Web Services API is switched off: enable it on the HMC in "Customize API Settings", and for this user';

/** The one place where an error of the HMC becomes ours. What is ours already passes through. */
export function toHmcComputeError(error: unknown, doing: Doing): unknown {
  if (!(error instanceof HmcError)) return error;
  const { code, advice, retry } = meaningOf(error, doing);
  const where = `${doing.what} (HMC ${doing.hmc})`;
  return new ComputeError(code, `${where}: ${said(error)}: ${advice}`, {
    driver: DRIVER_NAME,
    native: nativeOf(error),
    ...effects(error, code, retry),
    cause: error,
  });
}

/** What the HMC said, for callers: status, "409,1", its text. */
export function nativeOf(error: HmcError): NativeError {
  const code = error.nativeCode ?? error.failure?.code;
  return {
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(code === undefined ? {} : { code }),
    text: error.message,
  };
}

function said(error: HmcError): string {
  switch (error.kind) {
    case 'refused':
      return `the HMC answered ${error.nativeCode} "${error.message}"`;
    case 'html':
      return `the HMC sent a web page instead of an answer ("${error.message.slice(0, 120)}")`;
    case 'held-back':
      return `no logon is tried, because this user was refused before with the same password (${error.message})`;
    case 'unreadable':
    case 'wire':
    case 'closed':
    case 'too-old':
      return error.message;
  }
}

function meaningOf(error: HmcError, doing: Doing): Meaning {
  switch (error.kind) {
    case 'refused':
      return refusalMeaning(error, doing);
    case 'html':
      return {
        code: 'BACKEND_PROTOCOL',
        advice: /web services are not enabled/i.test(error.message)
          ? WEB_SERVICES_OFF
          : `the console is broken or starting, the address is not that of an HMC, or ${WEB_SERVICES_OFF}`,
      };
    case 'unreadable':
      return {
        code: 'BACKEND_PROTOCOL',
        advice: 'repeat it; if it goes on, the HMC or something in between is broken',
      };
    case 'wire':
      return wireMeaning(error);
    case 'held-back':
      return LOGON;
    case 'closed':
      return { code: 'SHUTTING_DOWN', advice: 'repeat it when the service is up again' };
    case 'too-old':
      return { code: 'BACKEND_VERSION_UNSUPPORTED', advice: 'version 2.14.0 or newer is needed (z14, LinuxONE II)' };
  }
}

function refusalMeaning(error: HmcError, { subject, tasks }: Doing): Meaning {
  const { status = 0, nativeCode = '' } = error;
  if (tasks !== undefined && error.is(403, 1)) return permission(tasks);
  if (error.isLogon && (status === 403 || status === 401)) return LOGON;
  if (status === 404 && !error.is(404, 2, 4, 6) && subject !== 'other') {
    const code = subject === 'partition' ? 'INSTANCE_NOT_FOUND' : 'RESOURCE_NOT_FOUND';
    return { code, advice: `it does not exist (any more), or it is hidden: ${HIDDEN}` };
  }
  const known = NATIVE_MEANINGS[nativeCode] ?? NATIVE_MEANINGS[String(status)];
  if (known !== undefined) return known;
  if (status >= 500) return { code: 'BACKEND_REJECTED', advice: 'the HMC, or something in between, failed' };
  return { code: 'BACKEND_PROTOCOL', advice: 'this is no answer of an HMC; check the address' };
}

function wireMeaning({ failure }: HmcError): Meaning {
  switch (failure?.kind) {
    case 'untrusted':
      return {
        code: 'TLS_UNTRUSTED',
        advice:
          'nothing was sent. Check that it is the right HMC, then give its CA with tls.ca_file, or pin its certificate with tls.fingerprint_sha256 (hmcz: add its CA to those of the system, or set power_verify_ssl to n)',
      };
    case 'timeout':
      return failure.sent === 'no'
        ? { code: 'BACKEND_UNREACHABLE', advice: 'too many requests are under way to this HMC; repeat it' }
        : { code: 'BACKEND_TIMEOUT', advice: 'the HMC is overloaded or hangs; repeat it, or raise request_timeout_ms' };
    case 'too-large':
      return { code: 'BACKEND_PROTOCOL', advice: 'this is no answer of an HMC; check the address' };
    case 'reset':
      return { code: 'BACKEND_UNREACHABLE', advice: 'the connection broke; the HMC may be restarting' };
    case 'closed':
      return { code: 'SHUTTING_DOWN', advice: 'repeat it when the service is up again' };
    case 'unreachable':
    case undefined:
      return {
        code: 'BACKEND_UNREACHABLE',
        advice: 'check the address, that the HMC is up, and that the firewall lets port 6794 through',
      };
  }
}

/** A request that only reads can always be sent again; what may have changed something cannot. */
function effects(error: HmcError, code: ErrorCode, retry: Retry | undefined): { retry?: Retry; outcome?: Effect } {
  if (error.mayHaveRun) return { retry: 'after-reconcile', outcome: 'unknown' };
  if (retry !== undefined) return { retry };
  const isUnclear = code === 'BACKEND_PROTOCOL' || code === 'BACKEND_TIMEOUT' || (error.status ?? 0) >= 500;
  return isUnclear ? { retry: 'safe', outcome: 'not-applied' } : {};
}
