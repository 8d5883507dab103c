import type { ChangeOperation } from './power.js';

/** Operations that keep an instance's memory. Each is idempotent; the wrong state is STATE_CONFLICT. */
export interface LifecycleOperations {
  /** Governed by `operation.pause`. Processors stop, memory stays; afterwards `paused`. */
  pause: ChangeOperation;
  /** Governed by `operation.unpause`. Afterwards `running`. */
  unpause: ChangeOperation;
  /** Governed by `operation.suspend`. Memory goes to disk; afterwards `suspended`. */
  suspend: ChangeOperation;
  /** Governed by `operation.resume`. Afterwards `running`. */
  resume: ChangeOperation;
}
