import { afterEach, describe, expect, it } from '@jest/globals';
import type { MethodResult } from '../../src/compute/contract/index.js';
import { fakeDriver } from '../../src/drivers/fake/index.js';
import { manualPower } from '../../src/drivers/power/manual.power.js';
import type { Evidence, Scenario } from '../../src/features/index.js';
import { ComputeBench } from '../support/compute-bench.js';

const scenario = (feature: string, grade: Scenario['grade']): Scenario => {
  return {
    id: `${feature}/works`,
    feature,
    kind: 'positive',
    title: 'works',
    grade,
    backend: 'fake 1',
    result: 'passed',
  };
};
const evidence: Evidence = {
  schema_version: 1,
  driver: 'fake',
  backends: [{ name: 'fake', version: '1', grade: 'simulator' }],
  scenarios: [scenario('operation.pause', 'simulator'), scenario('operation.reboot', 'live')],
};

let bench: ComputeBench;
afterEach(() => bench.discard());

async function start(settings: object = {}): Promise<void> {
  const host = { name: 'site', driver: 'fake', settings, manage: undefined, protect: [], protectSelf: true };
  bench = await ComputeBench.start({
    drivers: [fakeDriver],
    powerTypes: [manualPower],
    hosts: [host],
    evidence: new Map([['fake', evidence]]),
  });
}

async function drivers(query: object): Promise<string[]> {
  const answer = (await bench.call('features.matrix', query)) as unknown as MethodResult<'features.matrix'>;
  return answer.drivers.map(({ driver }) => driver);
}

describe('the matrix', () => {
  it('tells of each cell what is declared and what is proven, with its evidence', async () => {
    await start();
    const answer = await bench.call('features.driver', { driver: 'fake' });
    expect(answer).toMatchObject({
      driver: 'fake',
      kind: 'virt',
      backends: evidence.backends,
      features: {
        'operation.pause': {
          level: 'complete',
          declared: 'complete',
          proven: 'complete',
          grade: 'simulator',
          scenarios: [{ id: 'operation.pause/works', result: 'passed', backend: 'fake 1' }],
        },
        'operation.suspend': { level: 'unproven', declared: 'complete', proven: null, grade: null, scenarios: [] },
      },
      evaluation: { proven: { satisfied: false } },
    });
    expect(answer).not.toHaveProperty('available');
  });

  it.each<[string, object, string[]]>([
    ['everything', {}, ['fake', 'manual']],
    ['one kind', { kind: 'virt' }, ['fake']],
    ['the drivers named', { drivers: ['manual'] }, ['manual']],
    ['those that declare a feature', { having: ['operation.suspend'] }, ['fake']],
    ['those of which it is proven', { having: ['operation.pause', 'operation.reboot'], proven: true }, ['fake']],
    ['none, when it is not proven', { having: ['operation.suspend'], proven: true }, []],
    ['those of which it is proven live', { having: ['operation.reboot'], proven: true, grade: 'live' }, ['fake']],
    ['none, when a simulator proved it', { having: ['operation.pause'], proven: true, grade: 'live' }, []],
    ['none, when one of them is missing', { having: ['operation.pause', 'console.rdp'] }, []],
  ])('answers which drivers: %s', async (_, query, expected) => {
    await start();
    expect(await drivers(query)).toEqual(expected);
  });

  it.each([
    [{ having: ['operation.fly'] }, /no feature operation\.fly/],
    [{ drivers: ['nobody'] }, /no driver or power type nobody/],
  ])('names what there is not: %j', async (query, message) => {
    await start();
    await expect(bench.call('features.matrix', query)).rejects.toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      message: expect.stringMatching(message),
    });
  });

  it('knows the catalogue, with what asks for a feature', async () => {
    await start();
    const { features } = (await bench.call('features.catalogue', {})) as unknown as MethodResult<'features.catalogue'>;
    const of = (key: string) => features.find((feature) => feature.key === key);
    expect(of('operation.pause')).toMatchObject({
      set: 'compute',
      governs: [{ method: 'compute.pause', field: null }],
    });
    expect(of('console.vnc')).toMatchObject({ status: 'choice(console)', group: 'console' });
    expect(of('storage.block.backend.iscsi')?.condition).toEqual({
      printed: 'storage.block==missing',
      enforced: 'storage.block==complete',
    });
    expect(of('operation.abort-in-progress-live-migration')).toMatchObject({
      set: 'nova',
      governs: [{ method: 'compute.live_migration_abort', field: null }],
    });
  });
});

describe('what a host has now', () => {
  const ask = () => bench.call('features.driver', { driver: 'fake', host: 'site' });

  it('is all that its driver declares', async () => {
    await start();
    expect(await ask()).toMatchObject({
      available: {
        host: 'site',
        reachable: true,
        error: null,
        backend: 'fake',
        features: {
          'operation.pause': { available: true, reason: null },
          'console.rdp': { available: false, reason: expect.any(String) },
        },
      },
    });
  });

  it('is less where it lacks something for now', async () => {
    await start({ lacking: { 'operation.live-migrate': 'no licence' } });
    expect(await ask()).toMatchObject({
      available: {
        features: {
          'operation.live-migrate': { available: false, reason: 'no licence' },
          'operation.pause': { available: true },
        },
      },
    });
  });

  it.each([
    ['BACKEND_UNREACHABLE', false],
    ['BACKEND_AUTH_FAILED', true],
  ])('is nothing where it cannot be asked: %s', async (error, isReachable) => {
    await start({ faults: [{ operation: 'getHostInfo', error }] });
    expect(await ask()).toMatchObject({
      features: { 'operation.pause': { level: 'complete' } },
      available: {
        reachable: isReachable,
        error: { code: error },
        backend: null,
        features: { 'operation.pause': { available: false, reason: expect.stringContaining(error) } },
      },
    });
  });

  it('is not that of another driver, nor of a host that there is not', async () => {
    await start();
    const other = bench.call('features.driver', { driver: 'manual', host: 'site' });
    await expect(other).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    const nowhere = bench.call('features.driver', { driver: 'fake', host: 'nowhere' });
    await expect(nowhere).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });
});
