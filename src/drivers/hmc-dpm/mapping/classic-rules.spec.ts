import { describe, expect, test } from '@jest/globals';
import { classicRules } from './classic-rules.js';
import { obstacle, plannedSteps } from './planned-steps.js';

const loading = classicRules({ load_at_activation: false });
const byProfile = classicRules({ load_at_activation: true });
const view = (status: string, more = {}) => ({ name: 'L', status, 'last-used-load-address': '01000', ...more });

describe('every status', () => {
  test.each([
    // status, neutral, power on, power on with a profile that loads, power off
    ['not-activated', 'shutdown', 'activate', 'activate', 'reached'],
    ['not-operating', 'shutdown', 'load', 'activate', 'deactivate'],
    ['operating', 'running', 'reached', 'reached', 'deactivate, forced'],
    ['exceptions', 'running', 'reached', 'reached', 'deactivate, forced'],
    ['acceptable', 'nostate', 'conflict', 'conflict', 'conflict'],
    ['status-check', 'nostate', 'conflict', 'conflict', 'conflict'],
    ['a-new-word', 'nostate', 'conflict', 'conflict', 'conflict'],
  ] as const)('%s', (status, powerState, on, onByProfile, off) => {
    expect(loading.observe(status, 5)).toEqual({
      powerState,
      transition: null,
      nativeState: status,
      observedAt: 5,
      ...(status === 'not-operating' ? { holdsResources: true } : {}),
    });
    const named = (rules: typeof loading, goal: 'running' | 'stopped'): string => {
      const action = rules.nextAction(goal, view(status));
      return action.kind === 'step' ? `${action.step}${action.isForced ? ', forced' : ''}` : action.kind;
    };
    expect([named(loading, 'running'), named(byProfile, 'running'), named(loading, 'stopped')]).toEqual([
      on,
      onByProfile,
      off,
    ]);
    expect(named(byProfile, 'stopped')).toBe(off);
  });
});

test.each([
  // step, status after it, its end, its end with a profile that loads, does it show, and with such a profile
  ['activate', 'not-activated', 'lagging', 'lagging', false, false],
  ['activate', 'not-operating', 'done', 'lagging', true, false],
  ['activate', 'operating', 'done', 'done', true, true],
  ['activate', 'status-check', 'wait', 'wait', false, false],
  ['load', 'not-operating', 'lagging', 'lagging', false, false],
  ['load', 'exceptions', 'done', 'done', true, true],
  ['load', 'not-activated', 'failed', 'failed', false, false],
  ['deactivate', 'operating', 'lagging', 'lagging', false, false],
  ['deactivate', 'not-activated', 'done', 'done', true, true],
] as const)('%s that leads to %s', (step, status, end, endByProfile, shows, showsByProfile) => {
  expect(loading.stepVerdict(step, view(status)).kind).toBe(end);
  expect(byProfile.stepVerdict(step, view(status)).kind).toBe(endByProfile);
  expect([loading.showsEffect(step, status), byProfile.showsEffect(step, status)]).toEqual([shows, showsByProfile]);
});

test('what was never loaded needs an address, or a profile that loads', () => {
  const never = view('not-activated', { 'last-used-load-address': null });
  expect(obstacle(loading, 'powerOn', never)).toMatch(/classic\.load_address/);
  expect(obstacle(loading, 'reboot', { ...never, status: 'operating' })).toMatch(/classic\.load_address/);
  expect(obstacle(loading, 'powerOff', { ...never, status: 'operating' })).toBeUndefined();
  expect(obstacle(byProfile, 'powerOn', never)).toBeUndefined();
  const given = classicRules({ load_at_activation: false, load_address: '00ab' });
  expect(obstacle(given, 'powerOn', never)).toBeUndefined();
});

test('plans name the steps', () => {
  const actions = (rules: typeof loading, change: 'powerOn' | 'reboot', status: string): string[] =>
    plannedSteps(rules, change, view(status)).map(({ action }) => action);
  expect(actions(loading, 'powerOn', 'not-activated')).toEqual(['activate', 'load']);
  expect(actions(byProfile, 'powerOn', 'not-activated')).toEqual(['activate']);
  expect(actions(loading, 'reboot', 'operating')).toEqual(['deactivate', 'activate', 'load']);
  expect(plannedSteps(loading, 'powerOn', view('not-operating'))[0]?.description).toBe('load LPAR L');
});
