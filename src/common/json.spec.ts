import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { targetKey } from './ids.js';
import { canonicalJson } from './json.js';

describe('canonicalJson', () => {
  it('is the same for the same value, however its members are ordered', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const shuffled = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(shuffled)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('leaves out what is undefined', () => {
    expect(canonicalJson({ b: 1, a: undefined })).toBe('{"b":1}');
  });
});

describe('targetKey', () => {
  it('is different for different things, whatever their names hold', () => {
    const parts = fc.tuple(fc.string(), fc.string(), fc.string());
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        fc.pre(a.join('\0') !== b.join('\0'));
        expect(targetKey(...a)).not.toBe(targetKey(...b));
      }),
    );
  });
});
