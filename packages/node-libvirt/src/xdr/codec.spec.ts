import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { typedParameter, type TypedParameter, uuid } from '../layouts/common.js';
import {
  array,
  bool,
  type Codec,
  decode,
  double,
  encode,
  fixedArray,
  hyper,
  int,
  opaque,
  optional,
  orZero,
  string,
  struct,
  uint,
  unsignedHyper,
} from './codec.js';
import { XdrError } from './xdr-error.js';

const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((value) => !value.includes('\0'));
const ints = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const uints = fc.integer({ min: 0, max: 0xffff_ffff });
const hypers = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const unsignedHypers = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const bytes = fc.uint8Array({ maxLength: 40 }).map((value) => Buffer.from(value));

const everything = struct({
  int,
  uint,
  hyper,
  unsignedHyper,
  double,
  bool,
  string: string(1000),
  opaque: opaque(1000),
  uuid,
  nothing: optional(int),
  names: array(string(1000), 20),
  inside: array(struct({ pair: fixedArray(int, 2), maybe: optional(string(1000)) }), 20),
  parameters: array(typedParameter, 20),
});
type Everything = ReturnType<(typeof everything)['read']>;

const parameters: fc.Arbitrary<TypedParameter> = fc.oneof(
  fc.record({ field: text, type: fc.constant('int' as const), value: ints }),
  fc.record({ field: text, type: fc.constant('uint' as const), value: uints }),
  fc.record({ field: text, type: fc.constant('llong' as const), value: hypers }),
  fc.record({ field: text, type: fc.constant('ullong' as const), value: unsignedHypers }),
  fc.record({ field: text, type: fc.constant('double' as const), value: fc.double({ noNaN: true }) }),
  fc.record({ field: text, type: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({ field: text, type: fc.constant('string' as const), value: text }),
);

const values: fc.Arbitrary<Everything> = fc.record({
  int: ints,
  uint: uints,
  hyper: hypers,
  unsignedHyper: unsignedHypers,
  double: fc.double({ noNaN: true }),
  bool: fc.boolean(),
  string: text,
  opaque: bytes,
  uuid: fc.uuid(),
  nothing: fc.option(ints),
  names: fc.array(text, { maxLength: 20 }),
  inside: fc.array(fc.record({ pair: fc.array(ints, { minLength: 2, maxLength: 2 }), maybe: fc.option(text) }), {
    maxLength: 20,
  }),
  parameters: fc.array(parameters, { maxLength: 20 }),
});

describe('XDR', () => {
  it('reads what it wrote, in whole words', () => {
    fc.assert(
      fc.property(values, (value) => {
        const written = encode(everything, value);
        expect(written.length % 4).toBe(0);
        expect(decode(everything, written)).toEqual(value);
      }),
    );
  });

  it('refuses bytes that end too early, wherever that is', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (value, part) => {
        const written = encode(everything, value);
        const cut = written.subarray(0, Math.floor(written.length * part));
        expect(() => decode(everything, cut)).toThrow(XdrError);
      }),
    );
  });

  it('refuses bytes that are too many', () => {
    fc.assert(
      fc.property(values, fc.uint8Array({ minLength: 1, maxLength: 9 }), (value, more) => {
        const written = encode(everything, value);
        expect(() => decode(everything, Buffer.concat([written, more]))).toThrow(XdrError);
      }),
    );
  });

  it('takes any bytes at all for a value or for a mistake, and for nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => {
        try {
          decode(everything, Buffer.from(garbage));
        } catch (error) {
          expect(error).toBeInstanceOf(XdrError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('believes no length before the bytes are there', () => {
    const endless = Buffer.from('0000400000000000', 'hex'); // 16,384 elements in four bytes
    expect(() => decode(array(hyper, 16_384), endless)).toThrow('beyond the 4 bytes that are left');
    expect(() => decode(array(int, 16), endless)).toThrow('a length of 16384 is beyond 16');
    expect(() => decode(string(4 * 1024 * 1024), Buffer.from('00400000', 'hex'))).toThrow('beyond the 0 bytes');
    expect(() => decode(opaque(8), Buffer.from('ffffffff', 'hex'))).toThrow('beyond 8');
  });

  it.each<[string, Codec<unknown, never>, unknown, string]>([
    ['a number beyond 32 bits', int, 2 ** 31, 'no 32-bit integer'],
    ['a fraction', uint, 0.5, 'no unsigned 32-bit integer'],
    ['a negative one where there is no sign', uint, -1, 'no unsigned 32-bit integer'],
    ['a number beyond 64 bits', unsignedHyper, 2n ** 64n, 'no unsigned 64-bit integer'],
    ['a text that is too long', string(3), 'äöü', 'a length of 6 is beyond 3'],
    ['a text with a zero character, where libvirt would end it', string(9), 'a\0b', 'zero character'],
    ['too many', array(int, 1), [1, 2], 'a length of 2 is beyond 1'],
    ['a number of values that is not the agreed one', fixedArray(int, 3), [1], '1 values are given where there are 3'],
    ['a UUID that is none', uuid, 'seven', 'no UUID'],
  ])('refuses to write %s', (_, codec, value, reason) => {
    expect(() => encode(codec, value as never)).toThrow(reason);
  });

  it('tells in which field of a struct a mistake is', () => {
    const codec = struct({ outer: struct({ inner: uint }) });
    expect(() => encode(codec, { outer: { inner: -1 } })).toThrow('outer: inner: -1 is no');
  });

  it.each<[string, Codec<unknown, never>, string]>([
    ['a truth that is neither', bool, '00000002'],
    ['padding that is not zero', string(9), '0000000161000001'],
    ['a typed parameter of no known type', typedParameter, '00000001610000000000000800000000'],
  ])('refuses to read %s', (_, codec, hex) => {
    expect(() => decode(codec, Buffer.from(hex, 'hex'))).toThrow(XdrError);
  });

  it('lets fields be left out that have a meaning when they are', () => {
    const codec = struct({ name: optional(string(9)), flags: orZero(uint) });
    expect(encode(codec, {}).toString('hex')).toBe('0000000000000000');
    expect(encode(codec, { name: null, flags: 3 }).toString('hex')).toBe('0000000000000003');
  });
});
