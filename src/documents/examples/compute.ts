import { operationExample } from './operation.js';
import { EXAMPLE_OPERATION_ID, EXAMPLE_TIME, type ExamplesOf } from './example.js';

const instance = { host: 'fake1', instance: 'instance-0001' };
const seen = { transition: null, observed_at: EXAMPLE_TIME };
const running = { ...seen, power_state: 'running', power_state_code: 1, native_state: 'running' } as const;
const shutdown = { ...seen, power_state: 'shutdown', power_state_code: 4, native_state: 'shutdown' } as const;
const paused = { ...seen, power_state: 'paused', power_state_code: 3, native_state: 'paused' } as const;
const suspended = { ...seen, power_state: 'suspended', power_state_code: 7, native_state: 'suspended' } as const;
const done = { operation_id: EXAMPLE_OPERATION_ID, outcome: 'done' } as const;
const migration = operationExample({
  method: 'compute.live_migrate',
  driver: 'fake',
  target: 'fake:fake1:instance-0001',
  host: 'fake1',
  name: 'instance-0001',
});

export const computeExamples: ExamplesOf<'compute'> = {
  'compute.list_instances': {
    params: { host: 'cpc1' },
    result: {
      host: 'cpc1',
      instances: [{ name: 'ubuntu01', id: '0e0f3a4c-0000-4000-8000-000000000001', ...running, native_state: 'active' }],
    },
  },
  'compute.get_info': {
    params: instance,
    result: {
      name: 'instance-0001',
      id: '00000000-0000-4000-8000-000000000001',
      ...running,
      vcpus: 2,
      memory_mib: 4096,
      max_memory_mib: 4096,
      cpu_time_ns: null,
      native: {},
    },
  },
  'compute.power_on': { params: { ...instance, deadline_ms: 600_000 }, result: { ...done, ...running } },
  'compute.power_off': { params: instance, result: { ...done, ...shutdown } },
  'compute.reboot': { params: instance, result: { ...done, ...running } },
  'compute.pause': { params: instance, result: { ...done, ...paused } },
  'compute.unpause': { params: instance, result: { ...done, ...running } },
  'compute.suspend': { params: instance, result: { ...done, ...suspended } },
  'compute.resume': { params: instance, result: { ...done, ...running } },
  'compute.live_migrate': {
    params: { ...instance, destination: 'fake2' },
    result: { ...done, ...running, host: 'fake2' },
  },
  'compute.live_migration_force_complete': { params: instance, result: migration },
  'compute.live_migration_abort': { params: instance, result: migration },
  'compute.evacuate': { params: { host: 'fake2', destination: 'fake1' }, result: { ...done, children: 1 } },
};
