import { describe, expect, it } from '@jest/globals';
import { eventKey, keyPart } from './event-key.js';

const power = (host: string | null, name: string): string =>
  eventKey({ kind: 'power', host, name, state: 'on', data: {}, at: 0 });

describe('routing keys of events', () => {
  it.each([
    ['plain-Name_1', 'plain-Name_1'],
    ['a.b', 'a%2Eb'],
    ['*#', '%2A%23'],
    ['ä', '%C3%A4'],
    ['100%', '100%25'],
    ['', ''],
  ])('write %j as %j', (name, expected) => expect(keyPart(name)).toBe(expected));

  it('say which machine of which host', () => {
    expect(power('cpc1', 'lnx01')).toBe('power.cpc1.lnx01.on');
    expect(power(null, 'm')).toBe('power._.m.on');
    expect(power('_', 'm')).toBe('power.%5F.m.on');
  });

  it('stay below 255 bytes, are the same every time, and differ for different names', () => {
    const long = 'ü'.repeat(255);
    const key = power(long, long);
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(255);
    expect(power(long, long)).toBe(key);
    expect(power(long, `${long.slice(0, -1)}x`)).not.toBe(key);
    expect(keyPart(long)).toMatch(/^(%C3%BC)+(%C3)?~[0-9a-f]{16}$/);
  });
});
