import { EXAMPLE_OPERATION_ID, EXAMPLE_TIME, type ExamplesOf } from './example.js';

const name = 'rack1-node7';
const machine = {
  name,
  power_type: 'webhook',
  power_parameters: { power_on_uri: 'https://relay.example/7/on' },
  secret_parameters: [],
  controller: 'https://relay.example',
  status: 'unchecked',
  error: null,
  registered_by: 'control-plane',
  registered_at: EXAMPLE_TIME,
  updated_at: EXAMPLE_TIME,
  revision: 1,
} as const;
const done = { operation_id: EXAMPLE_OPERATION_ID, outcome: 'done' } as const;

export const machineExamples: ExamplesOf<'machine'> = {
  'machine.register': {
    params: {
      machine: name,
      power_type: 'webhook',
      power_parameters: {
        power_on_uri: 'https://relay.example/7/on',
        power_off_uri: 'https://relay.example/7/off',
        power_query_uri: 'https://relay.example/7/status',
      },
      skip_check: true,
    },
    result: { ...done, machine: { ...machine, secret_parameters: [] } },
  },
  'machine.update': {
    params: {
      machine: name,
      power_parameters: { power_query_uri: 'https://relay.example/7/state' },
      skip_check: true,
    },
    result: { ...done, machine: { ...machine, secret_parameters: [], revision: 2 } },
  },
  'machine.get': { params: { machine: name }, result: { ...machine, secret_parameters: [] } },
  'machine.list': {
    params: { name: 'rack1-*', limit: 100 },
    result: { machines: [{ ...machine, secret_parameters: [] }], next: null },
  },
  'machine.remove': { params: { machine: name }, result: done },
};
