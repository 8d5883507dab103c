import { describe, expect, test } from '@jest/globals';
import { parseHmcAddress } from './hmc-address.js';

describe('the address of an HMC', () => {
  test.each([
    ['hmc1', 'hmc1', 6794],
    ['HMC1.example.COM', 'hmc1.example.com', 6794],
    ['hmc1:443', 'hmc1', 443],
    ['10.0.0.1:7000', '10.0.0.1', 7000],
    ['https://hmc1', 'hmc1', 6794],
    ['https://hmc1:443/', 'hmc1', 443],
    [' https://hmc1:6795 ', 'hmc1', 6795],
    ['[2001:db8::1]:6795', '2001:db8::1', 6795],
    ['[2001:db8::1]', '2001:db8::1', 6794],
    ['2001:DB8::1', '2001:db8::1', 6794],
    ['https://[::1]:1', '::1', 1],
  ])('%s', (text, host, port) => {
    const label = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    expect(parseHmcAddress(text)).toEqual({ host, port, label });
  });

  test.each([
    'http://hmc1',
    'ftp://hmc1',
    'https://user:secret@hmc1',
    'https://hmc1/api',
    'hmc1?x=1',
    'hmc1:0',
    'hmc1:70000',
    'two words',
    '',
    '::1::2',
    'hmc1#x',
  ])('is not %j', (text) => {
    const mistake = parseHmcAddress(text);
    expect(typeof mistake).toBe('string');
    expect(mistake).not.toContain('secret');
  });
});
