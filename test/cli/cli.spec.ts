import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { SimulatorOptions } from '../../src/cli/index.js';
import { GROUPS, wordOf } from '../../src/cli/method-words.js';
import type { Config } from '../../src/config/index.js';
import { WireErrorSchema } from '../../src/common/errors/index.js';
import { METHODS, METHOD_NAMES } from '../../src/compute/contract/index.js';
import { configReference } from '../../src/config/index.js';
import { VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import { cli } from '../support/cli.js';

/** A broker that is not there: what reaches it has passed every check before. */
const NOWHERE = ['--url', 'amqp://127.0.0.1:1'];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-cli-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

describe('help', () => {
  it('shows every command, and the exit codes', async () => {
    const { code, stdout, stderr } = await cli(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['serve', 'simulate', 'config', 'secrets', ...Object.keys(GROUPS)])
      expect(stdout).toMatch(`\n  ${word} `);
    expect(stdout).toContain('3    no broker, no service, or no answer');
  });

  it.each(METHOD_NAMES)('%s is a verb with its summary and its fields', async (method) => {
    const [namespace = '', verb = ''] = method.split('.');
    const group = Object.entries(GROUPS).find(([, words]) => words.namespace === namespace)?.[0] ?? '';
    const { code, stdout } = await cli([group, wordOf(verb), '--help']);
    expect(code).toBe(0);
    const text = stdout.replace(/\s+/g, ' ');
    expect(text).toContain(METHODS[method].summary);
    expect(text).toContain('--timeout');
  });

  it('offers whom to ask where somebody is asked', async () => {
    expect((await cli(['host', 'list', '--help'])).stdout).toContain('--url');
    const { stdout } = await cli(['config', 'check', '--help']);
    expect(stdout).toContain('--json');
    expect(stdout).not.toMatch(/--url|--group|--server|--timeout/);
  });

  it('prints the version', async () => {
    expect(await cli(['--version'])).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
  });
});

describe('wrong usage is exit code 2, told on standard error', () => {
  it.each<[string[], string | RegExp]>([
    [[], 'Usage: zenova'],
    [['instance'], 'Usage: zenova instance'],
    [['instanse', 'list'], "unknown command 'instanse'"],
    [['instance', 'power-no', 'a', 'b'], 'Did you mean power-on?'],
    [['instance', 'power-on', 'cpc1'], "missing required argument 'instance'"],
    [['instance', 'list', 'a', 'b'], 'too many arguments'],
    [['instance', 'power-on', 'a', 'b', '--wat', '1'], "unknown option '--wat'"],
    [['instance', 'power-on', 'a', 'b', '--wait', 'never'], 'Allowed choices are result, accepted'],
    [['instance', 'power-on', 'a', 'b', '--deadline-ms', 'soon'], 'Write a number'],
    [['instance', 'power-on', 'a', 'b', '--deadline-ms', '0'], 'error: --deadline-ms: Too small'],
    [['instance', 'power-on', 'a', ''], 'error: <instance>: Too small'],
    [['host', 'set-maintenance', 'a'], "required option '--enabled <true|false>' not specified"],
    [['host', 'set-maintenance', 'a', '--enabled', 'yes'], 'Write true or false'],
    [
      ['host', 'set-maintenance', 'a', '--enabled', 'false', '--destination', 'b'],
      '--destination: only with enabled true',
    ],
    [['instance', 'live-migrate', 'a', 'b'], "required option '--destination <text>' not specified"],
    [['instance', 'power-on', 'a', 'b', '--not-after', 'tomorrow'], '--not-after: Invalid ISO datetime'],
    [['host', 'list', '--timeout', '7'], 'Write a number and a unit'],
    [['host', 'list', '--url', 'http://x'], '--url is no broker address; write amqp://'],
    [['operation', 'watch', 'no-uuid'], 'error: <operation-id>: Invalid UUID'],
    [['serve', '--url', 'amqp://x'], 'error: --url is for commands that ask a service'],
    [['config', 'check', '--timeout', '1s'], 'error: --timeout is for commands that ask a service'],
    [['operation', 'get'], 'name the operation by exactly one of'],
    [['operation', 'get', 'no-uuid'], '<operation-id>: Invalid UUID'],
    [['operation', 'list', '--limit', '0'], '--limit: Too small'],
    [['power', 'on', '--host', 'a'], 'name the machine in exactly one way'],
    [['power', 'query', '--type', 'manual', '--param', 'novalue'], 'error: after --param comes name='],
    [['simulate', 'hmc'], "required option '--inventory <file>' not specified"],
    [['simulate', 'hmc', '--inventory', 'x', '--port', '-1'], 'Write a port'],
  ])('%j', async (argv, message) => {
    const { code, stdout, stderr } = await cli(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('tells where help is', async () => {
    expect((await cli(['operation', 'get'])).stderr).toContain('Try: zenova operation get --help');
  });
});

describe('secret parameters', () => {
  it.each([
    ['named so by the power type', ['--type', 'hmcz', '--param', 'power_pass=hidden']],
    ['named so everywhere', ['--param', 'password=hidden', '--type', 'manual']],
    ['without a type', ['--param', 'power_pass=hidden']],
  ])('%s are refused on the command line', async (_, options) => {
    const { code, stderr } = await cli(['power', 'query', ...options, ...NOWHERE]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/is secret and is not given with --param.*--param-file .*=PATH or --param-env/);
    expect(stderr).not.toContain('hidden');
  });

  it('come from files and variables', async () => {
    const file = write('pw', 'hidden\n');
    const { code } = await cli(['power', 'query', '--type', 'hmcz', '--param-file', `power_pass=${file}`, ...NOWHERE]);
    expect(code).toBe(3);
    const { stderr } = await cli(['power', 'query', '--type', 'hmcz', '--param-env', 'power_pass=NOPE', ...NOWHERE]);
    expect(stderr).toContain('power_pass: the variable NOPE is not set');
  });

  it.each([
    ['--param', 'power query --type hmcz --param hidden'],
    ['--param-file', 'power query --type hmcz --param-file hidden'],
    ['--param-env', 'power query --type hmcz --param-env hidden'],
    ['--url', 'host list --url http://me:hidden@broker'],
    ['--url', 'host list --url amqp://me:hidden@127.0.0.1:1'],
  ])('that stand after %s are refused and not repeated', async (flag, line) => {
    const { code, stdout, stderr } = await cli(line.split(' '));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(flag);
    expect(stderr).not.toContain('hidden');
  });

  it('whose file is missing are named', async () => {
    const argv = ['power', 'query', '--type', 'hmcz', '--param-file', `power_pass=${directory}/none`, ...NOWHERE];
    expect(await cli(argv)).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be read (ENOENT)') });
  });
});

describe('without a broker', () => {
  it('is exit code 3, with the error as data for programs', async () => {
    const { code, stdout, stderr } = await cli(['host', 'list', '--json'], {
      environment: { ZENOVA_AMQP_URL: 'amqp://me:hidden@127.0.0.1:1' },
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^BACKEND_UNREACHABLE: cannot reach the broker at amqp:\/\/127\.0\.0\.1:1 /);
    expect(WireErrorSchema.parse(JSON.parse(stdout))).toMatchObject({ code: 'BACKEND_UNREACHABLE' });
    expect(stdout + stderr).not.toContain('hidden');
  });

  it('that says nothing is given up at an interruption', async () => {
    const interruption = new AbortController();
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => interruption.abort());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => sockets.add(socket));
    const run = await cli(['host', 'list', '--url', `amqp://127.0.0.1:${port}`], { interrupted: interruption.signal });
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
    expect(run).toEqual({ code: 130, stdout: '', stderr: 'interrupted\n' });
  });

  it('takes the address from ZENOVA_AMQP_URL', async () => {
    const { stderr } = await cli(['host', 'list'], { environment: { ZENOVA_AMQP_URL: 'amqp://127.0.0.1:2' } });
    expect(stderr).toContain('amqp://127.0.0.1:2');
  });

  it('features shows the matrix, and one driver', async () => {
    const matrix = await cli(['features', ...NOWHERE]);
    expect(matrix).toMatchObject({ code: 0, stderr: '' });
    expect(matrix.stdout).toMatch(/^FEATURE +STATUS +HMC-DPM +VIRSH +FAKE/);
    expect(matrix.stdout).toMatch(/\noperation\.get-guest-info +mandatory +complete\? +complete\?/);
    expect(matrix.stdout).toMatch(/\nPOWER TYPE +ON +OFF /);
    expect(matrix.stdout).toMatch(/\nmanual +power\.query +always answers unknown\n/);
    expect(matrix.stdout).toMatch(/\nmanual +not met +no +mandatory, and missing: power\.on, power\.off\n/);
    const driver = await cli(['features', 'driver', 'hmc-dpm', '--json']);
    expect(JSON.parse(driver.stdout)).toMatchObject({ driver: 'hmc-dpm', kind: 'virt' });
  });

  it('features of a driver that does not exist names those there are', async () => {
    const { code, stderr } = await cli(['features', 'driver', 'nope']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^RESOURCE_NOT_FOUND: .*hmc-dpm/);
  });

  it('power types shows them', async () => {
    expect((await cli(['power', 'types'])).stdout).toMatch(/\nhmcz .* on off .*power_address\*/);
  });
});

describe('config', () => {
  const GOOD = 'server: s1\nhttp: {token: {env: T}}\nhosts: {f: {driver: fake}}\n';

  it('check says OK', async () => {
    const file = write('z.yaml', GOOD);
    const { code, stdout } = await cli(['config', 'check', '--config', file], { environment: { T: 'hidden' } });
    expect(code).toBe(0);
    expect(stdout).toBe(`OK ${file}: server s1, broker amqp://127.0.0.1:5672, f (fake)\n`);
  });

  it('check names mistakes of caller rules', async () => {
    const rules = [
      '  - {callers: [a], methods: [power.of, nothing.like-it], hosts: [g, "f*"], power_types: [manuel]}',
      '  - {caller: a}',
    ].join('\n');
    const file = write('z.yaml', `hosts: {f: {driver: fake}}\nrules:\n${rules}\n`);
    const { code, stderr } = await cli(['config', 'check', '--config', file]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      `CONFIG_INVALID: ${file} is not valid:\n` +
        '  line 3, column 30: rules[0].methods[0]: "power.of" matches no method; did you mean power.on?\n' +
        '  line 3, column 40: rules[0].methods[1]: "nothing.like-it" matches no method\n' +
        '  line 3, column 66: rules[0].hosts[0]: "g" matches no host of this configuration; did you mean f?\n' +
        '  line 3, column 90: rules[0].power_types[0]: "manuel" matches no power type; did you mean manual?\n' +
        '  line 4, column 5: rules[1].callers: is required\n' +
        '  line 4, column 6: rules[1].caller: unknown key; did you mean callers?\n',
    );
    const empty = write('e.yaml', 'rules:\n');
    expect((await cli(['config', 'check', '--config', empty])).stderr).toContain('rules: is empty: take the key away');
  });

  it('rules prints what somebody may do', async () => {
    const rules =
      'rules:\n- {callers: [ann], hosts: [f], methods: ["*.power_on", "operation.get"]}\n- {callers: [bob]}\n';
    const file = write('z.yaml', `hosts: {f: {driver: fake}, g: {driver: fake}}\n${rules}`);
    const { code, stdout } = await cli(['config', 'rules', 'ann', '--config', file]);
    expect(code).toBe(0);
    const row = (method: string, text = stdout) =>
      text
        .split('\n')
        .find((line) => line.startsWith(`${method} `))
        ?.split(/ {2,}/);
    expect(row('compute.power_on')).toEqual(['compute.power_on', '-', 'f', '-']);
    expect(row('compute.power_off')?.[2]).toBe('none');
    expect(row('operation.get')).toEqual(['operation.get', '-', 'f', 'none']);
    expect(row('host.list')).toEqual(['host.list', 'no', '-', '-']);
    const bob = await cli(['config', 'rules', 'bob', '--config', file]);
    expect(row('power.off', bob.stdout)?.slice(0, 3)).toEqual(['power.off', '-', 'f g']);
    expect(row('host.list', bob.stdout)?.[1]).toBe('yes');
    const json = await cli(['config', 'rules', 'ann', '--config', file, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      caller: 'ann',
      methods: expect.arrayContaining([{ method: 'host.list', allowed: false, hosts: null, power_types: null }]),
    });
  });

  it('check names every mistake', async () => {
    const file = write('z.yaml', 'http: {prot: 1}\nhosts: {f: {driver: fak}}\n');
    const { code, stdout, stderr } = await cli(['config', 'check', '--config', file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      `CONFIG_INVALID: ${file} is not valid:\n` +
        '  line 1, column 8: http.prot: unknown key; did you mean port?\n' +
        '  line 2, column 13: hosts.f.driver: there is no driver of this name; did you mean fake?\n',
    );
  });

  it('show prints what is in effect, without secrets', async () => {
    const file = write('z.yaml', GOOD);
    const environment = { T: 'hidden', ZENOVA__HTTP__PORT: '1', ZENOVA_AMQP_URL: 'amqp://u:hidden@b' };
    const { stdout } = await cli(['config', 'show', '--config', file], { environment });
    expect(stdout).toMatch(/^# .*z\.yaml\nserver: s1\n/);
    expect(stdout).toContain('  port: 1\n');
    expect(stdout).toMatch(/token: "?\[redacted\]/);
    expect(stdout).not.toContain('hidden');
    const asData = await cli(['config', 'show', '--config', file, '--json'], { environment });
    expect(JSON.parse(asData.stdout)).toMatchObject({ amqp: { url: 'amqp://[redacted]@b' } });
  });

  it('reference prints and writes the document', async () => {
    const expected = configReference(new Map(VIRT_DRIVERS.map(({ name, settings }) => [name, settings])));
    expect((await cli(['config', 'reference'])).stdout).toBe(expected);
    const file = join(directory, 'reference.md');
    expect(await cli(['config', 'reference', '--output', file])).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(file, 'utf8')).toBe(expected);
  });
});

describe('serve and simulate', () => {
  it('serve runs the configuration until it is interrupted', async () => {
    const file = write('z.yaml', 'server: s1\n');
    const interruption = new AbortController();
    const stop = jest.fn(() => Promise.resolve());
    const serve = jest.fn((_config: Config) => {
      interruption.abort();
      return Promise.resolve({ stop });
    });
    const run = await cli(['serve', '--config', file], { serve, interrupted: interruption.signal });
    expect(run).toMatchObject({ code: 0 });
    expect(serve.mock.calls[0]?.[0]).toMatchObject({ server: 's1', isSimulatedEstate: false });
    expect(stop).toHaveBeenCalledTimes(1);
  });

  it('serve does not begin with a configuration that is not there', async () => {
    const { code, stderr } = await cli(['serve', '--config', join(directory, 'none.yaml')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^CONFIG_INVALID: configuration file .*none\.yaml \(named by --config\) does not exist/);
  });

  it('a defect says so', async () => {
    const { code, stderr } = await cli(['serve', '--config', write('z.yaml', '')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^INTERNAL: .*\[nothing is served here\]/);
  });

  it('simulate hmc tells where it listens, and stops', async () => {
    const interruption = new AbortController();
    const stop = jest.fn(() => Promise.resolve());
    const simulateHmc = jest.fn((_options: SimulatorOptions) =>
      Promise.resolve({ url: 'https://127.0.0.1:7', fingerprint256: 'AB:CD', stop }),
    );
    const run = await cli(
      ['simulate', 'hmc', '--inventory', 'i.yaml', '--port', '0', '--certificate-out', 'c.pem', '--json'],
      { simulateHmc, interrupted: interruption.signal, onWrite: () => interruption.abort() },
    );
    expect(simulateHmc).toHaveBeenCalledWith({
      inventoryFile: 'i.yaml',
      host: '127.0.0.1',
      port: 0,
      certificateFile: 'c.pem',
    });
    expect(JSON.parse(run.stdout)).toEqual({
      url: 'https://127.0.0.1:7',
      fingerprint_sha256: 'AB:CD',
      certificate: 'c.pem',
    });
    expect(run.code).toBe(0);
    expect(stop).toHaveBeenCalledTimes(1);
  });

  it('simulate hmc tells of its notifications and of the other HMC', async () => {
    const interruption = new AbortController();
    const stop = () => Promise.resolve();
    const one = { fingerprint256: 'AB:CD', stop };
    const peer = { ...one, url: 'https://127.0.0.1:8', stompPort: 18 };
    const simulateHmc = jest.fn((_options: SimulatorOptions) =>
      Promise.resolve({ ...one, url: 'https://127.0.0.1:7', stompPort: 17, peer }),
    );
    const run = await cli(['simulate', 'hmc', '--inventory', 'i.yaml', '--stomp-port', '17', '--json'], {
      simulateHmc,
      interrupted: interruption.signal,
      onWrite: () => interruption.abort(),
    });
    expect(simulateHmc).toHaveBeenCalledWith(expect.objectContaining({ port: 6794, stompPort: 17 }));
    expect(JSON.parse(run.stdout)).toMatchObject({
      stomp_port: 17,
      redundant_url: 'https://127.0.0.1:8',
      redundant_stomp_port: 18,
    });
  });

  it('simulate webhook tells where it listens, on a port of its own', async () => {
    const interruption = new AbortController();
    const stop = jest.fn(() => Promise.resolve());
    const simulateWebhook = jest.fn((_options: SimulatorOptions) =>
      Promise.resolve({ url: 'http://127.0.0.1:8781', fingerprint256: null, stop }),
    );
    const run = await cli(['simulate', 'webhook', '--inventory', 'i.yaml', '--json'], {
      simulateWebhook,
      interrupted: interruption.signal,
      onWrite: () => interruption.abort(),
    });
    expect(simulateWebhook).toHaveBeenCalledWith({ inventoryFile: 'i.yaml', host: '127.0.0.1', port: 8781 });
    expect(JSON.parse(run.stdout)).toMatchObject({ url: 'http://127.0.0.1:8781', fingerprint_sha256: null });
    expect(stop).toHaveBeenCalledTimes(1);
  });

  it('simulate hmc says why it does not start', async () => {
    const run = await cli(['simulate', 'hmc', '--inventory', 'i.yaml']);
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('the simulator does not start: nothing is') });
  });
});
