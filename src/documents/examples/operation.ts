import type { OperationView } from '../../compute/contract/index.js';
import { EXAMPLE_KEY, EXAMPLE_OPERATION_ID, EXAMPLE_TIME, type ExamplesOf } from './example.js';

type Subject = Pick<OperationView, 'method' | 'driver' | 'target' | 'host' | 'name'>;

/** An operation under way. */
export function operationExample(subject: Subject): OperationView {
  return {
    operation_id: EXAMPLE_OPERATION_ID,
    parent_operation_id: null,
    ...subject,
    state: 'running',
    requested_by: 'control-plane',
    idempotency_key: EXAMPLE_KEY,
    message_id: null,
    correlation_id: '7f0c1d6e',
    accepted_at: EXAMPLE_TIME,
    started_at: EXAMPLE_TIME,
    finished_at: null,
    not_after: '2026-11-20T09:10:00.000Z',
    attempts: 1,
    progress: { message: 'starting', percent: null, at: EXAMPLE_TIME },
    result: null,
    error: null,
  };
}

const started = operationExample({
  method: 'power.on',
  driver: 'hmc-dpm',
  target: 'hmc-dpm:cpc1:ubuntu01',
  host: 'cpc1',
  name: 'ubuntu01',
});

export const operationExamples: ExamplesOf<'operation'> = {
  'operation.get': { params: { idempotency_key: EXAMPLE_KEY }, result: started },
  'operation.list': {
    params: { host: 'cpc1', limit: 20 },
    result: { operations: [started], next: null },
  },
  'operation.cancel': { params: { idempotency_key: EXAMPLE_KEY }, result: started },
};
