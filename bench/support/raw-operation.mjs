/**
 * What the journal writes for an operation, as four statements that each write the least: it is accepted, it begins, it
 * leaves a checkpoint, it ends. They check nothing, and share nothing.
 */
import { randomUUID } from 'node:crypto';

const COLUMNS = [
  'id',
  'requested_by',
  'request_key',
  'fingerprint',
  'message_id',
  'correlation_id',
  'method',
  'driver',
  'target',
  'target_settled',
  'host',
  'name',
  'params',
  'reply_to',
  'state',
  'owner',
  'accepted_at',
];

/** @param placeholder how the database writes its i-th parameter, from 1 */
export function rawOperation(placeholder) {
  const accept = {
    name: 'accept',
    text: `insert into operations (${COLUMNS.join(', ')}) values (${COLUMNS.map((_, i) => placeholder(i + 1)).join(', ')})`,
  };
  const begin = {
    name: 'begin',
    text: `update operations set state = 'running', fence = fence + 1, attempts = attempts + 1, started_at = ${placeholder(1)} where id = ${placeholder(2)}`,
  };
  const checkpoint = {
    name: 'checkpoint',
    text: `insert into checkpoints (operation_id, fence, name, data, at) values (${[1, 2, 3, 4, 5].map(placeholder).join(', ')})`,
  };
  const conclude = {
    name: 'conclude',
    text: `update operations set state = 'done', finished_at = ${placeholder(1)}, result = ${placeholder(2)} where id = ${placeholder(3)}`,
  };
  return ({ pattern, data }) => {
    const id = randomUUID();
    const now = Date.now();
    const target = `fake:${data.host}:${randomUUID()}`;
    const reply = JSON.stringify({ envelope: 'nest', address: { queue: 'amq.gen-bench', correlation_id: id } });
    const result = {
      operation_id: id,
      outcome: 'done',
      state: 'on',
      transition: null,
      native_state: 'running',
      observed_at: new Date(now).toISOString(),
    };
    const step = JSON.stringify({ step: 'reboot', request_timeout_ms: 5000 });
    const accepted = [
      id,
      'bench',
      id,
      randomUUID(),
      id,
      id,
      pattern,
      'fake',
      target,
      1,
      data.host,
      data.instance,
      JSON.stringify(data),
      reply,
      'accepted',
      'bench',
      now,
    ];
    return [
      { ...accept, values: accepted },
      { ...begin, values: [now, id] },
      { ...checkpoint, values: [id, 1, 'step', step, now] },
      { ...conclude, values: [now, JSON.stringify(result), id] },
    ];
  };
}
