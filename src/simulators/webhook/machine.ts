import type { Cancel, Clock } from '../kit/clock.js';
import type { MachineEntry, MachineState } from './inventory.schema.js';

/** A machine that takes time to start and to stop. A command on the way turns it around, as a relay would. */
export class Machine {
  readonly name: string;
  #state: MachineState;
  #cancel: Cancel = () => undefined;

  constructor(
    private readonly entry: MachineEntry,
    private readonly clock: Clock,
  ) {
    this.name = entry.name;
    this.#state = entry.status;
  }

  get state(): MachineState {
    return this.#state;
  }

  switch(to: 'on' | 'off'): void {
    const [end, passing, delayMs] =
      to === 'on'
        ? (['running', 'starting', this.entry.start_ms] as const)
        : (['stopped', 'stopping', this.entry.stop_ms] as const);
    if (this.#state === end || this.#state === passing) return;
    this.force(passing);
    this.#cancel = this.clock.after(delayMs, () => {
      this.#state = end;
    });
  }

  /** Puts it into a state, and ends what goes on. */
  force(state: MachineState): void {
    this.#cancel();
    this.#state = state;
  }
}
