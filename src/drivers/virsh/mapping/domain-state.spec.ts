import { describe, expect, test } from '@jest/globals';
import { observe, stateAfter } from './domain-state.js';

describe('the state of a domain', () => {
  test.each<[number, number, string, string | null, string]>([
    [0, 0, 'nostate', null, 'no state'],
    [1, 1, 'running', null, 'running (booted)'],
    [1, 10, 'running', null, 'running (post-copy)'],
    [2, 0, 'running', null, 'blocked'],
    [3, 1, 'paused', null, 'paused (by user)'],
    [3, 5, 'paused', null, 'paused (I/O error)'],
    [3, 13, 'paused', null, 'paused (post-copy failed)'],
    [4, 1, 'shutdown', 'stopping', 'in shutdown (by user)'],
    [5, 1, 'shutdown', null, 'shut off (shut down)'],
    [5, 3, 'shutdown', null, 'shut off (crashed)'],
    [5, 5, 'shutdown', null, 'shut off (saved)'],
    [5, 0, 'shutdown', null, 'shut off'],
    [6, 1, 'crashed', null, 'crashed (panicked)'],
    [7, 0, 'suspended', null, 'suspended by the guest'],
    [1, 99, 'running', null, 'running (reason 99)'],
    [9, 0, 'nostate', null, 'state 9'],
    [-1, 0, 'nostate', null, 'state -1'],
  ])('%i for the reason %i', (state, reason, powerState, transition, nativeState) => {
    expect(observe(state, reason, 5)).toEqual({ powerState, transition, nativeState, observedAt: 5 });
  });

  test('is suspended while its memory lies on disk, and only then', () => {
    expect(observe(5, 8, 0, true)).toMatchObject({ powerState: 'suspended', nativeState: 'shut off (by daemon)' });
    expect(observe(1, 1, 0, true).powerState).toBe('running');
  });

  test.each<[string, number, number, string | undefined]>([
    ['started by a start', 2, 0, 'running (booted)'],
    ['started by a wake-up', 2, 4, 'running (woken up)'],
    ['suspended by somebody', 3, 0, 'paused (by user)'],
    ['suspended by a disk', 3, 2, 'paused (I/O error)'],
    ['suspended for nobody knows what', 3, 42, 'paused'],
    ['resumed', 4, 0, 'running (unpaused)'],
    ['stopped by itself', 5, 0, 'shut off (shut down)'],
    ['stopped hard', 5, 1, 'shut off (destroyed)'],
    ['stopped to be saved', 5, 4, 'shut off (saved)'],
    ['suspended by its guest', 7, 0, 'suspended by the guest'],
    ['crashed', 8, 0, 'crashed (panicked)'],
    ['defined', 0, 0, undefined],
    ['started by its arrival', 2, 1, undefined],
    ['suspended for its last moment here', 3, 1, undefined],
    ['stopped because it has moved', 5, 3, undefined],
    ['told to shut down', 6, 1, undefined],
    ['what is not known', 77, 0, undefined],
  ])('after the event: %s', (_what, event, detail, nativeState) => {
    expect(stateAfter(event, detail, 0)?.nativeState).toBe(nativeState);
  });
});
