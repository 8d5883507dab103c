import type { HealthSource } from './common/health.js';
import type { Journal } from './journal/journal.port.js';
import type { TransportHealth } from './transport/index.js';

/** What `/readyz` asks: requests are taken, and can be written down. */
export function readiness(transport: TransportHealth, journal: Pick<Journal, 'check'>): HealthSource[] {
  return [
    {
      name: 'broker',
      check() {
        const { isConnected, isBlocked, lastError } = transport.status();
        if (!isConnected)
          return { ok: false, detail: `not connected${lastError === null ? '' : `: ${lastError.message}`}` };
        return isBlocked
          ? { ok: false, detail: 'the broker takes no messages (memory or disk alarm)' }
          : { ok: true, detail: 'connected' };
      },
    },
    {
      name: 'consumers',
      check() {
        const { isConsuming, isPaused, queues } = transport.status();
        if (isPaused) return { ok: true, detail: 'paused: too many operations are unfinished' };
        const missing = queues.filter(({ isAttached }) => !isAttached);
        const text = missing.map(({ queue, error }) => `${queue}${error === null ? '' : ` (${error})`}`).join(', ');
        return isConsuming
          ? { ok: true, detail: queues.map(({ queue }) => queue).join(', ') }
          : { ok: false, detail: `no consumer on ${text}` };
      },
    },
    {
      name: 'journal',
      async check() {
        await journal.check();
        return { ok: true, detail: 'answers' };
      },
    },
  ];
}
