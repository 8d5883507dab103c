import { describe, expect, it } from '@jest/globals';
import { FaultRegistry, type FaultRule, type FaultTarget } from './faults.js';

const any = (_rule: FaultRule): _rule is FaultRule => true;
const get = (path: string): FaultTarget => ({ method: 'GET', path });
const rule = (changes: Partial<FaultRule> = {}): FaultRule => ({ kind: 'slow', nth: 1, times: 1, ...changes });

describe('FaultRegistry', () => {
  it('hits as often as told, beginning with the nth match', () => {
    const faults = new FaultRegistry<FaultRule, FaultTarget>(() => true);
    faults.add(rule({ path: '/a', nth: 2, times: 2 }));
    const hits = ['/a', '/b', '/a', '/a', '/a'].map((path) => faults.take(get(path), any)?.kind ?? null);
    expect(hits).toEqual([null, null, 'slow', 'slow', null]);
    expect(faults.list()).toEqual([]);
  });

  it('tries rules in order, one per request, and keeps those that hit always', () => {
    const faults = new FaultRegistry<FaultRule, FaultTarget>(() => true);
    faults.add(rule({ kind: 'first' }));
    faults.add(rule({ kind: 'second', times: 'always' }));
    expect([1, 2, 3].map(() => faults.take(get('/'), any)?.kind)).toEqual(['first', 'second', 'second']);
  });

  it('matches the method in any case, and asks the narrowing function', () => {
    const faults = new FaultRegistry<FaultRule, FaultTarget>((_rule, { path }) => path !== '/never');
    const id = faults.add(rule({ method: 'get', times: 'always' }));
    expect(faults.take({ method: 'POST', path: '/' }, any)).toBeNull();
    expect(faults.take(get('/never'), any)).toBeNull();
    expect(faults.take(get('/'), any)).not.toBeNull();
    expect(faults.remove(id)).toBe(true);
    expect(faults.remove(id)).toBe(false);
    expect(faults.take(get('/'), any)).toBeNull();
  });
});
