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
    request_timeout_ms: 1000,
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
  await expect(host.operations.powerOn(operation, target)).resolves.toMatchObject({ outcome: 'done' });
  expect(requests.filter((line) => line.endsWith('/start'))).toHaveLength(1);
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
