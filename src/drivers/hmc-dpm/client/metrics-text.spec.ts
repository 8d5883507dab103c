import { describe, expect, test } from '@jest/globals';
import { parseMetrics } from './metrics-text.js';

const COLUMNS = new Map([
  ['usage', ['processor-usage', 'name', 'network-usage']],
  ['nics', ['bytes-sent', 'bytes-received']],
]);

const plain = (text: string) =>
  parseMetrics(text, COLUMNS)?.map(({ group, uri, values }) => [group, uri, Object.fromEntries(values)]);

const TEXT = [
  '"usage"',
  '"/api/partitions/a"',
  '1796000000000',
  '12,"web, ""one""",3.5',
  '',
  '"/api/partitions/b"',
  '1796000000000',
  '0,"",',
  '',
  '',
  '"nics"',
  '"/api/partitions/a/nics/n"',
  '9223372036854775807',
  '1,2',
  '3,4',
  '',
  '',
  '',
].join('\n');

describe('the text of a metrics context', () => {
  test('is rows of objects in groups', () => {
    const rows = [
      ['usage', '/api/partitions/a', { 'processor-usage': '12', name: 'web, "one"', 'network-usage': '3.5' }],
      ['usage', '/api/partitions/b', { 'processor-usage': '0' }],
      ['nics', '/api/partitions/a/nics/n', { 'bytes-sent': '1', 'bytes-received': '2' }],
      ['nics', '/api/partitions/a/nics/n', { 'bytes-sent': '3', 'bytes-received': '4' }],
    ];
    expect(plain(TEXT)).toEqual(rows);
    expect(plain(TEXT.replaceAll('\n', '\r\n'))).toEqual(rows);
  });

  test.each(['', '\n', '"usage"\n\n\n'])('may hold nothing: %j', (text) => {
    expect(plain(text)).toEqual([]);
  });

  test.each([
    ['of a group that was not asked for', '"other"\n"/api/partitions/a"\n1\n1\n\n\n'],
    ['of something else than objects', '"usage"\n"a"\n1\n1\n\n\n'],
    ['without a time', '"usage"\n"/api/partitions/a"\n"b"\n\n\n'],
    ['which is another text', 'Service unavailable'],
  ])('%s is none', (_, text) => {
    expect(parseMetrics(text, COLUMNS)).toBeUndefined();
  });
});
