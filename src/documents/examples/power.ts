import { EXAMPLE_KEY, EXAMPLE_OPERATION_ID, EXAMPLE_TIME, type ExamplesOf } from './example.js';

const lpar = { host: 'cpc1', instance: 'ubuntu01' };
const on = { state: 'on', transition: null, native_state: 'active', observed_at: EXAMPLE_TIME } as const;
const off = { ...on, state: 'off', native_state: 'stopped' } as const;
const done = { operation_id: EXAMPLE_OPERATION_ID, outcome: 'done' } as const;
const queried = { machine: 'rack1-node7', host: null, instance: null, ...off, error: null };

export const powerExamples: ExamplesOf<'power'> = {
  'power.on': {
    params: { ...lpar, idempotency_key: EXAMPLE_KEY, deadline_ms: 600_000 },
    result: { ...done, ...on },
  },
  'power.off': { params: { ...lpar, preempt: true }, result: { ...done, ...off } },
  'power.soft_off': { params: lpar, result: { ...done, ...off } },
  'power.cycle': {
    params: { ...lpar, plan: true },
    result: {
      operation_id: null,
      outcome: 'planned',
      steps: [{ action: 'start', description: 'start the partition' }],
    },
  },
  'power.set_boot_device': {
    params: { ...lpar, boot_device: { type: 'network', mac: '02:4e:66:ce:d8:64' }, restart: true },
    result: { ...done, ...on },
  },
  'power.reset': { params: lpar, result: { ...done, ...on } },
  'power.query': { params: lpar, result: on },
  'power.query_many': {
    params: { machines: ['rack1-node7'], timeout_ms: 10_000 },
    result: { results: [queried], next: null, total: 1 },
    part: { results: [queried], next: null, total: 1, done: 1, of: 1 },
  },
  'power.probe': {
    params: {
      power_type: 'hmcz',
      power_parameters: { power_address: 'hmc1.example.org', power_user: 'operator', power_pass: 'example-password' },
      name: 'web*',
    },
    result: {
      machines: [
        {
          name: 'web01',
          power_parameters: { power_partition_name: 'web01' },
          mac_addresses: ['02:4e:66:ce:d8:64'],
          architecture: 's390x',
          ...on,
          native: { cpc: 'CPC1' },
        },
      ],
    },
  },
  'power.types': {
    params: {},
    result: {
      power_types: [
        {
          name: 'webhook',
          title: 'Webhook',
          description: 'A machine behind three HTTP addresses.',
          queryable: true,
          verbs: ['on', 'off', 'cycle', 'query'],
          parameters: [
            {
              name: 'power_on_uri',
              label: 'URI to power on the node',
              field_type: 'string',
              choices: [],
              default: '',
              required: true,
              scope: 'node',
              secret: false,
            },
          ],
        },
      ],
    },
  },
};
