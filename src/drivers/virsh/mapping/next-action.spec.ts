import { describe, expect, test } from '@jest/globals';
import { GOALS, nextAction, obstacle, plannedSteps, type Goal } from './next-action.js';

const seen = (state: number, reason = 0, hasSavedMemory = false) => ({ state, reason, hasSavedMemory });
const actions = (goals: readonly Goal[], domain: ReturnType<typeof seen>) =>
  plannedSteps(goals, 'web01', domain).map(({ action }) => action);

describe('the next thing to do with a domain', () => {
  test.each([
    ['runs', seen(1), { kind: 'reached' }],
    ['waits for its host', seen(2), { kind: 'reached' }],
    ['was paused', seen(3, 1), { kind: 'step', step: 'resume' }],
    ['is paused for an error of its disk', seen(3, 5), { kind: 'step', step: 'resume' }],
    ['is paused because its guest crashed', seen(3, 10), { kind: 'step', step: 'destroy' }],
    ['is off', seen(5), { kind: 'step', step: 'start' }],
    ['is off with saved memory', seen(5, 5, true), { kind: 'step', step: 'start' }],
    ['has crashed', seen(6), { kind: 'step', step: 'destroy' }],
  ])('to run, when it %s', (_, domain, action) => {
    expect(nextAction('running', domain)).toEqual(action);
  });

  test.each([
    ['runs', seen(1), { kind: 'step', step: 'destroy' }],
    ['is paused', seen(3, 1), { kind: 'step', step: 'destroy' }],
    ['is migrated', seen(3, 2), { kind: 'step', step: 'destroy' }],
    ['is shutting down', seen(4), { kind: 'step', step: 'destroy' }],
    ['is off', seen(5), { kind: 'reached' }],
    ['is off with saved memory', seen(5, 5, true), { kind: 'step', step: 'drop-memory' }],
    ['sleeps', seen(7), { kind: 'step', step: 'destroy' }],
  ])('to be shut off, when it %s', (_, domain, action) => {
    expect(nextAction('shut off', domain)).toEqual(action);
  });

  test('what passes by itself is waited for', () => {
    for (const domain of [seen(3, 2), seen(3, 3), seen(3, 4), seen(3, 9), seen(3, 11), seen(4)]) {
      expect(nextAction('running', domain).kind).toBe('wait');
    }
  });

  test('what would lose something, or is not known, is left alone', () => {
    for (const domain of [seen(7), seen(3, 12), seen(3, 13), seen(0), seen(99)]) {
      expect(nextAction('running', domain)).toMatchObject({ kind: 'conflict', why: expect.any(String) });
    }
    expect(obstacle('powerOn', seen(7))).toContain('dompmwakeup');
    expect(obstacle('powerOff', seen(7))).toBeUndefined();
  });
});

test('plans name the steps one after the other', () => {
  expect(actions(GOALS.reboot, seen(1))).toEqual(['destroy', 'start']);
  expect(actions(GOALS.reboot, seen(5))).toEqual(['start']);
  expect(actions(GOALS.powerOn, seen(6))).toEqual(['destroy', 'start']);
  expect(actions(GOALS.powerOn, seen(4))).toEqual(['wait', 'start']);
  expect(actions(GOALS.powerOff, seen(5, 5, true))).toEqual(['drop-memory']);
  expect(actions(GOALS.powerOn, seen(1))).toEqual([]);
});
