import { expect, test } from '@jest/globals';
import { bundleLevel, machineLevel } from './machine-level.js';

test.each([
  ['8561', 'LT1', '2.15.0', 'met'],
  ['8562', 'LT2', undefined, 'met'],
  ['3931', 'LA1', '2.16.0', 'met'],
  ['9175', 'ML1', '2.17.0', 'met'],
  ['3906', 'M05', '2.14.1', 'met'],
  ['3907', 'ZR1', '2.15.0', 'met'],
  ['3906', 'M05', '2.14.0', 'not_met'],
  ['3906', 'LM1', '2.14.1', 'not_met'],
  ['3907', 'LR1', '2.14.1', 'not_met'],
  ['2964', 'L30', '2.13.1', 'not_met'],
  ['3906', 'M05', undefined, 'unknown'],
  ['3906', undefined, '2.14.1', 'unknown'],
  ['3906', 'M05', 'new', 'unknown'],
  ['9999', 'X', '9.9.9', 'unknown'],
  [undefined, undefined, '2.16.0', 'unknown'],
])('machine %s-%s with SE %s is %s', (type, model, seVersion, status) => {
  expect(machineLevel({ type, model, seVersion }).status).toBe(status);
});

test.each([
  ['2.13.1', 'not_met'],
  ['2.14.0', 'not_met'],
  ['2.14.1', 'unknown'],
  ['2.15.0', 'unknown'],
  ['2.16.0', 'met'],
  ['2.17', 'met'],
  ['3.0.0', 'met'],
  [undefined, 'unknown'],
  ['H40', 'unknown'],
])('the bundle of release %s is %s', (version, status) => {
  expect(bundleLevel('HMC', version).status).toBe(status);
});
