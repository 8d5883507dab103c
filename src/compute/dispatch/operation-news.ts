import { isoTime, type Clock } from '../../common/clock.js';
import { ComputeError } from '../../common/errors/index.js';
import type { Log } from '../../common/log.js';
import type { OperationRecord } from '../../journal/journal.port.js';
import type { EventPublisher, OperationView } from '../contract/index.js';
import type { ObservedState } from '../state/power-state.js';
import { machineState } from './answers.js';
import { logOf } from './operation-log.js';
import { placeOfOperation } from './places.js';
import { operationView } from './views.js';

export interface OperationNewsOptions {
  readonly events: EventPublisher;
  readonly clock: Clock;
  readonly log: Log;
}

/** An operation, and how far its driver says it is. */
export interface Told {
  readonly record: OperationRecord;
  progress: OperationView['progress'];
}

/** Tells the world what becomes of operations: as events, and the ends in the log too. */
export class OperationNews {
  readonly #options: OperationNewsOptions;

  constructor(options: OperationNewsOptions) {
    this.#options = options;
  }

  /** It is as its record says. */
  publish({ record, progress }: Told): void {
    const { events, clock } = this.#options;
    const operation = operationView(record, progress);
    const place = placeOfOperation(record);
    events.publish({ kind: 'operation', operation, at: clock.now(), trace: record.trace, place });
  }

  progress(operation: Told, message: string, percent?: number): void {
    operation.progress = { message, percent: percent ?? null, at: isoTime(this.#options.clock.now()) };
    this.publish(operation);
  }

  end(operation: Told): void {
    this.publish(operation);
    const { method, name, target, host, error: wire } = operation.record;
    const log = logOf(this.#options.log, operation.record);
    const fields = { method, target, host };
    if (wire === null) log.info(`${method} of ${name}: done`, fields);
    else {
      const error = ComputeError.fromWire(wire);
      log[error.logLevel](`${method} of ${name}: ${error.message}`, { ...fields, code: error.code });
    }
  }

  /** The state in which an instance was seen at the end of its operation, on the host where it is then. */
  state(record: OperationRecord, host: string | null, observed: ObservedState): void {
    const { events, clock } = this.#options;
    const { state, ...data } = machineState(observed);
    const { name, trace } = record;
    const place = { ...placeOfOperation(record), host };
    events.publish({ kind: 'power', host, name, state, data, at: clock.now(), trace, place });
  }
}
