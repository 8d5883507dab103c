import {
  AuthenticationError,
  CallTimeoutError,
  ConnectionLostError,
  ErrorNumber,
  LibvirtError,
  ProtocolError,
  TransportError,
} from 'node-libvirt';
import { redactText } from '../../../common/secret.js';
import type { NativeCode, WayFailure } from './failure-kinds.js';
import { LinkError, NotConnectedError } from './link-error.js';
import { ProgramError } from './program-error.js';

/** What went wrong with a call, judged. */
export interface LibvirtFailure {
  /** Of libvirt's answer: its code, or the number of one that is newer than this driver. Undefined when there was no answer. */
  readonly native: NativeCode | `${number}` | undefined;
  /** Undefined when libvirt has answered. */
  readonly way: WayFailure | undefined;
  /** For people: on one line, bounded, without secrets. */
  readonly text: string;
  readonly wasSent: boolean;
  /** Of libvirt's "system error": the number of the system's. */
  readonly errno: number | undefined;
  /** If the call changes something: may it have been carried out, or a part of it? */
  readonly mayHaveRun: boolean;
  /** Would the same question asked later perhaps be answered? The daemon is away, restarting or busy. */
  readonly isTransient: boolean;
  /** libvirt works on it already, and has not begun this. */
  readonly isBusy: boolean;
  /** What does not exist; undefined when that is not what is wrong. */
  readonly missing: Missing | undefined;
  readonly isNotThere: boolean;
  readonly isAlreadyThere: boolean;
  /** The hypervisor of the guest has ended in the middle of it. */
  readonly hasGuestEnded: boolean;
  /** The domain (or whatever it is) is in the wrong state for this, and nothing was done. */
  readonly isWrongState: boolean;
  /** Neither this driver of libvirt nor a newer try will do it. */
  readonly isUnsupported: boolean;
  /** We are not let in: no more is tried by itself. */
  readonly isRefused: boolean;
}

export type Missing =
  'domain' | 'network' | 'pool' | 'volume' | 'device' | 'interface' | 'filter' | 'secret' | 'snapshot' | 'metadata';

const MISSING: Partial<Record<NativeCode, Missing>> = {
  VIR_ERR_NO_DOMAIN: 'domain',
  VIR_ERR_NO_NETWORK: 'network',
  VIR_ERR_NO_STORAGE_POOL: 'pool',
  VIR_ERR_NO_STORAGE_VOL: 'volume',
  VIR_ERR_NO_NODE_DEVICE: 'device',
  VIR_ERR_DEVICE_MISSING: 'device',
  VIR_ERR_NO_INTERFACE: 'interface',
  VIR_ERR_NO_NWFILTER: 'filter',
  VIR_ERR_NO_SECRET: 'secret',
  VIR_ERR_NO_DOMAIN_SNAPSHOT: 'snapshot',
  VIR_ERR_NO_DOMAIN_METADATA: 'metadata',
};
const ALREADY_THERE: ReadonlySet<string> = new Set<NativeCode>([
  'VIR_ERR_DOM_EXIST',
  'VIR_ERR_NETWORK_EXIST',
  'VIR_ERR_STORAGE_VOL_EXIST',
  'VIR_ERR_NETWORK_PORT_EXIST',
]);
const BUSY: ReadonlySet<string> = new Set<NativeCode>(['VIR_ERR_OPERATION_TIMEOUT', 'VIR_ERR_RESOURCE_BUSY']);
const UNSUPPORTED: ReadonlySet<string> = new Set<NativeCode>([
  'VIR_ERR_NO_SUPPORT',
  'VIR_ERR_OPERATION_UNSUPPORTED',
  'VIR_ERR_CONFIG_UNSUPPORTED',
  'VIR_ERR_ARGUMENT_UNSUPPORTED',
]);
/** libvirt says so also when it had begun: what there is now must be looked at. */
const PERHAPS_BEGUN: ReadonlySet<string> = new Set<NativeCode>([
  'VIR_ERR_INTERNAL_ERROR',
  'VIR_ERR_NO_MEMORY',
  'VIR_ERR_OPERATION_FAILED',
  'VIR_ERR_CALL_FAILED',
  'VIR_ERR_SYSTEM_ERROR',
  'VIR_ERR_RPC',
  'VIR_ERR_INVALID_CONN',
  'VIR_ERR_OPERATION_ABORTED',
  'VIR_ERR_MIGRATE_PERSIST_FAILED',
  'VIR_ERR_MIGRATE_FINISH_OK',
  'VIR_ERR_AGENT_UNRESPONSIVE',
  'VIR_ERR_HOOK_SCRIPT_FAILED',
]);

/** Numbers of the system's errors, the same on every architecture of Linux that libvirt runs on. */
export const Errno = {
  ENOENT: 2,
  ENOMEM: 12,
  ENOTDIR: 20,
  EISDIR: 21,
  ENOSPC: 28,
  EPIPE: 32,
  ECONNRESET: 104,
  ECONNREFUSED: 111,
  EDQUOT: 122,
};
/** Of a daemon that has lost another one. */
const DAEMON_AWAY: readonly (number | undefined)[] = [Errno.EPIPE, Errno.ECONNRESET, Errno.ECONNREFUSED];

/** It has lost the hypervisor of a guest, which had come up and has ended. */
const HYPERVISOR_ENDED =
  /unable to (read from|write to) monitor|end of file from (qemu )?monitor|domain is no longer running|guest unexpectedly quit/i;

const LASTING: ReadonlySet<WayFailure> = new Set<WayFailure>([
  'settings',
  'untrusted',
  'wrong-name',
  'host-key',
  'refused',
  'protocol',
  'held-back',
  'closed',
]);

const LONGEST_TEXT = 500;

const NAMES: ReadonlyMap<number, NativeCode> = new Map(
  (Object.keys(ErrorNumber) as NativeCode[]).map((name) => [ErrorNumber[name], name]),
);

/** Judges what a call has thrown; undefined when it is no failure of libvirt or of the way to it. The one place that does. */
export function failureOf(error: unknown): LibvirtFailure | undefined {
  if (error instanceof LibvirtError) {
    const { code, message, details } = error;
    return answered(NAMES.get(code) ?? `${code}`, message, details.numbers[0]);
  }
  if (error instanceof NotConnectedError) {
    const why = failureOf(error.cause);
    return why && { ...why, wasSent: false, mayHaveRun: false };
  }
  if (error instanceof ProgramError) {
    const { verdict, message } = error;
    return 'native' in verdict
      ? answered(verdict.native, message, 0)
      : unanswered(verdict.way, message, verdict.wasSent);
  }
  if (error instanceof LinkError) return unanswered(error.kind, error.message, false);
  if (error instanceof AuthenticationError) return unanswered('refused', error.message, false);
  // A transport's error is a lost connection too, and may be why there is none any more.
  if (error instanceof TransportError) return unanswered(error.kind, error.message, error.wasSent);
  if (error instanceof ConnectionLostError) {
    const { cause, message, wasSent } = error;
    if (cause instanceof TransportError) return unanswered(cause.kind, `${message}: ${cause.message}`, wasSent);
    return unanswered(wasSent ? 'lost' : 'unreachable', message, wasSent);
  }
  if (error instanceof CallTimeoutError) return unanswered('no-answer', error.message, error.wasSent);
  if (error instanceof ProtocolError) return unanswered('unreadable', error.message, true);
  return undefined;
}

/** How a call has ended, in a word for whoever counts calls. */
export function outcomeOf(error: unknown): string {
  const failure = failureOf(error);
  return failure?.native ?? failure?.way ?? 'given up';
}

function answered(native: NativeCode | `${number}`, said: string, firstNumber: number): LibvirtFailure {
  const errno = native === 'VIR_ERR_SYSTEM_ERROR' ? firstNumber : undefined;
  const hasGuestEnded = HYPERVISOR_ENDED.test(said);
  const isAway = DAEMON_AWAY.includes(errno) && !hasGuestEnded;
  // An older daemon does not know the procedure, and an existing object is an "operation failed" in some places.
  const isUnknownProcedure = native === 'VIR_ERR_RPC' && /unknown procedure/i.test(said);
  const isAlreadyThere =
    ALREADY_THERE.has(native) || (native === 'VIR_ERR_OPERATION_FAILED' && /\balready exists\b/i.test(said));
  const isBusy = BUSY.has(native);
  const missing = native in MISSING ? MISSING[native as NativeCode] : undefined;
  return {
    native,
    way: undefined,
    text: printable(said),
    wasSent: true,
    errno,
    mayHaveRun: PERHAPS_BEGUN.has(native) && !isUnknownProcedure && !isAlreadyThere,
    isTransient: isBusy || isAway || native === 'VIR_ERR_INVALID_CONN',
    isBusy,
    missing,
    isNotThere: missing !== undefined,
    isAlreadyThere,
    hasGuestEnded,
    isWrongState: native === 'VIR_ERR_OPERATION_INVALID',
    isUnsupported: UNSUPPORTED.has(native) || isUnknownProcedure,
    isRefused: false,
  };
}

function unanswered(way: WayFailure, said: string, wasSent: boolean): LibvirtFailure {
  return {
    native: undefined,
    way,
    text: printable(said),
    wasSent,
    errno: undefined,
    mayHaveRun: wasSent,
    isTransient: !LASTING.has(way),
    isBusy: false,
    missing: undefined,
    isNotThere: false,
    isAlreadyThere: false,
    hasGuestEnded: false,
    isWrongState: false,
    isUnsupported: false,
    isRefused: way === 'refused' || way === 'held-back',
  };
}

function printable(said: string): string {
  return redactText(said)
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_TEXT);
}
