import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../../src/common/log.js';
import { Secret } from '../../../src/common/secret.js';
import type { VirtHost } from '../../../src/compute/contract/index.js';
import { createHmcDpm } from '../../../src/drivers/hmc-dpm/index.js';
import { createCertificate, type ServerCertificate } from '../../../src/simulators/kit/certificate.js';
import { MemoryBreakers } from '../../support/memory-breakers.js';
import { RecordingContext } from '../../support/operation-context.js';
import { scaledClock } from '../../support/scaled-clock.js';
import { failureOf } from './hmc-dpm-bench.js';

/** An HMC that answers what it is told to, so that the driver meets what the simulator does not do. */

const clock = scaledClock(100);
const ctx = (): RecordingContext => new RecordingContext(clock);
const partition = (name: string, more: object = {}): object => ({
  name,
  status: 'stopped',
  type: 'linux',
  'object-uri': `/api/partitions/${name}`,
  'cpc-name': 'CPC1',
  'cpc-object-uri': '/api/cpcs/c1',
  ...more,
});

let certificate: ServerCertificate;
let server: Server;
let host: VirtHost;
let answers: Record<string, { status?: number; body?: unknown; headers?: Record<string, string> }>;
let requests: string[];
let lines: string[];
beforeAll(async () => {
  certificate = await createCertificate('odd');
});
beforeEach(async () => {
  requests = [];
  lines = [];
  answers = {
    'POST /api/sessions': { body: { 'api-session': 's1', 'api-major-version': 4, 'api-minor-version': 10 } },
    'DELETE /api/sessions/this-session': { status: 204 },
  };
  server = createServer({ key: certificate.keyPem, cert: certificate.certificatePem }, (request, response) => {
    const asked = `${request.method} ${request.url?.split('?')[0]}`;
    requests.push(asked);
    const {
      status = 200,
      body,
      headers = {},
    } = answers[asked] ?? { status: 404, body: { reason: 1, message: 'none' } };
    response.writeHead(status, headers).end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const settings = {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    userid: 'u',
    password: new Secret('p'),
    cpc: 'CPC1',
    tls: { ca: certificate.certificatePem },
    // Of real time: room for a busy machine.
    request_timeout_ms: 15_000,
  };
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  host = createHmcDpm().virtDriver.open('h', settings, { clock, log, breakers: new MemoryBreakers() });
});
afterEach(async () => {
  await host.close();
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});

const LIST = 'GET /api/console/operations/list-permitted-partitions';

describe('an HMC whose filter is careless', () => {
  beforeEach(() => {
    const partitions = [
      partition('db.prod'),
      partition('db-prod'),
      partition('x', { name: 'other', 'cpc-name': 'CPC2' }),
    ];
    answers[LIST] = { body: { partitions } };
    answers['GET /api/cpcs'] = {
      body: { cpcs: [{ 'object-uri': '/api/cpcs/c1', name: 'CPC1', status: 'active', 'dpm-enabled': true }] },
    };
  });

  test('does not make us take one partition for another', async () => {
    await expect(host.resolve(ctx(), 'db.prod')).resolves.toMatchObject({ name: 'db.prod', id: 'db.prod' });
    for (const name of ['DB.prod', 'other', 'db.*']) {
      await expect(failureOf(host.resolve(ctx(), name))).resolves.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
    }
  });

  test('does not make us list the partitions of another CPC', async () => {
    await expect(host.operations.listInstances(ctx())).resolves.toHaveLength(2);
  });
});

test.each([
  '/api/../secret',
  'https://elsewhere.example/api/partitions/1',
  '/api/partitions/1?x',
  '/api/partitions/..',
  '//elsewhere/api/x',
  '/api/partitions/a b',
  '/api/cpcs/c1',
])('a URI that leads elsewhere is refused: %s', async (uri) => {
  answers[LIST] = { body: { partitions: [partition('p', { 'object-uri': uri })] } };
  await expect(failureOf(host.resolve(ctx(), 'p'))).resolves.toMatchObject({ code: 'BACKEND_PROTOCOL', retry: 'safe' });
});

test('a session id that would break a header is refused', async () => {
  answers['POST /api/sessions'] = {
    body: { 'api-session': 'a\r\nX-Evil: 1', 'api-major-version': 4, 'api-minor-version': 10 },
  };
  await expect(failureOf(host.resolve(ctx(), 'p'))).resolves.toMatchObject({ code: 'BACKEND_PROTOCOL' });
  expect(requests).toEqual(['POST /api/sessions']);
});

test('a redirect is no answer, and is not followed', async () => {
  answers[LIST] = { status: 302, headers: { Location: '/api/cpcs' } };
  await expect(failureOf(host.resolve(ctx(), 'p'))).resolves.toMatchObject({ code: 'BACKEND_PROTOCOL' });
  expect(requests).not.toContain('GET /api/cpcs');
});

test('an inconsistency that the HMC admits is logged, and the answer used', async () => {
  answers[LIST] = { body: { partitions: [partition('p')], '@@implementation-errors': [{ a: 1 }] } };
  await expect(host.resolve(ctx(), 'p')).resolves.toMatchObject({ name: 'p' });
  expect(lines.join('')).toMatch(/inconsistency/);
});

test('a start that is accepted without a job is concluded by the status', async () => {
  answers[LIST] = { body: { partitions: [partition('p')] } };
  answers['GET /api/partitions/p'] = { body: { name: 'p', status: 'stopped' } };
  answers['POST /api/partitions/p/operations/start'] = { status: 202 };
  const operation = ctx();
  const target = await host.resolve(ctx(), 'p');
  const beginStep = operation.beginStep.bind(operation);
  operation.beginStep = async (step) => {
    await beginStep(step);
    answers['GET /api/partitions/p'] = { body: { name: 'p', status: 'active' } };
  };
  await expect(host.operations.powerOn(operation, target, {})).resolves.toMatchObject({ outcome: 'done' });
  expect(requests.filter((line) => line.endsWith('/start'))).toHaveLength(1);
});

describe('a power-on', () => {
  const START = 'POST /api/partitions/p/operations/start';
  const STOP = 'POST /api/partitions/p/operations/stop';
  const sent = (request: string): number => requests.filter((line) => line === request).length;
  const shows = (status: string, name = 'p'): void => {
    answers['GET /api/partitions/p'] = { body: { name, status } };
  };
  beforeEach(() => {
    answers[LIST] = { body: { partitions: [partition('p')] } };
    shows('stopped');
  });
  /** Powers on; `after` is what has changed once a step is about to be sent. */
  const powerOn = async (after: () => void) => {
    const operation = ctx();
    const beginStep = operation.beginStep.bind(operation);
    operation.beginStep = async (step) => {
      await beginStep(step);
      after();
    };
    return await host.operations.powerOn(operation, await host.resolve(ctx(), 'p'), {});
  };

  test('whose job is none of the HMC is concluded by the status', async () => {
    answers[START] = { status: 202, body: { 'job-uri': '/api/partitions/p' } };
    await expect(powerOn(() => shows('active'))).resolves.toMatchObject({ outcome: 'done' });
    expect(requests).not.toContain('DELETE /api/partitions/p');
  });

  test('that something in between answers with 503 is not sent again', async () => {
    answers[START] = { status: 503 };
    const failure = await failureOf(powerOn(() => undefined));
    expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', retry: 'after-reconcile' });
    expect(sent(START)).toBe(1);
  });

  test('that is refused again and again says why', async () => {
    answers[START] = { status: 409, body: { reason: 1, message: 'as many are active as may be' } };
    const began = clock.now();
    const failure = await failureOf(powerOn(() => undefined));
    expect(failure).toMatchObject({ code: 'STATE_CONFLICT', outcome: 'not-applied', native: { code: '409,1' } });
    expect(failure.message).toMatch(/as many are active/);
    expect(clock.now() - began).toBeGreaterThan(25_000);
  });

  test('of a partition that is renamed while it starts tells that it was sent', async () => {
    answers[START] = { status: 202, body: { 'job-uri': '/api/jobs/j' } };
    answers['GET /api/jobs/j'] = { body: { status: 'complete', 'job-status-code': 204 } };
    const failure = await failureOf(powerOn(() => shows('active', 'q')));
    expect(failure).toMatchObject({ code: 'INSTANCE_NOT_FOUND', outcome: 'unknown', retry: 'after-reconcile' });
    expect(failure.message).toMatch(/start had been sent/);
  });

  test('out of reservation-error stops once, though the status lags behind the job', async () => {
    answers[STOP] = { status: 202, body: { 'job-uri': '/api/jobs/j' } };
    answers[START] = { status: 202 };
    answers['GET /api/jobs/j'] = { body: { status: 'complete', 'job-status-code': 204 } };
    shows('reservation-error');
    let looks = 0;
    server.prependListener('request', ({ url }: { url?: string }) => {
      if (url?.startsWith('/api/partitions/p?') !== true) return;
      if (sent(START) > 0) shows('active');
      else if (sent(STOP) > 0 && ++looks > 2) shows('stopped');
    });
    await expect(powerOn(() => undefined)).resolves.toMatchObject({ outcome: 'done' });
    expect([sent(STOP), sent(START)]).toEqual([1, 1]);
  });
});

test('a refusal as a bare status is understood', async () => {
  answers[LIST] = { status: 503 };
  await expect(failureOf(host.resolve(ctx(), 'p'))).resolves.toMatchObject({
    code: 'BACKEND_BUSY',
    native: { status: 503, code: '503' },
  });
});

test('control characters of the HMC do not reach a terminal', async () => {
  answers[LIST] = { status: 500, body: { reason: 1, message: 'a\u001b[31mred\u0007\n\nb' } };
  const failure = await failureOf(host.resolve(ctx(), 'p'));
  expect(failure.native?.text).toBe('a [31mred b');
});
