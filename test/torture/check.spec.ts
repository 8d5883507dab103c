import { describe, expect, it } from '@jest/globals';
import { check } from '../../torture/check/check.mjs';
import type { DeviceWrite, History, Operation, Request } from '../../torture/check/history.js';

/** A history as it should be: one power-on of one partition, accepted at 1000, begun at 1010, done at 1200. */
const step = (at: number, name = 'start', fence = 1) => ({
  name: 'step',
  fence,
  data: { step: name, request_timeout_ms: 1500 },
  at,
});
const job = (at: number, fence = 1) => ({ name: 'job', fence, data: { uri: '/api/jobs/1', step: 'start' }, at });

const operation = (more: Partial<Operation> = {}): Operation => ({
  seq: 1,
  id: 'op-1',
  requestedBy: 'anonymous',
  key: 'key-1',
  method: 'compute.power_on',
  target: 'hmc-dpm:cpc:lpar1',
  also: [],
  parentId: null,
  params: {},
  host: 'cpc1',
  name: 'lpar1',
  state: 'done',
  attempts: 1,
  acceptedAt: 1000,
  startedAt: 1005,
  finishedAt: 1200,
  notAfter: null,
  result: { operation_id: 'op-1', outcome: 'done', power_state: 'running' },
  error: null,
  checkpoints: [step(1010), job(1030)],
  ...more,
});

const another = (more: Partial<Operation> = {}): Operation =>
  operation({
    seq: 2,
    id: 'op-2',
    key: 'key-2',
    acceptedAt: 1001,
    startedAt: 1300,
    finishedAt: 1400,
    result: { operation_id: 'op-2', outcome: 'already', power_state: 'running' },
    checkpoints: [],
    ...more,
  });

const request = (more: Partial<Request> = {}): Request => ({
  caller: 'plain',
  key: 'key-1',
  method: 'compute.power_on',
  host: 'cpc1',
  instance: 'lpar1',
  sentAt: 990,
  isConfirmed: true,
  couldMissReply: false,
  isMisuse: false,
  replies: [{ at: 1210, result: { operation_id: 'op-1', outcome: 'done', power_state: 'running' } }],
  learnt: null,
  ...more,
});

const write = (more: Partial<DeviceWrite> = {}): DeviceWrite => ({
  sequence: 1,
  at: 1020,
  partition: 'lpar1',
  step: 'start',
  isExecuted: true,
  status: 202,
  faults: [],
  ...more,
});

/** Work on a whole host, accepted at 1000 and done at 1500, and one of its parts. */
const parent = (more: Partial<Operation> = {}): Operation =>
  operation({
    id: 'op-p',
    key: 'key-p',
    method: 'compute.evacuate',
    target: 'fake:site-a:host',
    host: 'site-a',
    name: 'site-a',
    params: { host: 'site-a', destination: 'site-b' },
    finishedAt: 1500,
    result: { operation_id: 'op-p', outcome: 'done', children: 1 },
    checkpoints: [step(1010, 'children')],
    ...more,
  });
const part = (more: Partial<Operation> = {}): Operation =>
  another({
    target: 'fake:site-a:guest',
    host: 'site-a',
    name: 'guest',
    parentId: 'op-p',
    method: 'compute.evacuate',
    params: { host: 'site-a', instance: 'guest', destination: 'site-b' },
    also: [{ target: 'fake:site-b:guest', seq: 3 }],
    result: { operation_id: 'op-2', outcome: 'done' },
    checkpoints: [step(1350, 'evacuate')],
    ...more,
  });
const family = (...operations: Operation[]): Partial<History> => ({
  operations,
  writes: [],
  requests: ['compute.evacuate', 'compute.live_migrate'].map((method) =>
    request({ key: 'key-p', method, instance: undefined, replies: [], learnt: { at: 1 } }),
  ),
});

/** A live migration on which something was asked. */
const migration = (checkpoints: Operation['checkpoints'], more: Partial<Operation> = {}): Partial<History> =>
  family(part({ parentId: null, method: 'compute.live_migrate', key: 'key-p', checkpoints, ...more }));
const undisturbed = (checkpoints: Operation['checkpoints']): Partial<History> => ({
  ...migration(checkpoints),
  requests: [
    request({ key: 'key-p', method: 'compute.live_migrate', isUndisturbed: true, replies: [], learnt: { at: 1 } }),
  ],
});
const asked = (name: string, at: number, data: Record<string, unknown> | null = null) => ({ name, fence: 1, data, at });
const cancelled = {
  state: 'cancelled',
  result: null,
  error: { code: 'OPERATION_CANCELLED', outcome: 'not-started' },
} as const;

/** A host that was in maintenance from 1500 on. */
const maintenance = parent({
  method: 'host.set_maintenance',
  params: { host: 'site-a', enabled: true },
});
const endOfMaintenance = parent({
  id: 'op-e',
  key: 'key-e',
  seq: 8,
  method: 'host.set_maintenance',
  params: { host: 'site-a', enabled: false },
  startedAt: 1600,
  finishedAt: 1650,
  checkpoints: [step(1610, 'children')],
  result: { operation_id: 'op-e', outcome: 'done', children: 0 },
});
const onHost = (at: number, more: Partial<Operation> = {}): Operation =>
  another({
    key: 'key-h',
    seq: 9,
    host: 'site-a',
    name: 'guest',
    target: 'fake:site-a:guest',
    startedAt: at,
    finishedAt: at + 10,
    checkpoints: [step(at, 'powerOn')],
    ...more,
  });
const inMaintenance = (...operations: Operation[]): Partial<History> => ({
  operations: [maintenance, part({ key: 'key-c', id: 'op-c', checkpoints: [] }), ...operations],
  writes: [],
  requests: [
    request({ key: 'key-p', method: 'host.set_maintenance', instance: undefined, replies: [], learnt: { at: 1 } }),
    request({ key: 'key-h', replies: [], learnt: { at: 1 } }),
  ],
});

/** A power-off that preempts, accepted at 1100 while this operation waited or ran on its target. */
const preempted = (more: Partial<Operation>): Partial<History> => ({
  operations: [
    operation({ name: 'guest', target: 'fake:site-a:guest', checkpoints: [], ...more }),
    another({
      method: 'power.off',
      name: 'guest',
      target: 'fake:site-a:guest',
      acceptedAt: 1100,
      params: { preempt: true },
      checkpoints: [step(1350, 'powerOff')],
    }),
  ],
  writes: [],
  requests: [
    request({ replies: [], learnt: { at: 1 } }),
    request({ key: 'key-2', method: 'power.off', isUndisturbed: true, replies: [], learnt: { at: 1 } }),
  ],
});

const history = (more: Partial<History> = {}): History => {
  const operations = more.operations ?? [operation()];
  return {
    limits: { requestTimeoutMs: 1500, maxPerTarget: 2, maxUnfinished: 4 },
    operations,
    listed: operations.map(({ id, state }) => ({ id, state })),
    requests: [request()],
    writes: [write()],
    partitions: [{ name: 'lpar1', status: 'active' }],
    leftovers: [],
    ...more,
  };
};

const rules = (more: Partial<History>): string[] => [...new Set(check(history(more)).map(({ rule }) => rule))];

describe('a history without fault', () => {
  it.each<[string, Partial<History>]>([
    ['one power-on', {}],
    ['a repeat that joined', { requests: [request(), request()] }],
    [
      'a receipt, and an outcome that was asked for',
      {
        requests: [
          request({
            replies: [{ at: 1002, result: { operation_id: 'op-1', outcome: 'accepted' } }],
            learnt: { at: 2000, result: { operation_id: 'op-1', outcome: 'done', power_state: 'running' } },
          }),
        ],
      },
    ],
    [
      'a refused write that was sent again',
      { writes: [write({ isExecuted: false, status: 409 }), write({ sequence: 2, at: 1025 })] },
    ],
    [
      'a write that an earlier owner could have sent, and whose time was waited out',
      {
        operations: [
          operation({ attempts: 2, checkpoints: [step(1010), step(2600, 'start', 2), job(2650, 2)], finishedAt: 2800 }),
        ],
        requests: [
          request({
            replies: [],
            learnt: { at: 3000, result: { operation_id: 'op-1', outcome: 'done', power_state: 'running' } },
          }),
        ],
        writes: [write({ isExecuted: false, status: null }), write({ sequence: 2, at: 2610 })],
      },
    ],
    [
      'an unknown outcome, whether the step took effect or not',
      {
        operations: [
          operation({ state: 'failed', result: null, error: { code: 'OUTCOME_UNKNOWN', outcome: 'unknown' } }),
        ],
        requests: [
          request({
            replies: [{ at: 1300, error: { code: 'OUTCOME_UNKNOWN', outcome: 'unknown', operation_id: 'op-1' } }],
          }),
        ],
      },
    ],
    [
      'a job whose answer a fault held back',
      {
        operations: [operation({ checkpoints: [step(1010)] })],
        requests: [request({ isUndisturbed: true })],
        writes: [write({ faults: ['slow'] })],
      },
    ],
    [
      'a refusal before acceptance',
      { operations: [], writes: [], requests: [request({ replies: [{ at: 1300, error: { code: 'BACKEND_BUSY' } }] })] },
    ],
    ['a host whose instances were through before it', family(parent(), part())],
    [
      'an instance that was there again after its part',
      family(
        parent({ finishedAt: 1900, result: { operation_id: 'op-p', outcome: 'done', children: 2 } }),
        part(),
        part({ id: 'op-3', key: 'key-3', seq: 4, acceptedAt: 1450, finishedAt: 1800, checkpoints: [step(1460)] }),
      ),
    ],
    [
      'a migration that was forced, by a second worker once more',
      migration(
        [
          step(1310, 'liveMigrate'),
          asked('force_complete', 1320),
          step(1330, 'force_complete'),
          step(1350, 'force_complete', 2),
          asked('taken', 1360, { control: 'force_complete', error: null }),
        ],
        { attempts: 2 },
      ),
    ],
    [
      'a migration that was ended after its time, when it had arrived',
      migration([step(1310, 'liveMigrate'), step(1999, 'abort')], { notAfter: 1400, finishedAt: 2000 }),
    ],
    [
      'a host that was in maintenance, before and after it',
      inMaintenance(onHost(1400), endOfMaintenance, onHost(1660, { id: 'op-4', key: 'key-4', seq: 10 })),
    ],
    [
      'one that was preempted while it waited',
      preempted({ ...cancelled, checkpoints: [asked('cancel', 1110)], finishedAt: 1120 }),
    ],
    [
      'one that was preempted past its point, and done',
      preempted({ checkpoints: [step(1010, 'powerOn'), asked('cancel', 1110)], finishedAt: 1200 }),
    ],
    [
      'a request that may never have arrived',
      { operations: [], writes: [], requests: [request({ isConfirmed: false, replies: [], learnt: { at: 1 } })] },
    ],
  ])('%s', (_what, more) => {
    expect(check(history(more))).toEqual([]);
  });
});

describe('a broken promise', () => {
  it.each<[string, Partial<History>]>([
    ['request-lost', { operations: [], writes: [], requests: [request({ replies: [] })] }],
    ['outcome-not-learnt', { requests: [request({ replies: [] })] }],
    ['no-outcome', { operations: [operation({ finishedAt: null, state: 'running', result: null })] }],
    [
      'outcomes-differ',
      { requests: [request({ replies: [{ at: 1300, result: { operation_id: 'op-1', outcome: 'already' } }] })] },
    ],
    [
      'outcomes-differ',
      { requests: [request({ learnt: { at: 1300, error: { code: 'OPERATION_FAILED', operation_id: 'op-1' } } })] },
    ],
    [
      'operation-unknown',
      { requests: [request({ replies: [{ at: 1300, result: { operation_id: 'op-9', outcome: 'done' } }] })] },
    ],
    ['reply-without-operation', { requests: [request({ replies: [{ at: 1300, result: { outcome: 'done' } }] })] }],
    ['reply-before-outcome', { requests: [request({ replies: [{ ...request().replies[0], at: 1199 }] })] }],
    ['two-operations-for-one-key', { operations: [operation(), another({ key: 'key-1' })] }],
    [
      'two-operations-for-one-key',
      {
        operations: [operation(), another()],
        requests: [request(), request({ replies: [{ at: 1500, result: { ...another().result } }] })],
      },
    ],
    ['key-taken-twice', { requests: [request(), request({ isMisuse: true })] }],
    ['list-differs', { listed: [] }],
    ['list-differs', { listed: [{ id: 'op-1', state: 'running' }] }],
    ['list-differs', { listed: [...history().listed, ...history().listed] }],
    ['write-without-step', { operations: [operation({ checkpoints: [] })] }],
    ['write-without-step', { writes: [write({ step: 'stop' }), write()] }],
    ['write-repeated', { writes: [write(), write({ sequence: 2, at: 1100 })] }],
    [
      'write-repeated-blindly',
      { writes: [write({ isExecuted: false, status: null }), write({ sequence: 2, at: 1100 })] },
    ],
    [
      'write-repeated-blindly',
      {
        operations: [operation({ attempts: 2, checkpoints: [step(1010), step(1500, 'start', 2)], finishedAt: 1700 })],
        requests: [request({ replies: [], learnt: { at: 1800, result: { ...operation().result } } })],
        writes: [write({ isExecuted: false, status: null }), write({ sequence: 2, at: 1510 })],
      },
    ],
    ['write-after-end', { writes: [write(), write({ sequence: 2, at: 1250, isExecuted: false, status: 409 })] }],
    [
      'write-by-former-owner',
      {
        operations: [operation({ attempts: 2, checkpoints: [step(1010), { ...job(1015, 2), name: 'looked' }] })],
        writes: [write()],
      },
    ],
    [
      'write-by-another',
      {
        operations: [
          operation(),
          another({ method: 'compute.power_off', attempts: 2, checkpoints: [step(1015, 'stop')], startedAt: 1012 }),
        ],
      },
    ],
    ['stale-command', { operations: [operation({ notAfter: 1010, finishedAt: 9000 })], writes: [write({ at: 4000 })] }],
    ['outcome-untrue', { writes: [] }],
    ['outcome-untrue', { partitions: [{ name: 'lpar1', status: 'stopped' }] }],
    [
      'outcome-untrue',
      { operations: [operation({ result: { operation_id: 'op-1', outcome: 'already' } })], requests: [] },
    ],
    [
      'outcome-untrue',
      {
        operations: [
          operation({ result: null, state: 'failed', error: { code: 'BACKEND_BUSY', outcome: 'not-started' } }),
        ],
        requests: [],
      },
    ],
    [
      'job-not-written-down',
      { operations: [operation({ checkpoints: [step(1010)] })], requests: [request({ isUndisturbed: true })] },
    ],
    ['turns-overlap', { operations: [operation(), another({ checkpoints: [step(1100, 'stop')] })] }],
    ['turns-overlap', { operations: [operation(), another({ attempts: 2, checkpoints: [step(1150, 'stop')] })] }],
    ['order-broken', { operations: [operation({ seq: 9 }), another({ checkpoints: [step(1350, 'stop')] })] }],
    ['stale-command', { operations: [operation({ notAfter: 700 })] }],
    [
      'too-many-accepted',
      {
        operations: Array.from({ length: 5 }, (_, i) =>
          another({ id: `op-${i + 2}`, key: `key-${i + 2}`, seq: i + 2, startedAt: null }),
        ),
        writes: [],
        requests: [request()],
      },
    ],
    [
      'too-many-accepted',
      {
        operations: Array.from({ length: 7 }, (_, i) =>
          another({ id: `op-${i + 2}`, key: `key-${i + 2}`, seq: i + 2, target: `t${i}`, startedAt: null }),
        ),
        writes: [],
        requests: [request()],
      },
    ],
    [
      'turns-overlap',
      family(
        part({ parentId: null, key: 'key-p' }),
        onHost(1360, { id: 'op-3', seq: 4, target: 'fake:site-b:guest', startedAt: 1355 }),
      ),
    ],
    [
      'order-broken',
      family(part({ parentId: null, key: 'key-p' }), onHost(1410, { id: 'op-3', seq: 2, target: 'fake:site-b:guest' })),
    ],
    ['parent-ended-first', family(parent({ finishedAt: 1399 }), part())],
    ['child-without-parent', family(part())],
    [
      'child-twice',
      family(
        parent({ result: { operation_id: 'op-p', outcome: 'done', children: 2 } }),
        part(),
        part({ id: 'op-3', key: 'key-3', seq: 4, acceptedAt: 1390, checkpoints: [] }),
      ),
    ],
    ['outcome-untrue', family(parent({ result: { operation_id: 'op-p', outcome: 'done', children: 2 } }), part())],
    [
      'outcome-untrue',
      family(
        parent(),
        part({ state: 'failed', result: null, error: { code: 'STATE_CONFLICT', outcome: 'not-started' } }),
      ),
    ],
    ['begun-in-maintenance', inMaintenance(onHost(1510))],
    ['begun-in-maintenance', inMaintenance(onHost(1510, { host: 'site-b', params: { destination: 'site-a' } }))],
    [
      'control-repeated',
      undisturbed([
        asked('force_complete', 1300),
        step(1310, 'force_complete'),
        step(1320, 'force_complete'),
        asked('taken', 1330, { control: 'force_complete', error: null }),
      ]),
    ],
    [
      'control-repeated',
      migration([
        asked('force_complete', 1300),
        asked('taken', 1310, { control: 'force_complete', error: null }),
        step(1320, 'force_complete', 2),
      ]),
    ],
    ['control-repeated', undisturbed([asked('abort', 1300), step(1310, 'abort'), step(1320, 'abort')])],
    ['control-unasked', migration([step(1310, 'force_complete')])],
    ['control-unasked', migration([step(1310, 'liveMigrate')], cancelled)],
    ['preempt-ignored', preempted({})],
    ['preempt-ignored', preempted({ checkpoints: [asked('cancel', 1110), step(1120, 'powerOn')], finishedAt: 1200 })],
    ['read-journalled', { operations: [operation(), another({ method: 'power.query' })] }],
    ['session-left', { leftovers: [{ kind: 'session', what: '2 sessions on the HMC' }] }],
  ])('%s', (rule, more) => {
    expect(rules(more)).toContain(rule);
  });
});
