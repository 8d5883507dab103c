import { describe, expect, it } from '@jest/globals';
import { instanceInfo } from '../../../test/support/instance-info.js';
import { ComputeError, type JsonValue } from '../../common/errors/index.js';
import type { Description } from './difference.js';
import { planDeployment, type Ask } from './plan.js';

const description: Description = { host: 'cpc1', name: 'web01', flavor: { vcpus: 2, memory_mib: 4096 } };
const info = instanceInfo();

const error = (code: ConstructorParameters<typeof ComputeError>[0], details: Record<string, JsonValue> = {}) =>
  new ComputeError(code, code, { details });
const taken = (details: Record<string, JsonValue> = {}) =>
  error('ALREADY_EXISTS', { id: 'id1', origin: 'spawned', changed: [], ...details });
const step = (action: string) => ({ steps: [{ action, description: action }] });
const nothing = { steps: [] };

/** What a service would answer about an instance of ours that is as it is to be, unless it is said otherwise; an error is thrown. */
function service(answers: Record<string, unknown> = {}) {
  const asked: string[] = [];
  const usual: Record<string, unknown> = {
    'compute.spawn': taken(),
    'operation.list': { operations: [], next: null },
    'compute.get_info': info,
    'compute.confirm_resize': error('STATE_CONFLICT'),
    'compute.resize': nothing,
  };
  const ask = ((method: string, params: Record<string, unknown>) => {
    asked.push(`${method.replace('compute.', '')}${params['plan'] === true ? ' plan' : ''}`);
    const answer = method in answers ? answers[method] : usual[method];
    const told: unknown = typeof answer === 'function' ? (answer as (given: object) => unknown)(params) : answer;
    return told instanceof Error ? Promise.reject(told) : Promise.resolve(told);
  }) as Ask;
  const plan = (more: Partial<Description> = {}, options: Partial<Parameters<typeof planDeployment>[2]> = {}) =>
    planDeployment(ask, { ...description, ...more }, { keepsFirst: false, waits: true, ...options });
  const methods = async (more: Partial<Description> = {}) => {
    const planned = await plan(more);
    return planned.kind === 'changes'
      ? planned.changes.map(({ method }) => method.replace('compute.', ''))
      : planned.kind;
  };
  return { asked, plan, methods };
}

describe('a deployment', () => {
  it('changes nothing while it is planned, and finds nothing to do where all is so', async () => {
    const { asked, plan } = service();
    expect(await plan()).toEqual({ kind: 'changes', info, changes: [], notes: [] });
    expect(asked).toEqual(['spawn plan', 'operation.list', 'get_info', 'confirm_resize plan', 'resize plan']);
  });

  it('is a new instance where there is none, whatever else is in its way', async () => {
    expect(await service({ 'compute.spawn': step('create') }).plan()).toEqual({ kind: 'new', ...step('create') });
    const group = error('ALREADY_EXISTS', { group: 'web01' });
    await expect(service({ 'compute.spawn': group }).plan()).rejects.toBe(group);
    const disabled = error('STATE_CONFLICT', { reason: 'disabled' });
    await expect(service({ 'compute.spawn': disabled }).plan()).rejects.toBe(disabled);
  });

  it('goes on with what a host has that takes nothing new', async () => {
    const disabled = error('STATE_CONFLICT', { reason: 'disabled', origin: 'spawned', changed: [] });
    expect(await service({ 'compute.spawn': disabled }).methods()).toEqual([]);
  });

  it('waits for what is under way, but for a plan, and does without who may not see it', async () => {
    const operations = { operations: [{ operation_id: 'second' }, { operation_id: 'first' }], next: null };
    const busy = service({ 'operation.list': operations });
    expect(await busy.plan()).toEqual({ kind: 'busy', operationIds: ['first', 'second'] });
    expect(await busy.plan({}, { waits: false })).toMatchObject({ kind: 'changes' });
    expect(await service({ 'operation.list': error('FORBIDDEN') }).methods()).toEqual([]);
    const making = { 'compute.spawn': taken({ origin: null, changed: null }), 'operation.list': operations };
    expect(await service(making).plan()).toMatchObject({ kind: 'busy' });
    await expect(service(making).plan({}, { waits: false })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringContaining('operation first is at work on it'),
    });
  });

  it('leaves alone what is not ours', async () => {
    await expect(service({ 'compute.spawn': taken({ origin: null, changed: null }) }).plan()).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringContaining('zenova instance adopt cpc1 web01'),
    });
  });

  it('is refused before anything is done when something was told otherwise, unless that is to be kept', async () => {
    const { plan } = service({ 'compute.spawn': taken({ changed: ['image', 'user_data'] }) });
    await expect(plan()).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      outcome: 'not-started',
      details: { reason: 'made_otherwise', changed: ['image', 'user_data'] },
    });
    expect(await plan({}, { keepsFirst: true })).toMatchObject({
      changes: [],
      notes: ['not carried out, since web01 would have to be made anew: image, user_data'],
    });
  });

  it('says what it does not compare', async () => {
    const unknown = { 'compute.spawn': taken({ origin: 'adopted', changed: null }) };
    expect(await service(unknown).plan({ user_data: 'x', config_drive: true, start: false })).toMatchObject({
      changes: [],
      notes: [
        'not compared, since it is not known what web01 was made with: user_data, config_drive',
        'web01 runs, and `start: false` does not stop it',
      ],
    });
    const untold = { 'compute.get_info': { ...info, interfaces: null, volumes: null } };
    expect(await service(untold).plan({ networks: [], volumes: [] })).toMatchObject({
      changes: [],
      notes: ['not compared, since its driver does not tell: networks, volumes'],
    });
  });
});

describe('a deployment of another size', () => {
  it('is resized and confirmed', async () => {
    expect(await service({ 'compute.resize': step('resize') }).methods()).toEqual(['resize', 'confirm_resize']);
  });

  it('first confirms a resize that was left unconfirmed', async () => {
    const pending = { 'compute.confirm_resize': step('confirm') };
    expect(await service(pending).methods()).toEqual(['confirm_resize']);
    // A driver that plans no other resize meanwhile.
    const conflict = { ...pending, 'compute.resize': error('STATE_CONFLICT') };
    expect(await service(conflict).methods()).toEqual(['confirm_resize', 'resize', 'confirm_resize']);
    await expect(service({ 'compute.resize': error('STATE_CONFLICT') }).plan()).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
    });
  });

  it('grows its root disk where a resize does not', async () => {
    const volumes = [{ id: 'web01/boot', aliases: [], root: true, size_gib: 20 }];
    const limited = ({ flavor }: Description) =>
      flavor.root_gib === undefined ? nothing : error('FEATURE_LIMITED', { path: 'flavor.root_gib' });
    const answers = {
      'compute.resize': limited,
      'compute.extend_volume': step('extend'),
      'compute.get_info': { ...info, volumes },
    };
    const sized = (rootGib: number) => ({ flavor: { ...description.flavor, root_gib: rootGib } });
    expect(await service(answers).methods(sized(30))).toEqual(['extend_volume']);
    expect(await service(answers).methods(sized(20))).toEqual([]);
    await expect(service(answers).plan(sized(10))).rejects.toMatchObject({ details: { changed: ['flavor.root_gib'] } });
  });

  it('is refused where its driver has no resize, and left as it is where nothing differs', async () => {
    const none = {
      'compute.confirm_resize': error('FEATURE_UNSUPPORTED'),
      'compute.resize': error('FEATURE_UNSUPPORTED'),
    };
    expect(await service(none).methods()).toEqual([]);
    await expect(service(none).plan({ flavor: { vcpus: 4, memory_mib: 4096 } })).rejects.toMatchObject({
      details: { changed: ['flavor.vcpus'] },
    });
  });
});

describe('the devices of a deployment', () => {
  const volume = (id: string) => ({ id, connection: { type: 'fibre_channel' as const } });
  const there = { 'compute.get_info': { ...info, volumes: [{ id: 'old', aliases: [], root: false, size_gib: 1 }] } };

  it('that a change does nothing about are no change', async () => {
    const answers = { ...there, 'compute.attach_volume': step('attach'), 'compute.detach_volume': nothing };
    expect(await service(answers).methods({ volumes: [volume('new')] })).toEqual(['attach_volume']);
  });

  it('are not taken away while one of them goes by another name', async () => {
    const answers = { ...there, 'compute.attach_volume': nothing, 'compute.detach_volume': step('detach') };
    await expect(service(answers).plan({ volumes: [volume('other-name')] })).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      details: { reason: 'untold' },
    });
  });

  it('are refused when one cannot be attached, before anything is done', async () => {
    const answers = { ...there, 'compute.attach_volume': error('RESOURCE_NOT_FOUND') };
    await expect(service(answers).plan({ volumes: [volume('new')] })).rejects.toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
    });
  });
});

describe('an instance that is shut down', () => {
  const off = { 'compute.get_info': { ...info, power_state: 'shutdown' }, 'compute.power_on': step('start') };

  it('is started last, unless it is to stay so', async () => {
    const answers = { ...off, 'compute.resize': step('resize') };
    expect(await service(answers).methods()).toEqual(['resize', 'confirm_resize', 'power_on']);
    expect(await service(answers).methods({ start: false })).toEqual(['resize', 'confirm_resize']);
  });
});
