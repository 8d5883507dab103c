import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AttemptWatch, Observer } from '../../src/compute/contract/index.js';
import { POWER_TYPES, VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import { ComputeBench } from '../support/compute-bench.js';

const trace = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', tracestate: 'a=1' };

let seen: string[];
let bench: ComputeBench;

const watch = (method: string): AttemptWatch => ({
  outgoing: undefined,
  step: (name) => void seen.push(`${method} step ${name}`),
  end: (failure = 'well') => void seen.push(`${method} ended ${failure}`),
});
const observer: Observer = {
  read: ({ driver, host, trace: under }) => {
    seen.push(`read ${driver} ${host} ${under?.traceparent}`);
    return undefined;
  },
  sweep: ({ driver, trace: under }) => {
    seen.push(`sweep ${driver} ${under?.traceparent}`);
    return { outgoing: undefined, end: (codes) => void seen.push(`swept ${codes.join()}`) };
  },
  attempt: ({ method, fence, trace: under }) => {
    seen.push(`${method} attempt ${fence} ${under?.traceparent}`);
    return watch(method);
  },
};

beforeEach(async () => {
  seen = [];
  const host = { driver: 'fake', settings: { instances: 2 }, manage: ['*'], protect: [], protectSelf: false };
  bench = await ComputeBench.start({
    drivers: VIRT_DRIVERS,
    powerTypes: POWER_TYPES,
    hosts: [{ ...host, name: 'site' }],
    observer,
  });
});
afterEach(() => bench.discard());

describe('a request that is part of a trace', () => {
  it('hands it to the driver, the events, and everything that becomes of it', async () => {
    const asked = { host: 'site', enabled: true };
    await bench.call('compute.power_on', { host: 'site', instance: 'instance-0001' }, { trace });
    await bench.call('host.set_maintenance', asked, { trace });
    expect(bench.events.length).toBeGreaterThan(5);
    for (const event of bench.events) expect(event.trace).toEqual(trace);
    const attempts = seen.filter((line) => line.includes('attempt'));
    expect(attempts).toContain(`compute.power_off attempt 1 ${trace.traceparent}`);
    for (const line of seen.filter((text) => /^read|attempt/.test(text))) expect(line).toContain(trace.traceparent);
    expect(seen).toEqual(expect.arrayContaining(['compute.power_on step powerOn', 'compute.power_on ended well']));
  });

  it('keeps it over a restart', async () => {
    await bench.call('compute.power_on', { host: 'site', instance: 'instance-0001', wait: 'accepted' }, { trace });
    const [record] = await bench.opened.journal.list({ limit: 1 });
    await bench.stop();
    await bench.start();
    expect(await bench.opened.journal.findById(record?.id ?? '')).toMatchObject({ trace });
  });

  it('and to the controllers that are asked for many machines at once', async () => {
    await bench.call('machine.register', { machine: 'one', power_type: 'manual', power_parameters: {} });
    await bench.call('power.query_many', { machines: ['one'] }, { trace });
    await bench.call('power.query_many', { host: 'site' }, { trace });
    const asked = [`sweep manual ${trace.traceparent}`, 'swept ok', `read fake site ${trace.traceparent}`];
    expect(seen.filter((line) => /^(sweep|swept|read fake)/.test(line))).toEqual(asked);
  });

  it('or of none, as before', async () => {
    await bench.call('compute.power_on', { host: 'site', instance: 'instance-0001' });
    await expect(bench.call('compute.power_on', { host: 'site', instance: 'nobody' })).rejects.toThrow();
    for (const event of bench.events) expect(event.trace).toBeNull();
    expect(seen.join()).toContain('undefined');
  });
});
