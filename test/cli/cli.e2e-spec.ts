import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { isoTime } from '../../src/common/clock.js';
import { ComputeError, WireErrorSchema, type JsonValue } from '../../src/common/errors/index.js';
import type { OperationView } from '../../src/compute/contract/index.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { cli, withoutProgress, type CliOptions, type CliRun } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { startService, type Service } from '../transport/support.js';

const STATE = { state: 'on', transition: null, native_state: 'active', observed_at: isoTime(0) };
const ID = randomUUID();

let broker: Pick<Broker, 'url' | 'stop'>;
let service: Service;

beforeAll(async () => {
  broker = await sharedBroker();
});
afterEach(() => service.close());
afterAll(() => broker.stop());

async function serving(handle: (method: string, params: Record<string, string>) => Promise<unknown>): Promise<void> {
  // Events on the exchange that the command line listens to; keys tell whose they are.
  service = await startService(broker.url, { eventsExchange: 'zenova.events' });
  service.gateway.script = (method, params) => handle(method, params as Record<string, string>) as Promise<JsonValue>;
}

async function zenova(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  return withoutProgress(await watched(argv, options));
}

/** With the progress that it shows when something takes a second. */
function watched(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const group = service.groupQueue.replace('zenova.rpc.', '');
  return cli([...argv, '--group', group], { environment: { ZENOVA_AMQP_URL: broker.url, PW: 'hidden' }, ...options });
}

function operation(more: Partial<OperationView>): OperationView {
  return {
    operation_id: ID,
    method: 'compute.power_on',
    state: 'running',
    driver: 'fake',
    target: 'fake:x:y',
    host: 'cpc1',
    name: 'web01',
    parent_operation_id: null,
    requested_by: 'guest',
    idempotency_key: 'k',
    message_id: null,
    correlation_id: null,
    accepted_at: isoTime(1000),
    started_at: null,
    finished_at: null,
    not_after: null,
    attempts: 1,
    progress: null,
    result: null,
    error: null,
    ...more,
  };
}

function tell(more: Partial<OperationView>): void {
  service.transport.events.publish({ kind: 'operation', operation: operation(more), at: Date.now() });
}

describe('an answer', () => {
  it('is facts for people and data for programs', async () => {
    await serving(() => Promise.resolve(STATE));
    const argv = ['power', 'query', '--host', 'cpc1', '--instance', 'web01'];
    const people = await zenova(argv);
    expect(people).toMatchObject({ code: 0, stderr: '' });
    expect(people.stdout).toBe(`state         on\nnative_state  active\nobserved_at   ${isoTime(0)}\n`);
    const programs = await zenova([...argv, '--json']);
    expect(JSON.parse(programs.stdout)).toEqual(STATE);
    expect(service.gateway.calls.map(({ params }) => params)).toEqual([
      { host: 'cpc1', instance: 'web01' },
      { host: 'cpc1', instance: 'web01' },
    ]);
    // The user of the broker's address, for whom the broker has vouched.
    expect(service.gateway.calls[0]?.meta.requestedBy).toBe('guest');
  });

  it('that lists is a table, and cannot steer the terminal', async () => {
    const instance = {
      name: 'web\u001b[2J01',
      id: 'id1',
      power_state: 'running',
      power_state_code: 1,
      transition: null,
      native_state: 'active',
      observed_at: isoTime(0),
    };
    await serving(() => Promise.resolve({ host: 'cpc1', instances: [instance] }));
    const { stdout } = await zenova(['instance', 'list', 'cpc1']);
    expect(stdout).toBe(
      'NAME       STATE    TRANSITION  NATIVE STATE  ID\nweb\ufffd[2J01  running  -           active        id1\n',
    );
  });

  it('to a change comes from what the options say', async () => {
    await serving(() => Promise.resolve({ operation_id: ID, outcome: 'already', power_state: 'running' }));
    const run = await zenova(
      'instance power-on cpc1 web01 --idempotency-key mine --wait accepted --not-after 2030-01-01T00:00:00Z'.split(' '),
    );
    expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/outcome +already\npower_state +running/) });
    expect(service.gateway.calls[0]).toMatchObject({
      method: 'compute.power_on',
      params: {
        host: 'cpc1',
        instance: 'web01',
        idempotency_key: 'mine',
        wait: 'accepted',
        not_after: '2030-01-01T00:00:00Z',
      },
    });
  });

  it('to a plan is its steps', async () => {
    const steps = [{ action: 'start', description: 'start LPAR web01' }];
    await serving(() => Promise.resolve({ operation_id: null, outcome: 'planned', steps }));
    const { stdout } = await zenova(['instance', 'power-on', 'cpc1', 'web01', '--plan']);
    expect(stdout).toBe('WOULD DO  DESCRIPTION\nstart     start LPAR web01\n');
  });

  it('to a machine given in full gets its parameters, secrets from elsewhere', async () => {
    await serving(() => Promise.resolve(STATE));
    const run = await zenova(
      (
        'power query --type hmcz --param power_address=h=1 --param power_user=u ' +
        '--param-env power_pass=PW --param macs=a --param macs=b'
      ).split(' '),
    );
    expect(run.code).toBe(0);
    expect(service.gateway.calls[0]?.params).toEqual({
      power_type: 'hmcz',
      power_parameters: { power_address: 'h=1', power_user: 'u', power_pass: 'hidden', macs: ['a', 'b'] },
    });
  });
});

describe('a failure', () => {
  it('that a test found is exit code 1, with the table and nothing else', async () => {
    const checks = [{ name: 'address', ok: false, detail: 'no route', remedy: 'check the cable' }];
    await serving(() => Promise.resolve({ host: 'cpc1', ok: false, checks }));
    expect(await zenova(['host', 'test', 'cpc1'])).toEqual({
      code: 1,
      stdout: 'CHECK    OK  DETAIL    REMEDY\naddress  NO  no route  check the cable\n',
      stderr: '',
    });
  });

  it('is one line with code, message and remedy, and a WireError for programs', async () => {
    await serving(() =>
      Promise.reject(new ComputeError('BACKEND_BUSY', 'the HMC is busy\u001b[1m', { operationId: ID, target: 't' })),
    );
    const { code, stdout, stderr } = await zenova(['instance', 'power-on', 'cpc1', 'web01', '--json']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `BACKEND_BUSY: the HMC is busy\ufffd[1m (the same request may be sent again; see: zenova operation get ${ID})\n`,
    );
    expect(WireErrorSchema.parse(JSON.parse(stdout))).toMatchObject({ code: 'BACKEND_BUSY', operation_id: ID });
  });

  it('for want of an answer is exit code 3', async () => {
    const answers = new AbortController();
    await serving(() => once(answers.signal, 'abort').then(() => STATE));
    const run = await zenova(['host', 'list', '--timeout', '100ms']);
    const change = await zenova('instance reboot cpc1 web01 --idempotency-key k1 --timeout 100ms'.split(' '));
    answers.abort();
    expect(run).toMatchObject({ code: 3, stderr: expect.stringMatching(/^BACKEND_TIMEOUT: host\.list had no answer/) });
    expect(run.stderr).toContain('no service takes requests there, or it is not done yet');
    expect(change).toMatchObject({ code: 3 });
    expect(change.stderr).toContain('(see: zenova operation get --idempotency-key k1)');
  });

  it('by interruption is exit code 130, and tells where the outcome will be', async () => {
    const interruption = new AbortController();
    const answers = new AbortController();
    let asked: Record<string, string> = {};
    await serving((_, params) => {
      asked = params;
      interruption.abort();
      return once(answers.signal, 'abort').then(() => STATE);
    });
    const run = await zenova(['instance', 'reboot', 'cpc1', 'web01'], { interrupted: interruption.signal });
    answers.abort();
    const key = asked['idempotency_key'];
    expect(run).toEqual({
      code: 130,
      stdout: '',
      stderr: `interrupted; the operation goes on, see: zenova operation get --idempotency-key ${key}\n`,
    });
  });
});

describe('progress', () => {
  const changing = async (argv: readonly string[], isTerminal: boolean): Promise<CliRun> => {
    const answers = new AbortController();
    let key: string | undefined;
    let isShown = false;
    await serving((_, params) => {
      key = params['idempotency_key'] ?? '';
      return once(answers.signal, 'abort').then(() => ({ operation_id: ID, outcome: 'done' }));
    });
    // Over and over: the command may have asked before it listens.
    const told = (): Promise<unknown> =>
      eventually(() => {
        const progress = { message: 'half way', percent: 50, at: isoTime(1) };
        if (key !== undefined && isShown) tell({ idempotency_key: key, progress });
        return answers.signal.aborted;
      }, 'the news to be shown');
    const shown = watched(argv, {
      isTerminal,
      onWrite: (_, stderr) => {
        isShown = true;
        if (stderr.includes('half way')) answers.abort();
      },
    });
    const [run] = await Promise.all([shown, told()]);
    return run;
  };

  it('is plain lines after a second', async () => {
    const run = await changing(['instance', 'power-on', 'cpc1', 'web01', '--json'], false);
    expect(run.stderr).toBe('waiting for compute.power_on\nweb01: half way (50 %)\n');
    expect(JSON.parse(run.stdout)).toMatchObject({ outcome: 'done' });
  });

  it('is a bar on a terminal', async () => {
    const run = await changing(['instance', 'power-on', 'cpc1', 'web01'], true);
    expect(run.stderr).toContain('##########.......... ');
    expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/outcome +done/) });
  });
});

describe('operation watch', () => {
  it('follows an operation until it is over', async () => {
    await serving(() => Promise.resolve(operation({})));
    const tellTheRest = async (): Promise<void> => {
      await service.gateway.called(2); // asked for a second time: it listens to events now
      tell({ progress: { message: 'half way', percent: 50, at: isoTime(1) } });
      tell({ state: 'done', result: { outcome: 'done' }, finished_at: isoTime(2) });
    };
    const [run] = await Promise.all([zenova(['operation', 'watch', ID]), tellTheRest()]);
    expect(run.stderr).toMatch(/^(waiting for .*\n)?web01: running\nweb01: half way \(50 %\)\nweb01: done\n$/);
    expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/state +done/) });
  });

  it('fails as the operation does', async () => {
    const error = new ComputeError('OPERATION_FAILED', 'the job failed').toWire();
    await serving(() => Promise.resolve(operation({ state: 'failed', error })));
    const run = await zenova(['operation', 'watch', ID]);
    expect(run).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('OPERATION_FAILED: the job failed'),
    });
  });
});

describe('power query-many', () => {
  const seen = (machine: string) => ({ machine, host: null, instance: null, ...STATE, error: null });
  const failed = {
    ...seen('dead'),
    state: 'unknown',
    native_state: null,
    observed_at: null,
    error: { code: 'BACKEND_TIMEOUT', message: 'hmc1 did not answer within 20 s' },
  };
  /** Three pages; the first is not there before the last was asked for. */
  async function pages(): Promise<void> {
    await serving(() => Promise.reject(new Error('no script yet')));
    let isLastAskedFor: () => void;
    const lastAskedFor = new Promise<void>((resolve) => (isLastAskedFor = resolve));
    service.gateway.script = async (_, params, meta) => {
      const { after } = params as { after?: string };
      if (after === '2') {
        isLastAskedFor();
        return { results: [seen('c')], next: null, total: null };
      }
      if (after === '1') return { results: [], next: '2', total: null };
      meta.progress?.({ results: [], next: '1', total: 3, done: 0, of: 2 });
      await lastAskedFor;
      return { results: [seen('a'), failed], next: '1', total: 3 };
    };
  }

  it('goes through all pages, and on while one of them waits', async () => {
    await pages();
    const { code, stdout, stderr } = await zenova(['power', 'query-many', '--type', 'hmcz']);
    expect(code).toBe(0);
    const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
    expect(names.filter((name) => name !== '').toSorted()).toEqual(['NAME', 'a', 'c', 'dead']);
    expect(stdout).toMatch(/^dead +unknown .*BACKEND_TIMEOUT: hmc1 did not answer within 20 s$/m);
    expect(stderr).toBe('3 machines: 2 on, 1 without an answer\n');
    expect(service.gateway.calls.map(({ params }) => params)).toEqual([
      { power_type: 'hmcz', stream: true },
      { power_type: 'hmcz', after: '1', stream: true },
      { power_type: 'hmcz', after: '2', stream: true },
    ]);
  });

  it('prints one answer for programs', async () => {
    await pages();
    const { stdout, stderr } = await zenova(['power', 'query-many', '--json']);
    const { results, ...rest } = JSON.parse(stdout) as { results: { machine: string }[] };
    expect(results.map(({ machine }) => machine).toSorted()).toEqual(['a', 'c', 'dead']);
    expect(rest).toEqual({ next: null, total: 3 });
    expect(stderr).toBe('');
  });

  it('says that there is nothing', async () => {
    await serving(() => Promise.resolve({ results: [], next: null, total: 0 }));
    // A busy machine says it twice, the first time as progress.
    const said = expect.stringMatching(/^(0 machines\n){1,2}$/) as unknown;
    expect(await zenova(['power', 'query-many'])).toMatchObject({ stdout: '(none)\n', stderr: said });
    const { stdout } = await zenova(['power', 'query-many', '--json']);
    expect(JSON.parse(stdout)).toEqual({ results: [], next: null, total: 0 });
  });

  it('fails with a page that fails', async () => {
    await serving((_, { after }) =>
      after === undefined
        ? Promise.resolve({ results: [seen('a')], next: '1', total: 2 })
        : Promise.reject(new ComputeError('JOURNAL_UNAVAILABLE', 'the database is away')),
    );
    const { code, stderr } = await zenova(['power', 'query-many']);
    expect(code).toBe(1);
    expect(stderr).toContain('the database is away');
  });
});
