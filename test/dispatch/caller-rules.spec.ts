import { afterEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ComputeError } from '../../src/common/errors/index.js';
import { METHODS, METHOD_NAMES, type AnyVirtDriver, type VirtHost } from '../../src/compute/contract/index.js';
import type { CallerRule } from '../../src/common/caller-rule.js';
import { fakeDriver } from '../../src/drivers/fake/index.js';
import { manualPower } from '../../src/drivers/power/manual.power.js';
import type { Journal } from '../../src/journal/journal.port.js';
import { isAboutPlaces } from '../../src/compute/dispatch/caller-rules.js';
import { EXAMPLES } from '../../src/documents/examples/index.js';
import { ComputeBench } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { HELD_MS, HeldClock } from '../support/held-clock.js';

let bench: ComputeBench;
afterEach(() => bench.discard());

/** What was asked of the journal and of the driver. */
const asked: string[] = [];

function watched<T extends object>(what: string, object: T): T {
  return new Proxy(object, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        asked.push(`${what}.${String(name)}`);
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
}

const driver: AnyVirtDriver = {
  ...fakeDriver,
  open: (name, settings, ports): VirtHost => {
    const host = fakeDriver.open(name, settings, ports);
    return { ...watched('host', { ...host }), operations: watched('operation', host.operations) };
  },
};

async function start(rules: readonly CallerRule[], settings: object = {}, clock?: HeldClock): Promise<void> {
  const hosts = ['one', 'two'].map((name) => ({
    name,
    driver: 'fake',
    settings,
    manage: undefined,
    protect: [],
    protectSelf: true,
  }));
  bench = await ComputeBench.start({
    drivers: [driver],
    powerTypes: [manualPower],
    hosts,
    rules,
    journal: (journal: Journal) => watched('journal', journal),
    ...(clock === undefined ? {} : { clock }),
  });
  asked.length = 0;
}

function rule(given: Partial<CallerRule>): CallerRule {
  return { callers: ['ann'], methods: ['*'], hosts: undefined, powerTypes: undefined, action: 'allow', ...given };
}

const as = (requestedBy: string) => ({ requestedBy });
const at = (host: string) => ({ host, instance: 'instance-0001' });
const forbidden = { code: 'FORBIDDEN', outcome: 'not-started', details: { reason: 'caller' } };

describe('what no rule allows', () => {
  it('is refused before anything else happens, and told in the audit', async () => {
    await start([rule({ hosts: ['one'] })]);
    await bench.call('compute.power_on', at('one'), as('ann'));
    asked.length = 0;
    bench.audited.length = 0;
    await expect(bench.call('compute.power_on', at('two'), as('ann'))).rejects.toMatchObject(forbidden);
    await expect(bench.call('compute.get_info', at('one'), as('bob'))).rejects.toMatchObject(forbidden);
    await expect(bench.call('host.list', {}, as('ann'))).rejects.toMatchObject(forbidden);
    expect(asked).toEqual([]);
    expect(bench.audited).toEqual([
      expect.objectContaining({ event: 'refused', requestedBy: 'ann', host: 'two', name: 'instance-0001' }),
      expect.objectContaining({ event: 'refused', requestedBy: 'bob', method: 'compute.get_info', code: 'FORBIDDEN' }),
      expect.objectContaining({ event: 'refused', requestedBy: 'ann', method: 'host.list', host: null }),
    ]);
  });

  it('reaches neither journal nor driver, whatever the rules and the requests are', async () => {
    await start([]);
    const callers = ['ann', 'bob', 'anonymous', 'oslo:ann'];
    const methods = METHOD_NAMES.filter((name) => !isAboutPlaces(name));
    const names = (all: readonly string[]) => fc.array(fc.constantFrom('*', ...all), { minLength: 1, maxLength: 3 });
    const someRules = fc.array(
      fc.record({
        callers: names(callers),
        methods: names(methods),
        hosts: fc.option(names(['one', 'two']), { nil: undefined }),
        powerTypes: fc.option(names(['manual']), { nil: undefined }),
        action: fc.constantFrom('allow' as const, 'deny' as const),
      }),
      { maxLength: 6 },
    );
    const someRequest = fc.record({
      caller: fc.constantFrom(...callers),
      method: fc.constantFrom(...methods),
      host: fc.constantFrom('one', 'two', null),
    });
    await bench.discard();
    await fc.assert(
      fc.asyncProperty(someRules, fc.array(someRequest, { minLength: 5, maxLength: 30 }), async (rules, requests) => {
        await start(rules);
        try {
          for (const { caller, method, host } of requests) {
            const { params, place } = requestFor(method, host);
            asked.length = 0;
            bench.audited.length = 0;
            const refused = await bench.call(method, params, as(caller)).then(
              () => false,
              (error: unknown) => error instanceof ComputeError && error.details['reason'] === 'caller',
            );
            expect(refused).toBe(!isAllowed(rules, caller, method, place));
            if (!refused) continue;
            expect(asked).toEqual([]);
            expect(bench.audited).toEqual([expect.objectContaining({ event: 'refused', requestedBy: caller, method })]);
          }
        } finally {
          await bench.discard();
        }
      }),
      { numRuns: 25 },
    );
    await start([]);
  }, 240_000);
});

/** A valid request for a method, at a host where it takes one, else by power type where it takes one. */
function requestFor(method: (typeof METHOD_NAMES)[number], host: string | null) {
  const candidates = [
    { params: { host, instance: 'instance-0001' }, place: { host, type: null } },
    { params: { host }, place: { host, type: null } },
    { params: { host, enabled: true }, place: { host, type: null } },
    { params: { host, instance: 'instance-0001', destination: host }, place: { host, type: null } },
    { params: { power_type: 'manual', power_parameters: {} }, place: { host: null, type: 'manual' } },
    { params: { machine: 'm1', power_type: 'manual' }, place: { host: null, type: 'manual' } },
    { params: { machine: 'm1' }, place: { host: null, type: null } },
    { params: { driver: 'fake' }, place: { host: null, type: null } },
    { params: {}, place: { host: null, type: null } },
    { params: { host: 'one', instance: 'instance-0001' }, place: { host: 'one', type: null } },
    { params: { host: 'one' }, place: { host: 'one', type: null } },
    { params: { host: 'one', enabled: true }, place: { host: 'one', type: null } },
    { params: { host: 'one', instance: 'instance-0001', destination: 'one' }, place: { host: 'one', type: null } },
    { params: { ...EXAMPLES[method].params, host: host ?? 'one' }, place: { host: host ?? 'one', type: null } },
  ];
  const fit = candidates.find(({ params }) => METHODS[method].params.safeParse(params).success);
  if (fit === undefined) throw new Error(`this test knows no request for ${method}`);
  return fit;
}

/** The rules' meaning once more, written plainly for patterns that are a name or `*`. */
function isAllowed(
  rules: readonly CallerRule[],
  caller: string,
  method: string,
  place: { host: string | null; type: string | null },
): boolean {
  for (const { callers, methods, hosts, powerTypes, action } of rules) {
    const isVouched = caller !== 'anonymous' && !caller.startsWith('oslo:');
    if (!callers.includes(caller) && !(callers.includes('*') && (isVouched || action === 'deny'))) continue;
    if (!methods.includes('*') && !methods.includes(method)) continue;
    if (hosts !== undefined || powerTypes !== undefined) {
      const atHost = place.host !== null && (hosts?.some((name) => name === '*' || name === place.host) ?? false);
      const byType = place.type !== null && (powerTypes?.some((name) => name === '*' || name === place.type) ?? false);
      if (!atHost && !byType) continue;
    }
    return action === 'allow';
  }
  return false;
}

describe('what moves an instance', () => {
  it('must be allowed at both ends', async () => {
    await start([rule({ hosts: ['one'] })]);
    const move = { ...at('one'), destination: 'two' };
    await expect(bench.call('compute.live_migrate', move, as('ann'))).rejects.toMatchObject({
      ...forbidden,
      details: { reason: 'caller', host: 'two' },
    });
    const all = { host: 'one', enabled: true, destination: 'two' };
    await expect(bench.call('host.set_maintenance', all, as('ann'))).rejects.toMatchObject(forbidden);
    expect(asked).toEqual([]);
  });
});

describe('operations', () => {
  it('are seen and cancelled by those who may do so where they act', async () => {
    const clock = new HeldClock();
    await start([rule({}), rule({ callers: ['bob'], hosts: ['two'] })], { change_delay_ms: HELD_MS }, clock);
    bench.send('compute.power_on', { ...at('one'), idempotency_key: 'k1' }, as('ann'));
    bench.send('compute.power_on', { ...at('two'), idempotency_key: 'k2' }, as('ann'));
    const both = await untilListed(2);
    const [two, one] = both;
    expect((await bench.call('operation.list', {}, as('bob'))).operations).toMatchObject([{ host: 'two' }]);
    expect(await bench.call('operation.list', { limit: 1, before: two?.operation_id }, as('bob'))).toEqual({
      operations: [],
      next: null,
    });
    for (const reference of [{ operation_id: one?.operation_id }, { idempotency_key: 'k1' }]) {
      await expect(bench.call('operation.get', reference, as('bob'))).rejects.toMatchObject(forbidden);
    }
    const refused = bench.call('operation.cancel', { operation_id: one?.operation_id }, as('bob'));
    await expect(refused).rejects.toMatchObject(forbidden);
    expect(await bench.call('operation.get', { idempotency_key: 'k2' }, as('bob'))).toMatchObject({ host: 'two' });
    bench.audited.length = 0;
    const cancelled = bench.call('operation.cancel', { operation_id: two?.operation_id }, as('bob'));
    await eventually(() => bench.audited.some(({ event }) => event === 'control'), 'the cancel');
    clock.letGo();
    await cancelled;
    expect(bench.audited.filter(({ operationId }) => operationId === two?.operation_id)).toMatchObject([
      { event: 'control', method: 'operation.cancel', requestedBy: 'bob', host: 'two' },
      { event: 'ended', method: 'compute.power_on', requestedBy: 'ann' },
    ]);
    await expect(bench.call('operation.get', { idempotency_key: 'k1' }, as('eve'))).rejects.toMatchObject(forbidden);
  });

  it('of several callers with one key: the own one comes first', async () => {
    await start([rule({ hosts: ['one'] }), rule({ callers: ['bob'], hosts: ['two'] })]);
    await bench.call('compute.power_on', { ...at('one'), idempotency_key: 'k' }, as('ann'));
    await bench.call('compute.power_on', { ...at('two'), idempotency_key: 'k' }, as('bob'));
    expect(await bench.call('operation.get', { idempotency_key: 'k' }, as('ann'))).toMatchObject({ host: 'one' });
    expect(await bench.call('operation.get', { idempotency_key: 'k' }, as('bob'))).toMatchObject({ host: 'two' });
  });
});

function untilListed(count: number): Promise<{ operation_id: string }[]> {
  return eventually(async () => {
    const { operations } = (await bench.call('operation.list', {}, as('ann'))) as {
      operations: { operation_id: string }[];
    };
    return operations.length === count ? operations : undefined;
  }, `${count} operations`);
}
