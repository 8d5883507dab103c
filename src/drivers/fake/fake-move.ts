import { aborted } from '../../common/aborted.js';
import type { Clock } from '../../common/clock.js';
import type { OperationId } from '../../common/ids.js';

const TICKS = 20;
/** How far the copy of a guest comes that changes its memory as fast as it is copied. */
const BUSY_PERCENT = 75;

export interface FakeMoveOptions {
  readonly operationId: OperationId;
  readonly delayMs: number;
  readonly memoryMib: number;
  /** It never converges by itself. */
  readonly isBusy: boolean;
  /** Takes the instance from its host to the other one; false when that does not take it. */
  readonly arrive: () => boolean;
}

/** An instance on its way between two hosts. It goes on in the devices, whoever watches. */
export class FakeMove {
  readonly operationId: OperationId;
  state: 'moving' | 'arrived' | 'aborted' = 'moving';
  percent = 0;
  readonly #options: FakeMoveOptions;
  #isForced = false;
  #change = deferred();

  constructor(options: FakeMoveOptions) {
    this.operationId = options.operationId;
    this.#options = options;
  }

  get remainingMib(): number {
    return Math.round((this.#options.memoryMib * (100 - this.percent)) / 100);
  }

  start(clock: Clock): void {
    void this.#copy(clock);
  }

  /** Copies what is left while the guest stands still. */
  force(): void {
    this.#isForced = true;
    this.#tell();
  }

  /** The copy is thrown away; too late once the instance has arrived. */
  abort(): void {
    if (this.state === 'moving') this.#end('aborted');
  }

  /** Resolves with the next news, or when nobody waits for them any longer. */
  async news(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#change.passed, aborted(signal)]);
  }

  async #copy(clock: Clock): Promise<void> {
    const { delayMs, isBusy, arrive } = this.#options;
    while (this.percent < 100) {
      if (isBusy && !this.#isForced && this.percent >= BUSY_PERCENT) await this.#change.passed;
      else {
        if (delayMs > 0) await clock.sleep(delayMs / TICKS);
        this.percent += 100 / TICKS;
        this.#tell();
      }
      if (this.state !== 'moving') return;
    }
    this.#end(arrive() ? 'arrived' : 'aborted');
  }

  #end(state: 'arrived' | 'aborted'): void {
    this.state = state;
    this.#tell();
  }

  #tell(): void {
    const { pass } = this.#change;
    this.#change = deferred();
    pass();
  }
}

function deferred(): { readonly passed: Promise<void>; readonly pass: () => void } {
  let pass = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  return { passed, pass: () => pass() };
}
