import { describe, expect, it } from '@jest/globals';
import { InFlight, MARGIN_MS } from './in-flight.js';

describe('what is in flight', () => {
  it('is nothing at first, and after an answer', () => {
    const inFlight = new InFlight();
    expect(inFlight.leftMs).toBe(0);
    inFlight.sent(60_000);
    inFlight.answered();
    expect(inFlight.leftMs).toBe(0);
  });

  it('is the last to be there of what was sent, for its time-out', () => {
    const inFlight = new InFlight();
    inFlight.sent(60_000);
    inFlight.sent(1);
    expect(inFlight.leftMs).toBeGreaterThan(30_000);
    expect(inFlight.leftMs).toBeLessThanOrEqual(60_000 + MARGIN_MS);
  });

  it('is nothing of a step that sends nothing', () => {
    const inFlight = new InFlight();
    inFlight.sent(0);
    expect(inFlight.leftMs).toBe(0);
  });
});
