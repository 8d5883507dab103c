import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/common/secret.js';
import { STEP_CHECKPOINT, type Checkpoint, type OperationContext } from '../../../src/compute/contract/index.js';
import { openConsole } from '../../../src/console-connection.js';
import { Died, dyingAt } from '../../support/dying.js';
import { eventually } from '../../support/eventually.js';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';

const SEND = { method: 'POST', path: '*/operations/send-os-cmd' } as const;
const LIST = 'GET /api/console/operations/list-permitted-partitions';
const MESSAGES = 'GET /api/partitions/{id}/operations/list-os-messages';
const COMMAND = 'passwd-canary-4711';

let bench: HmcDpmBench;
beforeEach(async () => {
  bench = await HmcDpmBench.start();
});
afterEach(async () => {
  await bench.stop();
});

async function log(name: string, params: { tail_lines?: number } = {}, host = bench.host) {
  const { getConsoleLog } = host.operations;
  if (getConsoleLog === undefined) throw new Error('no console log');
  return await getConsoleLog(bench.context(), name, params);
}

async function access(name: string, host = bench.host, type: 'serial' | 'vnc' = 'serial') {
  const { getConsole } = host.operations;
  if (getConsole === undefined) throw new Error('no console');
  const ctx = bench.context();
  return await getConsole(ctx, await host.resolve(ctx, name), { type });
}

const send = (name: string, ctx?: OperationContext, command = COMMAND) =>
  bench.changeWith('sendConsoleCommand', name, { command }, ctx);

async function older(version: string, api: string): Promise<void> {
  await bench.stop();
  bench = await HmcDpmBench.start({ inventory: { hmc: { version, api_version: api } } });
}

const reader = () => bench.open({ userid: 'reader', password: new Secret('secret-of-reader') });

describe('the console log', () => {
  test('is what the guest wrote, in two requests, and in one for a minute after', async () => {
    for (const text of ['one', 'two\nthree']) bench.simulator.writeOsMessage('on', text);
    const { simulator } = bench;
    const { log: shown, isCut } = await log('on');
    expect(shown).toMatch(/^\S+Z one\n\S+Z two\nthree\n$/);
    expect(isCut).toBe(false);
    const since = simulator.wireLog.last;
    await expect(log('on', { tail_lines: 1 })).resolves.toEqual({ log: 'three\n', isCut: true });
    expect(bench.requests(since)).toEqual([MESSAGES]);
    await bench.clock.sleep(61_000, bench.context().signal);
    await log('on');
    expect(bench.requests(since)).toEqual([MESSAGES, LIST, MESSAGES]);
  });

  test('marks what is held or urgent', async () => {
    bench.simulator.writeOsMessage('on', 'held', { isHeld: true });
    bench.simulator.writeOsMessage('on', 'urgent', { isPriority: true });
    expect((await log('on')).log).toMatch(/Z \[held\] held\n\S+Z \[priority\] urgent\n$/);
  });

  test('says that the HMC has no longer all of it', async () => {
    for (let i = 0; i < 201; i += 1) bench.simulator.writeOsMessage('on', `line ${i}`);
    const { log: shown, isCut } = await log('on');
    expect(isCut).toBe(true);
    expect(shown).not.toMatch(/line 0\n/);
    expect(shown).toMatch(/line 200\n$/);
  });

  test('is of the partition that has the name now', async () => {
    bench.simulator.writeOsMessage('on', 'of on');
    await log('on');
    await bench.rename('on', 'formerly-on');
    await bench.clock.sleep(61_000, bench.context().signal);
    await expect(failureOf(log('on'))).resolves.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
    expect((await log('formerly-on')).log).toMatch(/of on/);
  });

  test('of a partition without the interface is a conflict that says what to do', async () => {
    bench.simulator.fault({ kind: 'error', path: '*/operations/list-os-messages', status: 409, reason: 332 });
    const failure = await failureOf(log('on'));
    expect(failure).toMatchObject({ code: 'STATE_CONFLICT', native: { code: '409,332' } });
    expect(failure.message).toMatch(/console=ttyS0/);
  });

  test('needs a task, which the refusal names', async () => {
    const failure = await failureOf(log('on', {}, reader()));
    expect(failure.code).toBe('BACKEND_FORBIDDEN');
    expect(failure.message).toMatch(/the task Operating System Messages/);
  });

  test('of what the HMC does not have is told from a partition that is not there', async () => {
    bench.simulator.fault({ kind: 'error', path: '*/operations/list-os-messages', status: 404, reason: 1 });
    const failure = await failureOf(log('on'));
    expect(failure.code).toBe('BACKEND_VERSION_UNSUPPORTED');
    expect(failure.message).toMatch(/List OS Messages.*2\.14\.0/);
    await expect(failureOf(log('nobody'))).resolves.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
  });
});

describe('the interactive console', () => {
  const trust = () => ({ fingerprintSha256: bench.simulator.fingerprint256 });

  test('is a websocket of the HMC that shows the guest, in two requests after the resolving', async () => {
    const since = bench.simulator.wireLog.last;
    const { url, expiresAt, ...rest } = await access('on');
    expect(rest).toEqual({ type: 'serial', host: null, port: null, tlsPort: null, password: null });
    expect(url).toMatch(new RegExp(`^wss://127\\.0\\.0\\.1:${bench.simulator.port}/api/websock/`));
    expect(expiresAt).toBeGreaterThan(bench.clock.now());
    expect(bench.requests(since).slice(1)).toEqual([
      LIST,
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/get-ascii-console-websocket-uri',
    ]);
    let shown = '';
    const console = await openConsole({ url: url ?? '', ...trust(), onText: (text) => (shown += text) });
    console.send('\n');
    await eventually(() => shown.includes('login:'), 'the prompt');
    await console.close();
  });

  test('is refused while somebody has it, and to be had once they have left', async () => {
    const console = await openConsole({ url: (await access('on')).url ?? '', ...trust(), onText: () => undefined });
    const failure = await failureOf(access('on'));
    expect(failure).toMatchObject({ code: 'STATE_CONFLICT', retry: 'safe', native: { status: 409 } });
    expect(failure.message).toMatch(/somebody has it already/);
    await console.close();
    await eventually(async () => (await access('on').catch(() => undefined)) !== undefined, 'the console to be free');
  });

  test.each([
    ['off', /power it on/i],
    ['paused', /reboot it/i],
    ['terminated', /crashed/],
  ])('of %s is refused, and not asked for', async (name, why) => {
    const failure = await failureOf(access(name));
    expect(failure.code).toBe('STATE_CONFLICT');
    expect(failure.message).toMatch(why);
    expect(bench.simulator.wireLog.count({ path: '*websocket-uri' })).toBe(0);
  });

  test('is there while the partition starts', async () => {
    await expect(access('starting')).resolves.toMatchObject({ type: 'serial' });
  });

  test('is serial only, needs a task, and an HMC that has it', async () => {
    await expect(failureOf(access('on', bench.host, 'vnc'))).resolves.toMatchObject({ code: 'FEATURE_UNSUPPORTED' });
    const forbidden = await failureOf(access('on', reader()));
    expect(forbidden.message).toMatch(/the task Integrated ASCII Console/);
    await older('2.14.0', '2.20');
    await expect(failureOf(access('on'))).resolves.toMatchObject({ code: 'BACKEND_VERSION_UNSUPPORTED' });
  });

  test('whose answer was lost may be asked for again', async () => {
    bench.simulator.fault({ kind: 'answer-lost', path: '*websocket-uri' });
    await expect(failureOf(access('on'))).resolves.toMatchObject({ retry: 'safe' });
  });
});

describe('a command', () => {
  const sent = () => bench.simulator.wireLog.count(SEND);
  const executed = () => bench.simulator.wireLog.count({ ...SEND, executed: true });
  const reconcile = (left: readonly Checkpoint[]) =>
    bench.reconcile({ operation: 'sendConsoleCommand', params: { command: COMMAND } }, 'on', left);

  test('is sent once, in two requests after the resolving, and what comes of it is in the log', async () => {
    const ctx = bench.context();
    await bench.host.resolve(ctx, 'on');
    const since = bench.simulator.wireLog.last;
    const result = await send('on', ctx, 'hostname');
    expect(result).toMatchObject({ outcome: 'done', state: { powerState: 'running' } });
    expect(bench.requests(since)).toEqual([
      LIST,
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/send-os-cmd',
    ]);
    await eventually(async () => (await log('on')).log.includes('on\n'), 'the answer of the guest');
  });

  test('is planned without being sent, and is not in the plan', async () => {
    const target = await bench.host.resolve(bench.context(), 'on');
    const plan = await bench.host.plan(
      bench.context(),
      { operation: 'sendConsoleCommand', params: { command: COMMAND } },
      target,
    );
    expect(plan).toMatchObject([{ action: 'send-os-cmd' }]);
    expect(JSON.stringify(plan)).not.toContain(COMMAND);
    expect(sent()).toBe(0);
  });

  test.each(['off', 'paused', 'terminated', 'starting'])('to %s is refused, and not sent', async (name) => {
    await expect(failureOf(send(name))).resolves.toMatchObject({ code: 'STATE_CONFLICT', outcome: 'not-applied' });
    expect(sent()).toBe(0);
  });

  test.each([
    ['answer-lost', {}],
    ['html-error', { when: 'after' }],
    ['html-error', { when: 'before', status: 502 }],
  ] as const)('whose answer is lost is not sent again, and nobody claims to know: %s %j', async (kind, more) => {
    bench.simulator.fault({ kind, ...SEND, ...more });
    const ctx = bench.context();
    const failure = await failureOf(send('on', ctx));
    expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown', retry: 'after-reconcile' });
    expect(JSON.stringify([failure.toWire(), ctx.checkpoints, ctx.messages, ctx.steps])).not.toContain(COMMAND);
    expect(sent()).toBe(1);
  });

  test('that the HMC repeats in its refusal is not in the error', async () => {
    const message = `The command "${COMMAND}" is refused`;
    bench.simulator.fault({ kind: 'error', ...SEND, status: 400, reason: 7, message });
    const failure = await failureOf(send('on'));
    expect(failure.code).toBe('BACKEND_REJECTED');
    expect(JSON.stringify(failure.toWire())).toMatch(/The command .*redacted/);
    expect(JSON.stringify(failure.toWire())).not.toContain(COMMAND);
  });

  test('is sent again only while the HMC is busy', async () => {
    bench.simulator.fault({ kind: 'busy', ...SEND, times: 2 });
    await expect(send('on')).resolves.toMatchObject({ outcome: 'done' });
    expect({ sent: sent(), executed: executed() }).toEqual({ sent: 3, executed: 1 });
  });

  test('whose process died around its sending is unknown, and not sent', async () => {
    const ctx = dyingAt(bench.context(), STEP_CHECKPOINT);
    await expect(send('on', ctx)).rejects.toThrow(Died);
    const left = await reconcile(ctx.checkpoints);
    expect(left).toMatchObject({ verdict: 'unknown' });
    expect(JSON.stringify(left)).not.toContain(COMMAND);
    expect(sent()).toBe(0);
  });

  test('whose process died after its answer is concluded, before its sending goes on', async () => {
    const ctx = dyingAt(bench.context(), 'answered');
    await expect(send('on', ctx)).rejects.toThrow(Died);
    await expect(reconcile(ctx.checkpoints)).resolves.toMatchObject({
      verdict: 'concluded',
      result: { outcome: 'done', state: { powerState: 'running' } },
    });
    await expect(reconcile([])).resolves.toEqual({ verdict: 'continue' });
    expect(sent()).toBe(1);
  });
});
