import type { CatalogueEntry } from './catalogue-entry.js';

/** The power features: the verbs, and the five columns of the MAAS power table (power-drivers.md 0.5). */
export const POWER_FEATURES = {
  'power.on': {
    title: 'Switch on',
    status: 'mandatory',
    operations: ['powerOn'],
    cli: [],
    notes: 'Afterwards the machine runs, or is starting; one that runs stays as it is.',
  },
  'power.off': {
    title: 'Switch off',
    status: 'mandatory',
    operations: ['powerOff'],
    cli: [],
    notes: 'Hard: the operating system is not asked.',
  },
  'power.soft-off': {
    title: 'Ask the operating system to shut down',
    status: 'optional',
    operations: ['softOff'],
    cli: [],
    notes: 'Within a time; switching off hard afterwards has to be asked for.',
  },
  'power.cycle': {
    title: 'Switch off and on',
    status: 'optional',
    operations: ['cycle'],
    cli: [],
    notes: 'A machine that is off is switched on.',
  },
  'power.reset': {
    title: 'Reset without switching off',
    status: 'optional',
    operations: ['reset'],
    cli: [],
    notes: 'The processors begin anew while the power stays on.',
  },
  'power.query': {
    title: 'Power querying',
    status: 'optional',
    operations: ['queryPower'],
    cli: [],
    notes: 'Whether the machine is on; what cannot be told is unknown, never off.',
  },
  'power.pxe-next-boot': {
    title: 'PXE next boot',
    status: 'optional',
    operations: ['setBootDevice'],
    cli: [],
    notes:
      'What a machine starts from next, its network or a disk, can be set; the setting stays until it is set again.',
  },
  'power.chassis': {
    title: 'Chassis configuration',
    status: 'optional',
    operations: ['probe'],
    cli: [],
    notes: 'The machines behind one controller can be listed.',
  },
  'power.error-reporting': {
    title: 'Enhanced error reporting',
    status: 'optional',
    operations: [],
    cli: [],
    notes: 'What the controller says of a failure reaches the caller, classified.',
  },
  'power.enlistment': {
    title: 'BMC enlistment',
    status: 'optional',
    operations: [],
    cli: [],
    notes: 'A machine can be registered by what it tells of its own controller.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type PowerFeatureId = keyof typeof POWER_FEATURES;
export const POWER_FEATURE_IDS = Object.keys(POWER_FEATURES) as PowerFeatureId[];
