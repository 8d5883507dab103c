import vm from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  ComputeError,
  ERROR_CODE_NAMES,
  WireErrorSchema,
  describeIssues,
  errorCodeOf,
  toComputeError,
} from './index.js';

describe('ComputeError', () => {
  it.each(ERROR_CODE_NAMES)('%s survives the wire whole', (code) => {
    const error = new ComputeError(code, 'what failed, where', {
      driver: 'fake',
      target: 'fake:site:1',
      native: { status: 409, code: '409,2', text: 'busy' },
      details: { names: ['a', 'b'], count: 2, nested: { deep: null } },
      operationId: 'o-1',
    });
    const wire = WireErrorSchema.parse(JSON.parse(JSON.stringify(error.toWire())));
    expect(ComputeError.fromWire(wire).toWire()).toEqual(error.toWire());
  });

  it('never calls a time-out after bytes were sent safe to repeat', () => {
    expect(new ComputeError('BACKEND_TIMEOUT', 'x')).toMatchObject({ retry: 'after-reconcile', outcome: 'unknown' });
    expect(new ComputeError('OUTCOME_UNKNOWN', 'x')).toMatchObject({ retry: 'after-reconcile', outcome: 'unknown' });
  });

  it('is recognised across copies of the module, and nothing else is', () => {
    const twin = Object.defineProperty(new Error('x'), Symbol.for('zenova.ComputeError'), { value: true });
    expect(twin).toBeInstanceOf(ComputeError);
    expect(new Error('x')).not.toBeInstanceOf(ComputeError);
    expect(null).not.toBeInstanceOf(ComputeError);
  });

  it('refuses details that JSON cannot hold, and cuts endless messages', () => {
    const details = { when: new Date() } as never;
    expect(() => new ComputeError('INTERNAL', 'x', { details })).toThrow();
    expect(new ComputeError('INTERNAL', 'x'.repeat(100_000)).message.length).toBeLessThan(5000);
  });

  it('repeats no password of an address that was asked for', () => {
    const address = 'https://user:hunter2@hmc.example/';
    const error = new ComputeError('INSTANCE_NOT_FOUND', `there is no ${address}`, { details: { name: [address] } });
    expect(JSON.stringify(error.toWire())).not.toContain('hunter2');
    expect(error.message).toBe('there is no https://[redacted]@hmc.example/');
  });

  it('learns its place without losing what it knew', () => {
    const error = new ComputeError('BACKEND_BUSY', 'x', { driver: 'first' }).within({ driver: 'second', target: 't' });
    expect(error.toWire()).toMatchObject({ code: 'BACKEND_BUSY', driver: 'first', target: 't' });
  });
});

describe('toComputeError', () => {
  it('tells callers nothing of an error that nobody classified, and keeps it for the log', () => {
    const foreign = new Error('password=hunter2');
    const error = toComputeError(foreign);
    expect(error).toMatchObject({ code: 'INTERNAL', cause: foreign });
    expect(JSON.stringify(error.toWire())).not.toContain('hunter2');
  });

  it('reads codes of errors of another realm', () => {
    const foreign: unknown = vm.runInNewContext('Object.assign(new Error("x"), { code: "ECONNRESET" })');
    expect(foreign).not.toBeInstanceOf(Error);
    expect(errorCodeOf(foreign)).toBe('ECONNRESET');
  });
});

describe('describeIssues', () => {
  it('tells every mistake with its path, of a union those of the alternative that came closest', () => {
    const Schema = z.strictObject({
      a: z.object({ b: z.array(z.int()) }),
      u: z.union([z.literal('x'), z.strictObject({ kind: z.literal('k'), size: z.int() })]),
    });
    const { issues } = Schema.safeParse({ a: { b: [1, 'two'] }, u: { kind: 'k', size: 'large' }, c: 1 }).error ?? {
      issues: [],
    };
    const { text, details } = describeIssues(issues);
    expect(details.map((mistake) => (mistake as { path: string }).path)).toEqual(['a.b[1]', 'u.size', '']);
    expect(text).toContain('a.b[1]: ');
    expect(text).toContain('c');
  });

  it('repeats the names of unknown fields, unless they may be secrets in the wrong place', () => {
    const Schema = z.strictObject({ any: z.record(z.string(), z.string()) });
    const given = { any: { boot: 1, '9f8e7d6c5b4a': 2 }, powerpass: 1, 'hunter2-S3cr3t!': 1 };
    const { issues } = Schema.safeParse(given).error ?? { issues: [] };
    expect(describeIssues(issues).details).toEqual([
      { path: 'any.boot', message: expect.any(String) },
      { path: 'any.[a name of 12 characters]', message: expect.any(String) },
      { path: '', message: 'unknown: powerpass, [a name of 15 characters]' },
    ]);
  });

  it('says how many more there are, where there are more than anybody reads', () => {
    const Schema = z.strictObject({ list: z.union([z.string(), z.array(z.string())]) });
    const many = Schema.safeParse({ list: Array.from({ length: 200_000 }, () => 1) });
    const { details } = describeIssues(many.error?.issues ?? []);
    expect(details).toHaveLength(51);
    expect(details.at(-1)).toEqual({ path: '', message: 'and 199950 more mistakes' });
    const long = z.strictObject({}).safeParse({ ['k'.repeat(100_000)]: 1 });
    expect(describeIssues(long.error?.issues ?? []).text.length).toBeLessThan(1000);
  });
});
