import type { CatalogueEntry } from './catalogue-entry.js';

/** The power features: the verbs, and the five columns of the MAAS power table (power-drivers.md 0.5). */
export const POWER_FEATURES = {
  'power.on': { title: 'Switch on', status: 'mandatory', operation: 'powerOn' },
  'power.off': { title: 'Switch off', status: 'mandatory', operation: 'powerOff' },
  'power.soft-off': { title: 'Ask the operating system to shut down', status: 'optional', operation: 'softOff' },
  'power.cycle': { title: 'Switch off and on', status: 'optional', operation: 'cycle' },
  'power.reset': { title: 'Reset without switching off', status: 'optional', operation: 'reset' },
  'power.query': { title: 'Power querying', status: 'optional', operation: 'queryPower' },
  'power.pxe-next-boot': { title: 'PXE next boot', status: 'optional', operation: null },
  'power.chassis': { title: 'Chassis configuration', status: 'optional', operation: null },
  'power.error-reporting': { title: 'Enhanced error reporting', status: 'optional', operation: null },
  'power.enlistment': { title: 'BMC enlistment', status: 'optional', operation: null },
} as const satisfies Record<string, CatalogueEntry>;

export type PowerFeatureId = keyof typeof POWER_FEATURES;
export const POWER_FEATURE_IDS = Object.keys(POWER_FEATURES) as PowerFeatureId[];
