import { describe, expect, it } from '@jest/globals';
import { matchesGlob, WireLog } from './wire-log.js';

const arrival = { at: 'now', method: 'GET', path: '/a', query: '', session: null, subject: null };

describe('WireLog', () => {
  it('counts by what is asked', () => {
    const log = new WireLog();
    log.open(arrival)({ status: 200, executed: true });
    const before = log.last;
    log.open({ ...arrival, method: 'POST', path: '/a/1/operations/start', subject: 'x' })({ status: 202 });
    expect(log.count()).toBe(2);
    expect(log.count({ method: 'POST', path: '/a/*/operations/*' })).toBe(1);
    expect(log.count({ subject: 'x', status: 202, executed: false, since: before })).toBe(1);
    expect(log.count({ executed: true, since: before })).toBe(0);
  });

  it('forgets the oldest beyond its limit and cuts what is too long', () => {
    const log = new WireLog(10);
    for (let i = 0; i < 100; i++) log.open({ ...arrival, path: '/'.repeat(5000) });
    expect(log.count()).toBeLessThanOrEqual(11);
    expect(log.last).toBe(100);
    expect(log.entries().at(-1)?.path).toHaveLength(2000);
  });
});

describe('matchesGlob', () => {
  it.each([
    ['/a', '/a', true],
    ['/a', '/ab', false],
    ['*', '', true],
    ['/a/*/c', '/a/b/c', true],
    ['/a/*/c', '/a/c', false],
    ['/a*b*c', '/a-b-b-c', true],
    ['/a*b*b', '/ab', false],
    ['ab*ba', 'aba', false],
  ])('%s on %s: %s', (pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected);
  });
});
