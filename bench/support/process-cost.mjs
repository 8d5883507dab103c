import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 1;

/** What a load costs this process, from `begin` to `end`: how late its event loop is, and its processor time, all threads. */
export class ProcessCost {
  #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #cpuBefore = process.cpuUsage();

  begin() {
    this.#cpuBefore = process.cpuUsage();
    this.#histogram.reset();
    this.#histogram.enable();
  }

  /** In milliseconds. */
  end() {
    this.#histogram.disable();
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    // Node counts the time from one look to the next, the pause between them included.
    const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
    const [delayP50, delayP99] = [50, 99].map((share) => late(this.#histogram.percentile(share)));
    return { delayP50, delayP99, delayMax: late(this.#histogram.max), cpu: (user + system) / 1000 };
  }
}
