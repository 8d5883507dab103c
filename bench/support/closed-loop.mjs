/**
 * So many calls in flight, each answered before the next is made in its place: calls answered per second, and their
 * latencies in milliseconds.
 */
export async function closedLoop(call, { inFlight, warmUpMs, measureMs }) {
  const latencies = [];
  let calls = 0;
  const begin = performance.now() + warmUpMs;
  const end = begin + measureMs;
  const worker = async () => {
    for (;;) {
      const calledAt = performance.now();
      if (calledAt >= end) return;
      await call();
      calls++;
      const now = performance.now();
      if (now >= begin && now <= end) latencies.push(now - calledAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return { rate: latencies.length / (measureMs / 1000), calls, p50: at(0.5), p99: at(0.99) };
}
