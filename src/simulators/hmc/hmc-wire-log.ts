import { WireLog } from '../kit/wire-log.js';
import type { PowerOperation } from './partition-machine.js';

/** The wire log with the questions that tests of an HMC client ask most. */
export class HmcWireLog extends WireLog {
  /** Start operations on this partition that the HMC accepted, whether or not the caller got the answer. */
  starts(partition: string): number {
    return this.#accepted(partition, 'start');
  }

  /** Stop operations on this partition that the HMC accepted. */
  stops(partition: string): number {
    return this.#accepted(partition, 'stop');
  }

  /** Logons, accepted or not. */
  logons(): number {
    return this.count({ method: 'POST', path: '/api/sessions' });
  }

  #accepted(subject: string, operation: PowerOperation): number {
    return this.count({ method: 'POST', path: `*/operations/${operation}`, subject, executed: true });
  }
}
