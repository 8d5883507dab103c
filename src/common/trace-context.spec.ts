import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { traceContextOf, traceIdOf } from './trace-context.js';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${ID}-00f067aa0ba902b7-01`;

describe('a trace in headers', () => {
  it('is read, with the state of its vendors', () => {
    const trace = traceContextOf({ traceparent, tracestate: 'a=1,b=2', other: 'x' });
    expect(trace).toEqual({ traceparent, tracestate: 'a=1,b=2' });
    expect(trace && traceIdOf(trace)).toBe(ID);
  });

  it.each<[string, unknown]>([
    ['no headers', undefined],
    ['none', {}],
    ['no text', { traceparent: Buffer.from(traceparent) }],
    ['an id of zeros', { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }],
    ['a span of zeros', { traceparent: `00-${ID}-${'0'.repeat(16)}-01` }],
    ['the version that is none', { traceparent: traceparent.replace(/^00/, 'ff') }],
    ['capitals', { traceparent: traceparent.toUpperCase() }],
    ['more after it', { traceparent: `${traceparent}0` }],
    ['a line end', { traceparent: `${traceparent}\n` }],
  ])('is none: %s', (_, headers) => expect(traceContextOf(headers)).toBeUndefined());

  it('of a later version is read as far as it is known', () => {
    expect(traceContextOf({ traceparent: `cc-${traceparent.slice(3)}-more` })).toEqual({
      traceparent: `cc-${traceparent.slice(3)}`,
    });
  });

  it.each<[string, unknown]>([
    ['too long', 'a='.padEnd(513, '1')],
    ['not ASCII', 'a=ü'],
    ['two lines', 'a=1\r\nX-Evil: 1'],
    ['no text', 5],
  ])('keeps no state that is %s', (_, tracestate) =>
    expect(traceContextOf({ traceparent, tracestate })).toEqual({ traceparent }),
  );

  it('never fails, and hands on nothing that could be another header', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), fc.string(), (anything, first, second) => {
        traceContextOf(anything);
        const trace = { ...traceContextOf({ traceparent: first, tracestate: second }) };
        return Object.values<string>(trace).every((text) => /^[\x20-\x7e]*$/.test(text));
      }),
    );
  });
});
