import { z } from 'zod';

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNITS_MS;

/** Milliseconds of a text such as `500ms`, `30s`, `10m`, `24h` or `30d`; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) return undefined;
  const durationMs = Number(match[1]) * UNITS_MS[match[2] as Unit];
  return Number.isSafeInteger(durationMs) ? durationMs : undefined;
}

/** The shortest text for a duration: 86,400,000 ms is `1d`. */
export function formatDuration(durationMs: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (durationMs > 0 && durationMs % UNITS_MS[unit] === 0) return `${durationMs / UNITS_MS[unit]}${unit}`;
  }
  return `${durationMs}ms`;
}

/** Schema of a duration in a file; its output is milliseconds. */
export function durationField(limits: { minMs: number; maxMs: number }) {
  return z.string().transform((text, context) => {
    const durationMs = parseDuration(text);
    if (durationMs === undefined) {
      context.addIssue({
        code: 'custom',
        message: 'is no duration; write a number and a unit, e.g. 90s, 10m, 24h, 30d',
      });
      return z.NEVER;
    }
    if (durationMs < limits.minMs || durationMs > limits.maxMs) {
      const { minMs, maxMs } = limits;
      context.addIssue({ code: 'custom', message: `must be ${formatDuration(minMs)} to ${formatDuration(maxMs)}` });
      return z.NEVER;
    }
    return durationMs;
  });
}
