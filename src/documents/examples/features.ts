import type { MethodResult } from '../../compute/contract/index.js';
import type { ExamplesOf } from './example.js';

type Matrix = MethodResult<'features.matrix'>;
type Driver = MethodResult<'features.driver'>;

const entry: Matrix['catalogue'][number] = {
  key: 'operation.pause',
  set: 'compute',
  title: 'Stop instance CPUs (pause)',
  status: 'optional',
  group: null,
  condition: null,
  governs: [{ method: 'compute.pause', field: null, values: null }],
  cli: ['nova pause <server>'],
  notes: 'Processors stop, memory stays. The guest is not told: its clock is late afterwards.',
};
const scenario = {
  id: 'operation.pause/refused',
  title: 'is refused without a request',
  kind: 'negative',
  result: 'passed',
  grade: 'simulator',
  backend: 'HMC simulator 4.10',
} as const;
const cell = {
  level: 'missing',
  declared: 'missing',
  proven: 'missing',
  grade: 'simulator',
  notes: 'DPM has no operation that does this',
} as const;
const evaluation: Driver['evaluation']['declared'] = {
  satisfied: false,
  mandatory_missing: ['operation.launch'],
  mandatory_with_limits: [],
  choices_without_member: ['console'],
  conditions_violated: [],
};
const driver: Omit<Driver, 'features'> = {
  driver: 'hmc-dpm',
  title: 'LPARs of IBM Z and LinuxONE in DPM mode',
  kind: 'virt',
  backends: [{ name: 'HMC simulator', version: '4.10', grade: 'simulator' }],
  evaluation: { declared: evaluation, proven: evaluation },
};

export const featuresExamples: ExamplesOf<'features'> = {
  'features.catalogue': { params: {}, result: { features: [entry] } },
  'features.matrix': {
    params: { having: ['operation.get-guest-info'], proven: true },
    result: {
      schema_version: 1,
      version: '0.1.0',
      catalogue: [entry],
      drivers: [{ ...driver, features: { 'operation.pause': { ...cell, scenarios: [scenario.id] } } }],
      references: {
        zvm: {
          title: 'z/VM driver of the support matrix',
          source: 'z/VM support matrix from which the catalogue is taken',
          features: { 'operation.pause': 'complete' },
        },
      },
    },
  },
  'features.driver': {
    params: { driver: 'hmc-dpm' },
    result: { ...driver, features: { 'operation.pause': { ...cell, scenarios: [scenario] } } },
  },
};
