import type { Effect, ErrorCode } from '../../../common/errors/index.js';

/** Why libvirt or QEMU does not take a device, in words of ours. */
export interface DeviceRefusal {
  readonly code: ErrorCode;
  readonly advice: string;
  /** Of the request; not applied when left out. */
  readonly outcome?: Effect;
}

const REFUSALS: readonly (readonly [RegExp, DeviceRefusal])[] = [
  [
    /no more available PCI slots/i,
    {
      code: 'CAPACITY_EXHAUSTED',
      advice:
        'the running guest has no free slot for one more device; what is attached while it is off finds one at its next start',
    },
  ],
  [
    /failed to get (shared )?"[a-z ]+" lock/i,
    { code: 'STATE_CONFLICT', advice: 'another process has it open, of another guest perhaps' },
  ],
  [
    /cannot unlock any keyslot|invalid password/i,
    { code: 'REQUEST_INVALID', advice: 'the key does not open what is encrypted on it' },
  ],
  [/not in LUKS format/i, { code: 'REQUEST_INVALID', advice: 'what is on it is not encrypted with luks' }],
  [
    /authorization failure|authentication f/i, // the text is cut off there
    { code: 'BACKEND_AUTH_FAILED', advice: 'its target does not accept the user and the password' },
  ],
  [
    /no such file or directory|no such device|not a directory/i,
    { code: 'RESOURCE_NOT_FOUND', advice: 'what it names is not there on the host' },
  ],
  [
    /is a directory|to be a regular file/i,
    { code: 'REQUEST_INVALID', advice: 'what it names is a folder of the host' },
  ],
  [
    /does not support O_DIRECT/i,
    {
      code: 'REQUEST_INVALID',
      advice: 'what it names is a folder of the host, or a file where its cache cannot be passed by',
    },
  ],
  [
    /iscsi.*(failed to connect|failed to login|target not found|does not exist|invalid lun|failed to open)|LUN.*not.*(found|supported)/i,
    { code: 'RESOURCE_NOT_FOUND', advice: 'the host does not reach it: look at its portal, its target and its lun' },
  ],
  [
    /same size|cannot (resize|grow|shrink)|image size|too small/i,
    { code: 'STATE_CONFLICT', advice: 'its size does not allow it' },
  ],
  [
    // Its daemon died while it spoke with QEMU; nothing but a new start makes the two agree again.
    /duplicate (nodes with node-name|device id|id )|in use by .*id=ua-/i,
    {
      code: 'STATE_CONFLICT',
      advice:
        'the hypervisor of the running guest holds a device that libvirt has forgotten; power the guest off and on, look at what it has then, and repeat it',
      outcome: 'unknown',
    },
  ],
  [
    /active block job/i,
    { code: 'STATE_CONFLICT', advice: 'the disk is being copied; repeat it when that has ended, or end it' },
  ],
];

/** @param text what was said; QEMU says it in English wherever it runs */
export function deviceRefusal(text: string): DeviceRefusal | undefined {
  return REFUSALS.find(([pattern]) => pattern.test(text))?.[1];
}
