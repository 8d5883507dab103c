import { describe, expect, test } from '@jest/globals';
import type { OsMessage } from '../client/hmc-console.js';
import { consoleLogOf } from './os-messages.js';

const message = (text: string, number?: number, more: Partial<OsMessage> = {}): OsMessage => ({
  'message-text': text,
  'sequence-number': number,
  ...more,
});

describe('messages of an operating system as a log', () => {
  test('are a line each, or as many as they have', () => {
    const messages = [message('one\n', 1), message('two\r\nand a half\r\n', 2), message('', 3), message('four', 4)];
    expect(consoleLogOf(messages, undefined)).toEqual({ log: 'one\ntwo\nand a half\n\nfour\n', isCut: false });
  });

  test('say when they were written, as the HMC says it', () => {
    const times = ['2026-11-27T10:00:00', '', null, 1_796_000_000_000, 1e300];
    const messages = times.map((timestamp, i) => message('text', i, { timestamp }));
    expect(consoleLogOf(messages, undefined).log.split('\n')).toEqual([
      '2026-11-27T10:00:00 text',
      'text',
      'text',
      '2026-11-30T00:53:20.000Z text',
      '1e+300 text',
      '',
    ]);
  });

  test('say what is special about them', () => {
    const messages = [
      message('held', 1, { 'is-held': true }),
      message('urgent', 2, { 'is-priority': true, timestamp: 'now' }),
      message('go on?', 3, { 'is-held': true, 'is-priority': true, 'prompt-text': '01' }),
      message('plain', 4, { 'is-held': false, 'is-priority': false, 'prompt-text': '' }),
    ];
    expect(consoleLogOf(messages, undefined).log.split('\n')).toEqual([
      '[held] held',
      'now [priority] urgent',
      '[priority] [held] go on? [answers to: 01]',
      'plain',
      '',
    ]);
  });

  test('are cut to the last lines', () => {
    const messages = [message('one\ntwo', 1), message('three', 2)];
    expect(consoleLogOf(messages, 2)).toEqual({ log: 'two\nthree\n', isCut: true });
    expect(consoleLogOf(messages, 3)).toEqual({ log: 'one\ntwo\nthree\n', isCut: false });
  });

  test.each([
    ['there are none', [], false],
    ['they begin with the first', [0, 1, 2], false],
    ['they begin with the first, counted from one', [1, 2], false],
    ['the first are gone', [7, 8], true],
    ['some are gone in between', [1, 2, 4], true],
    ['nobody has numbered them', [undefined, undefined], false],
  ])('are cut when the HMC has no longer all of them: %s', (_, numbers, isCut) => {
    const messages = numbers.map((number) => message('text', number));
    expect(consoleLogOf(messages, undefined).isCut).toBe(isCut);
  });

  test('are bounded, the newest kept', () => {
    const line = 'x'.repeat(1000);
    const log = consoleLogOf(
      Array.from({ length: 1000 }, (_, i) => message(`${line}${i}`, i)),
      undefined,
    );
    expect(log.log.length).toBeLessThanOrEqual(512 * 1024);
    expect(log.log.length).toBeGreaterThan(500_000);
    expect(log.log).toMatch(/x999\n$/);
    expect(log.isCut).toBe(true);
    const single = consoleLogOf([message(`${'y'.repeat(1_000_000)}end`, 0)], undefined);
    expect(single.log.length).toBe(512 * 1024);
    expect(single.log).toMatch(/yend\n$/);
    expect(single.isCut).toBe(true);
  });
});
