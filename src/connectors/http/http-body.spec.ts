import { expect, test } from '@jest/globals';
import { readBody } from './http-body.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ['application/json', '{"a":1}', { kind: 'json', value: { a: 1 } }],
  [undefined, '[]', { kind: 'json', value: [] }],
  ['application/json;charset=UTF-8', ' null ', { kind: 'json', value: null }],
  ['application/json', '', { kind: 'empty' }],
  [undefined, ' \r\n', { kind: 'empty' }],
  ['text/html', 'Error', { kind: 'html', text: 'Error' }],
  ['application/json', '<html>', { kind: 'html', text: '<html>' }],
  ['Text/HTML; charset=x', '{}', { kind: 'html', text: '{}' }],
])('%s %j', (type, text, body) => {
  expect(readBody(type, bytes(text))).toEqual(body);
});

test.each(['{"a":', '{"a":1}x', 'plain', '{"a":"\u0000'])('%j is unreadable, not empty', (text) => {
  expect(readBody('application/json', bytes(text))).toMatchObject({ kind: 'unreadable' });
});

test('what is not UTF-8 is unreadable', () => {
  expect(readBody('application/json', Uint8Array.of(0x22, 0xff, 0x22))).toMatchObject({ kind: 'unreadable' });
});
