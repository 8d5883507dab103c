import type { ErrorNumber, TransportErrorKind } from 'node-libvirt';
import type { LinkErrorKind } from './link-error.js';

/** libvirt's own name of an error code: `VIR_ERR_NO_DOMAIN`. */
export type NativeCode = keyof typeof ErrorNumber;

/** Why there is no answer of libvirt. */
export type WayFailure =
  | TransportErrorKind
  | LinkErrorKind
  /** No answer in time. */
  | 'no-answer'
  /** Something was answered that libvirt does not say. */
  | 'unreadable';
