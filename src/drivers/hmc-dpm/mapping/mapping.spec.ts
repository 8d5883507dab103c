import { describe, expect, test } from '@jest/globals';
import { hostStatus } from './cpc-status.js';
import { DPM_RULES } from './mode-rules.js';
import { nextAction, type PartitionView } from './next-action.js';
import { observe } from './partition-status.js';
import { obstacle, plannedSteps } from './planned-steps.js';
import { showsEffect, stepVerdict } from './step-verdict.js';

const view = (status: string, more: Partial<PartitionView> = {}): PartitionView => ({
  name: 'p',
  status,
  type: 'linux',
  'boot-device': 'storage-volume',
  ...more,
});

describe('every status', () => {
  test.each([
    // status, neutral, transition, power on, power off, start ended?, stop ended?, shows a start, shows a stop
    ['stopped', 'shutdown', null, 'start', 'reached', 'lagging', 'done', false, true],
    ['starting', 'nostate', 'starting', 'wait', 'wait', 'wait', 'wait', true, false],
    ['active', 'running', null, 'reached', 'stop', 'done', 'lagging', true, false],
    ['degraded', 'running', null, 'reached', 'stop', 'done', 'lagging', true, false],
    ['paused', 'shutdown', null, 'stop', 'stop', 'lagging', 'lagging', true, false],
    ['stopping', 'nostate', 'stopping', 'wait', 'wait', 'wait', 'wait', true, true],
    ['terminated', 'crashed', null, 'stop', 'stop', 'failed', 'lagging', true, false],
    ['reservation-error', 'nostate', null, 'stop', 'reached', 'failed', 'lagging', true, false],
    ['communications-not-active', 'nostate', null, 'conflict', 'conflict', 'wait', 'wait', false, false],
    ['status-check', 'nostate', null, 'conflict', 'conflict', 'wait', 'wait', false, false],
    ['a-new-word', 'nostate', null, 'conflict', 'conflict', 'wait', 'wait', false, false],
    ['ACTIVE', 'nostate', null, 'conflict', 'conflict', 'wait', 'wait', false, false],
  ])('%s', (status, powerState, transition, on, off, started, stopped, showsStart, showsStop) => {
    expect(observe(status, 5)).toEqual({
      powerState,
      transition,
      nativeState: status,
      observedAt: 5,
      ...(status === 'paused' ? { holdsResources: true } : {}),
    });
    const named = (goal: 'running' | 'stopped'): string => {
      const action = nextAction(goal, view(status));
      return action.kind === 'step' ? action.step : action.kind;
    };
    expect([named('running'), named('stopped')]).toEqual([on, off]);
    expect([stepVerdict('start', view(status)).kind, stepVerdict('stop', view(status)).kind]).toEqual([
      started,
      stopped,
    ]);
    expect([showsEffect('start', status), showsEffect('stop', status)]).toEqual([showsStart, showsStop]);
  });
});

describe('what cannot boot', () => {
  const bootless = { 'boot-device': 'none' };

  test('is not started, nor stopped in order to be', () => {
    for (const status of ['stopped', 'paused', 'terminated', 'reservation-error']) {
      expect(nextAction('running', view(status, bootless)).kind).toBe('conflict');
    }
    expect(nextAction('running', view('active', bootless)).kind).toBe('reached');
    expect(nextAction('stopped', view('active', bootless)).kind).toBe('step');
  });

  test('is not rebooted', () => {
    expect(obstacle(DPM_RULES, 'reboot', view('active', bootless))).toMatch(/boot-device/);
    expect(obstacle(DPM_RULES, 'powerOff', view('active', bootless))).toBeUndefined();
  });

  test('stays paused after a start, which is told at once', () => {
    expect(stepVerdict('start', view('paused', bootless))).toMatchObject({ kind: 'failed' });
  });

  test('is linux without a boot device, and nothing else', () => {
    expect(nextAction('running', view('stopped', { ...bootless, type: 'ssc' })).kind).toBe('step');
    expect(nextAction('running', view('stopped', { 'boot-device': null })).kind).toBe('step');
  });
});

test('a locked partition is left alone, but may be where it is', () => {
  const locked = { 'is-locked': true };
  expect(nextAction('stopped', view('active', locked)).kind).toBe('conflict');
  expect(nextAction('running', view('stopped', locked)).kind).toBe('conflict');
  expect(nextAction('running', view('active', locked)).kind).toBe('reached');
});

test('plans end, whatever the status', () => {
  for (const change of ['powerOn', 'powerOff', 'reboot'] as const) {
    for (const status of ['stopped', 'starting', 'active', 'paused', 'stopping', 'reservation-error', 'what']) {
      expect(plannedSteps(DPM_RULES, change, view(status)).length).toBeLessThan(4);
    }
  }
});

test.each([
  ['active', 'up'],
  ['operating', 'up'],
  ['degraded', 'degraded'],
  ['service-required', 'degraded'],
  ['exceptions', 'degraded'],
  ['service', 'down'],
  ['not-operating', 'down'],
  ['no-power', 'down'],
  ['not-communicating', 'unknown'],
  ['status-check', 'unknown'],
  ['a-new-word', 'unknown'],
])('a CPC that is %s is %s', (word, status) => {
  expect(hostStatus(word)).toBe(status);
});
