import type { ExamplesOf } from './example.js';

const entry = {
  key: 'operation.pause',
  title: 'Pause instance',
  status: 'optional',
  set: 'compute',
  method: 'compute.pause',
} as const;
const driver = {
  driver: 'hmc-dpm',
  title: 'LPARs of IBM Z and LinuxONE in DPM mode',
  kind: 'virt',
  features: { 'operation.pause': { level: 'missing', notes: 'DPM has no operation that does this' } },
} as const;

export const featuresExamples: ExamplesOf<'features'> = {
  'features.catalogue': { params: {}, result: { features: [entry] } },
  'features.matrix': { params: {}, result: { catalogue: [entry], drivers: [driver] } },
  'features.driver': { params: { driver: 'hmc-dpm' }, result: driver },
};
