import { describe, expect, it } from '@jest/globals';
import { NATIVE_MEANINGS } from '../../src/drivers/hmc-dpm/hmc-dpm.errors.js';
import { DriverPage, itTellsErrors } from './driver-page.js';

const page = new DriverPage('hmc-dpm');

describe('the page of hmc-dpm, on errors', () => {
  itTellsErrors(page, {
    answers: '### What the HMC answers',
    others: ['### When the HMC says nothing of use', '### What the driver refuses, and how operations end'],
    meanings: NATIVE_MEANINGS,
    leastRows: 40,
  });

  it('names every task of the HMC that the driver says it needs', () => {
    const needed = page.sources.flatMap((text) =>
      [...text.matchAll(/\b[A-Z_]*TASKS = \[(.*?)\]/gs)].flatMap(([, list = '']) =>
        [...list.matchAll(/'([^']+)'/g)].map(([, task]) => task),
      ),
    );
    expect(needed.length).toBeGreaterThan(10);
    const told = page.section('## On the HMC');
    expect(needed.filter((task) => !told.includes(`_${task}`))).toEqual([]);
  });
});
