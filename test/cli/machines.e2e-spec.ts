import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { POWER_TYPES } from '../../src/drivers/driver-registry.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { cli, withoutProgress, type CliOptions, type CliRun } from '../support/cli.js';
import { ComputeBench } from '../support/compute-bench.js';
import { gate } from '../support/scripted-driver.js';
import { ScriptedPower } from '../support/scripted-power.js';
import { startService, type Service } from '../transport/support.js';

let broker: Pick<Broker, 'url' | 'stop'>;
let service: Service;
let bench: ComputeBench;
let power: ScriptedPower;
let directory: string;

beforeAll(async () => {
  broker = await sharedBroker();
});
afterAll(() => broker.stop());
beforeEach(async () => {
  power = new ScriptedPower();
  directory = mkdtempSync(join(tmpdir(), 'zenova-machines-'));
  bench = await ComputeBench.start({ drivers: [], hosts: [], powerTypes: [...POWER_TYPES, power.type] });
  service = await startService(broker.url);
  service.gateway.script = (method, params, meta) => bench.service.handle(method, params, meta);
});
afterEach(async () => {
  await service.close();
  await bench.discard();
  rmSync(directory, { recursive: true });
});

/** Without the progress that a busy machine has to show. */
async function zenova(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const group = service.groupQueue.replace('zenova.rpc.', '');
  const environment = { ZENOVA_AMQP_URL: broker.url, PW: 'first' };
  const run = withoutProgress(await cli([...argv, '--group', group], { environment, ...options }));
  const ofOperations = /^\S+: (accepted|running|asking .*|registering .*|changing .*|forgetting .*|done).*\n/gm;
  return { ...run, stderr: run.stderr.replace(ofOperations, '') };
}

function write(name: string, content: string | object, mode = 0o600): string {
  const file = join(directory, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content), { mode });
  chmodSync(file, mode);
  return file;
}

async function registered(): Promise<Record<string, unknown>> {
  const { machines } = await bench.call('machine.list', { limit: 1000 });
  return Object.fromEntries((machines as { name: string }[]).map((machine) => [machine.name, machine]));
}

const outlet = (node_outlet: string, power_pass: unknown = { env: 'PW' }) => ({
  power_type: 'switch',
  power_parameters: { power_address: 'pdu1', power_pass, node_outlet },
});

describe('machines on the command line', () => {
  const given = ['--type', 'switch', '--param', 'power_address=pdu1', '--param-env', 'power_pass=PW'];

  it('are registered, shown, changed, switched and removed', async () => {
    const run = await zenova(['machine', 'register', 'web01', ...given, '--param', 'node_outlet=4']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/outcome +done/);
    expect(run.stdout).toMatch(/machine.status +verified/);
    expect((await zenova(['power', 'on', '--machine', 'web01'])).stdout).toMatch(/state +on/);
    const update = ['machine', 'update', 'web01', '--param', 'node_outlet=5', '--skip-check', '--json'];
    expect(JSON.parse((await zenova(update)).stdout)).toMatchObject({
      outcome: 'done',
      machine: { status: 'unchecked', power_parameters: { node_outlet: '5' }, secret_parameters: ['power_pass'] },
    });
    expect((await zenova(['machine', 'get', 'web01'])).stdout).toMatch(/power_parameters.node_outlet +5/);
    expect((await zenova(['machine', 'list'])).stdout).toBe(
      'NAME   TYPE    CONTROLLER  STATE  SEEN AT  STATUS     ERROR\nweb01  switch  pdu1        -      -        unchecked  -\n',
    );
    await zenova(['machine', 'update', 'web01', '--remove-parameters', 'node_outlet', 'power_pass']);
    expect(await registered()).toMatchObject({ web01: { power_parameters: { power_address: 'pdu1' } } });
    expect((await zenova(['machine', 'remove', 'web01'])).stdout).toMatch(/outcome +done/);
    expect(await zenova(['machine', 'get', 'web01'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('RESOURCE_NOT_FOUND: no machine web01 is registered'),
    });
  });

  it('are listed a page at a time, and it is said when there are more', async () => {
    for (const name of ['a', 'b', 'c']) await bench.call('machine.register', { machine: name, power_type: 'manual' });
    const first = await zenova(['machine', 'list', '--limit', '2']);
    expect(first.stderr).toBe('there are more; go on with --after "b"\n');
    expect(first.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['NAME', 'a', 'b', '']);
    const last = await zenova(['machine', 'list', '--limit', '2', '--after', 'b']);
    expect(last).toMatchObject({ stderr: '', stdout: expect.stringMatching(/\nc /) });
  });

  it('have no secret among the arguments', async () => {
    for (const secret of ['power_pass=x', 'power_on_uri=https://u:x@hook.example/on']) {
      const run = await zenova(['machine', 'register', 'web01', '--type', 'webhook', '--param', secret]);
      expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('--param-file power_') });
    }
    expect(service.gateway.calls).toEqual([]);
  });
});

describe('machine import', () => {
  it('registers what a file describes, and does nothing more the next time', async () => {
    write('password', 'first\n');
    const file = write(
      'machines.yaml',
      `machines:
  - {name: web01, power_type: switch, power_parameters: {power_address: pdu1, power_pass: {file: password}}}
  - {name: web02, power_type: switch, power_parameters: {power_address: {env: PDU}, power_pass: {env: PW}, node_outlet: '2'}}
  - {name: hand, power_type: manual}
`,
    );
    const environment = { ZENOVA_AMQP_URL: broker.url, PW: 'wrong', PDU: 'pdu2' };
    const dry = await zenova(['machine', 'import', file, '--dry-run'], { environment });
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toMatch(/^web02 +would be registered +- +-$/m);
    expect(dry.stdout).toContain('\n3 to be registered, 0 to be updated, 0 unchanged, 0 failed\n');
    expect([await registered(), power.log]).toEqual([{}, []]);

    const run = await zenova(['machine', 'import', file], { environment });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^web02 +registered +unverified +BACKEND_AUTH_FAILED: .*redacted/m);
    expect(run.stdout).toContain('\n3 registered, 0 updated, 0 unchanged, 0 failed, 1 unverified\n');
    expect(await registered()).toMatchObject({
      web01: { status: 'verified', power_parameters: { power_address: 'pdu1' } },
      web02: { status: 'unverified', controller: 'pdu2' },
      hand: { power_type: 'manual' },
    });
    const again = await zenova(['machine', 'import', file, '--skip-check'], { environment });
    expect(again.stdout).toMatch(/0 registered, 0 updated, 3 unchanged, 0 failed, 1 unverified\n$/);
  });

  it('changes what is registered otherwise only when it is told to, and then makes it as the file says', async () => {
    const first = write('first.json', { machines: { web01: outlet('1'), web02: outlet('2') } });
    await zenova(['machine', 'import', first]);
    const second = write('second.json', {
      machines: {
        web01: { power_type: 'manual' },
        web02: { ...outlet('2'), power_parameters: { power_address: 'p' } },
      },
    });
    const refused = await zenova(['machine', 'import', second, '--json']);
    expect(refused).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(refused.stdout)).toMatchObject({
      dry_run: false,
      total: 2,
      failed: 2,
      machines: [
        { machine: 'web01', outcome: 'failed', status: null, reason: expect.stringContaining('ALREADY_EXISTS') },
        { machine: 'web02', outcome: 'failed' },
      ],
    });
    const dry = await zenova(['machine', 'import', second, '--update', '--dry-run']);
    expect(dry.stdout).toMatch(/^web01 +would be updated/m);
    expect(await registered()).toMatchObject({ web01: { power_type: 'switch' } });
    const run = await zenova(['machine', 'import', second, '--update', '--skip-check']);
    expect(run).toMatchObject({ code: 0, stdout: '0 registered, 2 updated, 0 unchanged, 0 failed\n' });
    expect(await registered()).toMatchObject({
      web01: { power_type: 'manual', power_parameters: {}, secret_parameters: [] },
      web02: { power_parameters: { power_address: 'p' }, secret_parameters: [] },
    });
  });

  it('tells every mistake of a file with its place, no secret, and sends nothing', async () => {
    write('open', 'first', 0o644);
    const file = write(
      'machines.yaml',
      `machines:
  web01:
    power_type: switch
    power_parameters: {power_pass: hunter2, power_address: {env: NOWHERE}}
  web02:
    power_type: switch
    power_parameters: {power_pass: {file: open}}
    power_parametres: {}
  web03: {}
hosts: {}
`,
    );
    const run = await zenova(['machine', 'import', file]);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    for (const mistake of [
      'line 4, column 24: machines[0].power_parameters.power_pass: a secret is not written here in clear',
      'the environment variable NOWHERE is not set',
      'is open to every user',
      'power_parametres: unknown key; did you mean power_parameters?',
      'line 9, column 3: machines[2].power_type: is required',
      'line 10, column 1: hosts: unknown key',
    ])
      expect(run.stderr).toContain(mistake);
    expect(run.stderr).not.toContain('hunter2');
    const twice = write('twice.yaml', 'machines: [{name: a, power_type: manual}, {name: a, power_type: manual}]');
    expect((await zenova(['machine', 'import', twice])).stderr).toContain('is taken by another machine');
    const renamed = write('renamed.yaml', 'machines: {web01: {name: web02, power_type: manual}}');
    expect((await zenova(['machine', 'import', renamed])).stderr).toContain('name: is not web01');
    for (const other of ['[1]', 'machines: 5', '{', '']) {
      expect(await zenova(['machine', 'import', write('other.yaml', other)])).toMatchObject({ code: 2 });
    }
    expect(await zenova(['machine', 'import', join(directory, 'none')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('does not exist'),
    });
    expect(service.gateway.calls).toEqual([]);
  });

  it('takes what MAAS exports, and goes on past what it cannot', async () => {
    const machine = (system_id: string, hostname: string, power_type: string | null, more: object = {}) => ({
      system_id,
      hostname,
      fqdn: `${hostname}.maas`,
      power_type,
      interface_set: [{ mac_address: '52:54:00:12:34:56' }],
      ...more,
    });
    const machines = write('machines.json', [
      machine('aaa', 'web01', 'switch'),
      machine('bbb', 'web02', 'ipmi'),
      machine('ccc', 'twin', 'switch', { fqdn: 'twin.east' }),
      machine('ddd', 'twin', 'manual', { fqdn: 'twin.west' }),
      machine('eee', 'new', ''),
      machine('fff', 'lost', 'switch'),
      machine('ggg', 'odd', 'switch'),
      machine('hhh', 'twin', 'switch', { fqdn: 'twin.west' }),
    ]);
    const { power_parameters: full } = outlet('1', 'first');
    const parameters = {
      aaa: { ...full, node_outlet: '' },
      bbb: { power_address: '10.0.0.1', power_pass: 'x' },
      ccc: { ...full, node_outlet: '3' },
      ddd: {},
      eee: {},
      ggg: { ...full, nested: { a: 1 } },
      hhh: full,
    };
    const run = (file: string, ...more: string[]) =>
      zenova(['machine', 'import', machines, '--maas-power-parameters', file, ...more]);
    const open = await run(write('open.json', parameters, 0o644));
    expect(open).toMatchObject({ code: 2, stderr: expect.stringContaining('is open to every user; run: chmod') });
    const file = write('parameters.json', parameters);
    const { code, stdout } = await run(file, '--json');
    expect(code).toBe(1);
    const { machines: all } = JSON.parse(stdout) as { machines: { machine: string; reason: string | null }[] };
    const told = all.filter(({ reason }) => reason !== 'another machine of the file has this name, too');
    expect(all.length - told.length).toBe(1);
    expect(Object.fromEntries(told.map(({ machine: name, reason }) => [name, reason]))).toEqual({
      web01: null,
      web02: expect.stringContaining('there is no power type ipmi'),
      'twin.east': null,
      'twin.west': null,
      new: 'MAAS has no power type for it',
      lost: 'its power parameters are not in the file',
      odd: expect.stringContaining('power_parameters: nested'),
    });
    expect(await registered()).toMatchObject({
      web01: { status: 'verified', power_parameters: { power_address: 'pdu1' } },
      'twin.east': { status: 'verified', power_parameters: { node_outlet: '3' } },
      'twin.west': { power_type: 'manual' },
    });
    expect((await run(file)).stdout).toMatch(/0 registered, 0 updated, 3 unchanged, 5 failed\n$/);
    const swapped = await zenova(['machine', 'import', file, '--maas-power-parameters', file]);
    expect(swapped).toMatchObject({ code: 2, stderr: expect.stringContaining('maas $PROFILE machines read') });
    // Without the second file it would be taken for one of ours.
    expect(await zenova(['machine', 'import', machines])).toMatchObject({ code: 2 });
  });

  it('registers several at a time, and never more than it was told', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `m${i}`);
    const file = write('many.json', {
      machines: Object.fromEntries(names.map((name) => [name, { power_type: 'manual' }])),
    });
    let [running, most] = [0, 0];
    const together = gate();
    service.gateway.script = async (method, params, meta) => {
      running += 1;
      most = Math.max(most, running);
      if (running === 3) together.open();
      await together.passed;
      const answer = await bench.service.handle(method, params, meta);
      running -= 1;
      return answer;
    };
    const run = await zenova(['machine', 'import', file, '--concurrency', '3']);
    expect(run).toMatchObject({ code: 0, stdout: '40 registered, 0 updated, 0 unchanged, 0 failed\n' });
    expect(most).toBe(3);
  });

  it('breaks off when nobody answers, tells how far it came, and goes on the next time', async () => {
    const file = write('many.json', {
      machines: Object.fromEntries(['a', 'b', 'c'].map((n) => [n, { power_type: 'manual' }])),
    });
    service.gateway.script = (method, params, meta) =>
      (params as { machine: string }).machine === 'b'
        ? new Promise(() => undefined)
        : bench.service.handle(method, params, meta);
    const argv = ['machine', 'import', file, '--concurrency', '1'];
    const run = await zenova([...argv, '--timeout', '5s']);
    expect(run).toMatchObject({ code: 3, stderr: expect.stringContaining('machine.register had no answer') });
    expect(run.stdout).toContain('1 registered, 0 updated, 0 unchanged, 0 failed, 2 not asked for');
    service.gateway.script = (method, params, meta) => bench.service.handle(method, params, meta);
    expect(await zenova(argv)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('2 registered, 0 updated, 1 unchanged'),
    });
  });
});
