import { isoTime } from '../../common/clock.js';
import type { OperationId } from '../../common/ids.js';
import type { Boot, Flavor } from '../../compute/contract/index.js';
import type { InstancePowerState, Transition } from '../../compute/state/power-state.js';
import { DEFAULT_HARDWARE, type FakeHardware } from './fake-hardware.js';
import type { FakeMove } from './fake-move.js';

const CONSOLE_LINES = 1000;

/** Something of a fake host that operations change, one at a time. */
export interface FakeSubject {
  /** The operation whose request reached it last. */
  changedBy: OperationId | null;
  /** Has that request not had its effect yet? */
  isChanging: boolean;
}

/** An instance in the memory of a fake host. */
export class FakeInstance implements FakeSubject {
  changedBy: OperationId | null = null;
  isChanging = false;
  state: InstancePowerState;
  transition: Transition | null = null;
  /** Its last way to another host. */
  move: FakeMove | null = null;
  hardware: FakeHardware = DEFAULT_HARDWARE;
  /** The operation that made it; null when it was there from the beginning. */
  madeBy: OperationId | null = null;
  /** Does it bear our mark? */
  isOurs = false;
  /** What it started from before it was rescued. */
  bootBefore: Boot | null = null;
  /** Its size before a resize that is neither confirmed nor reverted. */
  flavorBefore: Flavor | null = null;
  /** Are its file systems held? */
  isQuiesced = false;
  crashDumps = 0;
  startedAt: number | null = null;
  #console: string[] | undefined;
  #isConsoleCut = false;

  constructor(
    readonly name: string,
    readonly id: string,
    state: InstancePowerState,
  ) {
    this.state = state;
  }

  /** It is in another state from now on. */
  enter(state: InstancePowerState, now: number): void {
    this.state = state;
    if (state !== 'running' && state !== 'paused') {
      this.isQuiesced = false;
      this.startedAt = null;
    } else this.startedAt ??= now;
    this.write(now, state);
  }

  /** Puts a line on its console. */
  write(now: number, text: string): void {
    this.#console ??= [];
    this.#console.push(`[${isoTime(now)}] ${text}`);
    if (this.#console.length <= CONSOLE_LINES) return;
    this.#console.shift();
    this.#isConsoleCut = true;
  }

  /** The lines of its console, the newest last. */
  console(tailLines = CONSOLE_LINES): { readonly lines: readonly string[]; readonly isCut: boolean } {
    const lines = this.#console ?? [];
    return { lines: lines.slice(-tailLines), isCut: this.#isConsoleCut || lines.length > tailLines };
  }
}
