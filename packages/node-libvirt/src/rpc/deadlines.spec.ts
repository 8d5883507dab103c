import { afterEach, describe, expect, it } from '@jest/globals';
import { Deadlines } from './deadlines.js';

interface Call {
  readonly name: string;
  readonly dueAt: number;
}

describe('deadlines', () => {
  const open = new Set<Call>();
  const late: string[] = [];
  let allLate: () => void = () => undefined;
  const deadlines = new Deadlines<Call>(
    () => open,
    (call) => {
      expect(performance.now()).toBeGreaterThanOrEqual(call.dueAt);
      open.delete(call);
      late.push(call.name);
      if (late.length === 3) allLate();
    },
  );
  const now = performance.now();
  const begin = (name: string, inMs: number): Call => {
    const call = { name, dueAt: now + inMs };
    open.add(call);
    deadlines.heed(call);
    return call;
  };
  afterEach(() => deadlines.stop());

  it('ring for each that has not ended, whatever the order in which they began', async () => {
    const rung = new Promise<void>((resolve) => (allLate = resolve));
    begin('never', Infinity);
    begin('in a month', 31 * 86_400_000);
    begin('third', 60);
    begin('first', 1);
    const ended = begin('ended', 2);
    begin('second', 30);
    open.delete(ended);
    await rung;
    expect(late).toEqual(['first', 'second', 'third']);
    expect([...open].map(({ name }) => name)).toEqual(['never', 'in a month']);
  });
});
