import { EXAMPLE_OPERATION_ID, EXAMPLE_TIME, type ExamplesOf } from './example.js';

export const hostExamples: ExamplesOf<'host'> = {
  'host.list': {
    params: {},
    result: {
      hosts: [
        {
          name: 'cpc1',
          driver: 'hmc-dpm',
          server: 'zenova-1',
          manage: ['*'],
          protect: [],
          maintenance: false,
          enabled: true,
        },
      ],
    },
  },
  'host.get_info': {
    params: { host: 'cpc1' },
    result: {
      host: 'cpc1',
      driver: 'hmc-dpm',
      hypervisor: 'DPM, HMC 2.16.0, API 4.10',
      status: 'up',
      native_status: 'active',
      instances: 8,
      running: 2,
      vcpus: 32,
      memory_mib: 1_048_576,
      uptime_s: null,
      cpu_traits: null,
      native: {},
      observed_at: EXAMPLE_TIME,
    },
  },
  'host.test': {
    params: { host: 'cpc1' },
    result: {
      host: 'cpc1',
      ok: true,
      checks: [{ name: 'logon', ok: true, detail: 'the HMC takes the user zenova', remedy: null }],
    },
  },
  'host.set_maintenance': {
    params: { host: 'fake2', enabled: true, destination: 'fake1' },
    result: { operation_id: EXAMPLE_OPERATION_ID, outcome: 'done', children: 0, host: 'fake2' },
  },
  'host.set_enabled': {
    params: { host: 'fake2', enabled: true },
    result: { operation_id: EXAMPLE_OPERATION_ID, outcome: 'already', host: 'fake2', enabled: true },
  },
  'host.preflight': {
    params: { host: 'fake1' },
    result: {
      host: 'fake1',
      ok: false,
      requirements: [
        {
          requirement: 'enabled',
          subject: 'fake1',
          status: 'met',
          evidence: 'it takes new instances',
          remedy: null,
        },
        {
          requirement: 'rescue_image',
          subject: 'fake1',
          status: 'not_met',
          evidence: 'the image rescue',
          remedy: 'import an image under the name rescue',
        },
      ],
    },
  },
  'host.retry': { params: { host: 'cpc1' }, result: { host: 'cpc1', rearmed: false } },
};
