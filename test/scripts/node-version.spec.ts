import { describe, expect, it } from '@jest/globals';
import { satisfies } from '../../scripts/environment/node-version.mjs';

const range = '^20.19 || ^22.12 || >=24';

describe('the Node version check', () => {
  it.each(['20.19.0', '20.20.2', '22.12.0', '22.21.1', '24.0.0', '25.1.0'])('accepts %s', (version) => {
    expect(satisfies(version, range)).toBe(true);
  });

  it.each(['12.22.9', '18.19.0', '20.18.3', '21.7.3', '22.11.0', '23.11.0'])('refuses %s', (version) => {
    expect(satisfies(version, range)).toBe(false);
  });

  it('does not guess at a form of range that it does not know', () => {
    expect(() => satisfies('20.19.0', '~20.19.0')).toThrow('"~20.19.0"');
  });
});
