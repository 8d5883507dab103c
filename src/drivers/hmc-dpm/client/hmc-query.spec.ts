import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { exactly, query } from './hmc-query.js';

/** Reads Java's `\Q…\E` back: what the expression matches, and nothing but quoted text and escaped characters is allowed. */
function matchedBy(expression: string): string {
  let rest = expression;
  let text = '';
  while (rest !== '') {
    if (rest.startsWith('\\Q')) {
      const end = rest.indexOf('\\E');
      if (end === -1) throw new Error(`open quote in ${expression}`);
      text += rest.slice(2, end);
      rest = rest.slice(end + 2);
    } else if (rest.startsWith('\\\\')) {
      text += '\\';
      rest = rest.slice(2);
    } else {
      const [character = ''] = rest;
      if (!/[A-Za-z0-9]/.test(character)) throw new Error(`${character} stands bare in ${expression}`);
      text += character;
      rest = rest.slice(character.length);
    }
  }
  return text;
}

describe('an exact filter', () => {
  test.each([
    ['db.prod', '\\Qdb.prod\\E'],
    ['', '\\Q\\E'],
    ['a\\Eb', '\\Qa\\E\\\\E\\Qb\\E'],
  ])('of %j is %j', (name, expression) => {
    expect(exactly(name)).toBe(expression);
  });

  test('matches its text, whatever that is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom('\\', 'E', 'Q', '.', '*', 'a')).map((parts) => parts.join('')),
        ),
        (name) => {
          expect(matchedBy(exactly(name))).toBe(name);
        },
      ),
    );
  });
});

describe('a query', () => {
  test('encodes what is not unreserved, and a blank as %20', () => {
    expect(query({ name: "\\Qapp @ test's (+)\\E", none: undefined, 'cpc-name': 'é' })).toBe(
      '?name=%5CQapp%20%40%20test%27s%20%28%2B%29%5CE&cpc-name=%C3%A9',
    );
    expect(query({ none: undefined })).toBe('');
  });

  test('can be read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(new URLSearchParams(query({ name: text })).get('name')).toBe(text);
        expect(query({ name: text })).not.toContain('+');
      }),
    );
  });

  test('survives half a character', () => {
    expect(query({ name: '\ud800' })).toBe('?name=%EF%BF%BD');
  });
});
