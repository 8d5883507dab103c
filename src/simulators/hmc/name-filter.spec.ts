import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { HmcError } from './hmc-error.js';
import { compileNameFilter } from './name-filter.js';

const matches = (pattern: string, name: string): boolean => compileNameFilter('name', pattern).test(name);

describe('compileNameFilter', () => {
  it.each([
    ['LPAR1', 'LPAR1', true],
    ['LPAR1', 'lpar1', false],
    ['LPAR', 'LPAR1', false],
    ['db.prod', 'db-prod', true],
    ['db\\.prod', 'db-prod', false],
    ['\\Qdb.prod\\E', 'db.prod', true],
    ['\\Qdb.prod\\E', 'db-prod', false],
    ['\\Qdb.prod', 'db.prod', true],
    ['\\Qa(b\\E.*', 'a(bcd', true],
    ['app\\ @\\ test', 'app @ test', true],
    ['web\\-01', 'web-01', true],
    ['lpar\\d{3}', 'lpar042', true],
    ['lpar[0-4]\\d+?', 'lpar42', true],
    ['[\\w\\-.]+', 'a-b.c', true],
    ['a|b', 'b', true],
    ['a|b', 'ab', false],
    ['(?:web|db)01', 'db01', true],
    ['x]y}', 'x]y}', true],
    ['', '', true],
    ['', 'x', false],
  ])('%s on %s: %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  it.each([
    'a(',
    'a)',
    '[a',
    '*a',
    'a{',
    'a\\',
    'a++',
    '(?i)a',
    '(?<!a)b',
    '\\p{L}',
    '\\1',
    '[a&&b]',
    '[a[b]]',
    '(a+)+',
    '(a|b)*',
    '((a*)b)*',
    'a*b*c*d*e*',
    '(a|b)'.repeat(9),
    'x'.repeat(401),
  ])('refuses %s with 400', (pattern) => {
    expect(() => compileNameFilter('name', pattern)).toThrow(HmcError);
  });

  it('a quoted name matches itself and nothing else', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 64 })
      .filter((text) => !text.includes('\\E') && !/[\n\r\u2028\u2029]/.test(text));
    fc.assert(
      fc.property(name, name, (wanted, other) => {
        const pattern = `\\Q${wanted}\\E`;
        fc.pre(pattern.length <= 400);
        expect(matches(pattern, wanted)).toBe(true);
        expect(matches(pattern, other)).toBe(wanted === other);
      }),
    );
  });

  it('never throws anything but a refusal, and never takes long', () => {
    const alphabet = fc.constantFrom(...'ab.*+?|()[]{}\\QEdw0123,^$-'.split(''));
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 40 }), (pattern) => {
        try {
          compileNameFilter('name', pattern).test('a'.repeat(64));
        } catch (error) {
          expect(error).toBeInstanceOf(HmcError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
