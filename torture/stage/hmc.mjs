// The simulated HMC: in this process, since it must outlive every worker, and to read its wire log without loss.
import { inCheckout } from '../../scripts/environment/checkout.mjs';

/** It protects nothing: it exists in this simulator only. */
export const HMC_PASSWORD = 'torture-hmc-password';

const bootable = { 'boot-device': 'storage-volume' };
/** The wire log forgets its oldest entries; it is read more often than it fills. */
const readLogEveryMs = 500;

/**
 * @param {number} partitions of each CPC
 */
const inventory = (partitions) => ({
  timing: { start_ms: 150, paused_ms: 40, stop_ms: 100, cancel_ms: 40 },
  users: [{ name: 'zenova', password: HMC_PASSWORD }],
  cpcs: ['CPC1', 'CPC2'].map((name) => ({
    name,
    mode: 'dpm',
    generate: [
      {
        pattern: `${name.toLowerCase()}-{n:3}`,
        count: partitions,
        statuses: ['stopped', 'active'],
        properties: bootable,
      },
    ],
  })),
});

export class Hmc {
  #timer;
  #seen = 0;
  /** Every start and stop that arrived, as the wire log has it; entries are completed in place. */
  #writes = [];

  static async start(partitions) {
    const { HmcSimulator } = await import(inCheckout('dist', 'simulators', 'hmc', 'index.js'));
    return new Hmc(await HmcSimulator.start({ inventory: inventory(partitions), port: 0 }));
  }

  constructor(simulator) {
    this.simulator = simulator;
    this.#timer = setInterval(() => this.#read(), readLogEveryMs);
  }

  #read() {
    const { wireLog } = this.simulator;
    for (const entry of wireLog.entries({ method: 'POST', path: '*/operations/*', since: this.#seen })) {
      if (/\/operations\/(start|stop)$/.test(entry.path)) this.#writes.push(entry);
    }
    this.#seen = wireLog.last;
  }

  /** @returns {import('../check/history.js').DeviceWrite[]} */
  writes() {
    this.#read();
    return this.#writes.map(({ sequence, at, path, subject, executed, status, faults }) => ({
      sequence,
      at: Date.parse(at),
      partition: subject ?? path,
      step: path.endsWith('/start') ? 'start' : 'stop',
      isExecuted: executed,
      status,
      faults: [...faults],
    }));
  }

  async stop() {
    clearInterval(this.#timer);
    await this.simulator.stop();
  }
}
