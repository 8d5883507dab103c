import { describe, expect, test } from '@jest/globals';
import { AdaptiveLimit } from './adaptive-limit.js';

function limitOf(most: number): { limit: AdaptiveLimit; told: number[] } {
  const told: number[] = [];
  return { limit: new AdaptiveLimit(most, (places) => told.push(places)), told };
}

describe('the limit of requests', () => {
  test('begins with what is allowed, and never goes above it', () => {
    const { limit, told } = limitOf(3);
    for (let i = 0; i < 20; i++) limit.sent()('good');
    expect(new Set(told)).toEqual(new Set([3]));
  });

  test('halves once for all that were sent before, and comes back one by one', () => {
    const { limit } = limitOf(8);
    const sent = Array.from({ length: 8 }, () => limit.sent());
    for (const answer of sent) answer('busy');
    expect(limit.places).toBe(4);
    limit.sent()('busy');
    expect(limit.places).toBe(2);
    const needed: number[] = [];
    for (let answers = 0; limit.places < 8; answers++) {
      const before = limit.places;
      limit.sent()('good');
      if (limit.places > before) needed.push(answers);
    }
    // Two answers for the third place, three for the fourth, and so on.
    expect(needed.length).toBe(6);
    expect(needed.at(-1)).toBeGreaterThanOrEqual(2 + 3 + 4 + 5 + 6 + 7 - 1);
  });

  test('leaves one place at least', () => {
    const { limit } = limitOf(2);
    for (let i = 0; i < 5; i++) limit.sent()('busy');
    expect(limit.places).toBe(1);
  });

  test('is lowered by another user, and stays so', () => {
    const { limit } = limitOf(10);
    limit.lower(3);
    limit.lower(7);
    for (let i = 0; i < 20; i++) limit.sent()('good');
    expect(limit.places).toBe(3);
  });
});
