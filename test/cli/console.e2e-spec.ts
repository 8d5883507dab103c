import { createServer as createPlainServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocketServer, type WebSocket } from 'ws';
import { ComputeError, type JsonValue } from '../../src/common/errors/index.js';
import { openConsole } from '../../src/console-connection.js';
import { createCertificate, type ServerCertificate } from '../../src/simulators/kit/certificate.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { cli, type CliRun } from '../support/cli.js';
import { startService, type Service } from '../transport/support.js';

let broker: Pick<Broker, 'url' | 'stop'>;
let certificate: ServerCertificate;
let service: Service;
let server: Server;
let sockets: WebSocketServer;
/** What the console was sent. */
let reached: string;
let typed: PassThrough;

beforeAll(async () => {
  broker = await sharedBroker();
  certificate = await createCertificate('hmc', ['127.0.0.1']);
});
beforeEach(async () => {
  reached = '';
  typed = new PassThrough();
  server = createServer({ key: certificate.keyPem, cert: certificate.certificatePem });
  sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket: WebSocket) => {
    socket.send('web01 login: ');
    socket.on('message', (data: Buffer) => {
      reached += data.toString();
      if (reached.endsWith('bye\r')) socket.close(1000);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  service = await startService(broker.url);
});
afterEach(async () => {
  for (const client of sockets.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
  await service.close();
});
afterAll(() => broker.stop());

const access = (url: string | null): JsonValue => ({
  type: 'serial',
  url,
  host: null,
  port: null,
  tls_port: null,
  password: null,
  expires_at: null,
});
const wss = (): string => `wss://127.0.0.1:${(server.address() as AddressInfo).port}/api/websock/the-secret/1`;

function console(options: readonly string[], onWrite?: (stdout: string) => void): Promise<CliRun> {
  return cli(
    ['instance', 'console', 'cpc1', 'web01', ...options, '--group', service.groupQueue.replace('zenova.rpc.', '')],
    {
      environment: { ZENOVA_AMQP_URL: broker.url },
      stdin: typed,
      openConsole,
      ...(onWrite === undefined ? {} : { onWrite }),
    },
  );
}

describe('instance console', () => {
  it('shows the console of an instance, sends what is typed, and ends with ^]', async () => {
    service.gateway.script = () => Promise.resolve(access(wss()));
    let isTyped = false;
    const { code, stdout, stderr } = await console(['--fingerprint', certificate.fingerprint256], (shown) => {
      if (isTyped || !shown.includes('login: ')) return;
      isTyped = true;
      typed.write('root\r\u001d');
    });
    expect({ code, stdout, reached }).toEqual({ code: 0, stdout: 'web01 login: ', reached: 'root\r' });
    expect(stderr).toMatch(/connected to the console of web01; \^\] leaves it/);
    expect(stderr).not.toContain('the-secret');
    expect(service.gateway.calls).toMatchObject([
      { method: 'compute.get_console', params: { host: 'cpc1', instance: 'web01', type: 'serial' } },
    ]);
  });

  it('ends when the guest does', async () => {
    service.gateway.script = () => Promise.resolve(access(wss()));
    typed.write('bye\r');
    const { code, stderr } = await console(['--insecure']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/closed at its other end/);
  });

  it('trusts nobody by itself', async () => {
    service.gateway.script = () => Promise.resolve(access(wss()));
    const { code, stdout, stderr } = await console([]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^TLS_UNTRUSTED.*--ca-file/);
    expect(stderr).not.toContain('the-secret');
  });

  it('connects without encryption to this machine, and to others when it is told to', async () => {
    const plain = createPlainServer();
    const consoles = new WebSocketServer({ server: plain });
    consoles.on('connection', (socket: WebSocket) => {
      // A letter in two parts.
      const letter = Buffer.from('é');
      socket.send(letter.subarray(0, 1));
      socket.send(letter.subarray(1), () => socket.close(1000));
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as AddressInfo;
    try {
      service.gateway.script = () => Promise.resolve(access(`ws://127.0.0.1:${port}/v1/console/the-secret`));
      const { code, stdout, stderr } = await console([]);
      expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: 'é' });
      service.gateway.script = () => Promise.resolve(access('ws://kvm.invalid/v1/console/the-secret'));
      expect((await console([])).stderr).toMatch(/^FEATURE_LIMITED.*kvm\.invalid without encryption.*--insecure/);
      const told = await console(['--insecure']);
      expect(told.stderr).toMatch(/^BACKEND_UNREACHABLE.*console\.public_url/);
      expect(told.stderr).not.toContain('the-secret');
    } finally {
      await new Promise((resolve) => plain.close(resolve));
    }
  });

  it.each([null, 'http://127.0.0.1:1/x', 'telnet://127.0.0.1'])('connects to nothing else: %j', async (url) => {
    service.gateway.script = () => Promise.resolve(access(url));
    const { code, stderr } = await console([]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/FEATURE_LIMITED.*get-console --type serial/);
  });

  it('tells why there is no console', async () => {
    service.gateway.script = () => Promise.reject(new ComputeError('STATE_CONFLICT', 'it is stopped'));
    const { code, stderr } = await console([]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^STATE_CONFLICT: it is stopped/);
  });

  it.each([
    [['--fingerprint', 'abc'], /64 hexadecimal digits/],
    [['--insecure', '--ca-file', 'x'], /cannot be used with/],
  ])('is used wrongly with %j', async (options, message) => {
    const { code, stderr } = await console(options);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(service.gateway.calls).toEqual([]);
  });
});
