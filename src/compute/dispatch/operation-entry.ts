import type { ComputeError } from '../../common/errors/index.js';
import type { TargetKey } from '../../common/ids.js';
import type { OperationRecord } from '../../journal/journal.port.js';
import type { Target } from '../contract/index.js';
import { InFlight } from './in-flight.js';
import type { Told } from './operation-news.js';
import type { ChangeRoute } from './route.js';
import { RunControls } from './run-controls.js';
import type { Queued } from './target-queues.js';

/** First pause before asking again for a target that another worker has. */
export const FIRST_PAUSE_MS = 20;

/** An operation that this process has in hand. */
export interface Entry extends Queued, Told {
  record: OperationRecord;
  readonly route: ChangeRoute;
  target: Target | undefined;
  /** The queue it stands in. */
  queue: TargetKey;
  readonly interrupt: AbortController;
  /** Aborts when it is left to others, whatever has interrupted it before. */
  readonly left: AbortController;
  /** What is asked of it beside its end. */
  readonly controls: RunControls;
  readonly inFlight: InFlight;
  readonly outcome: Promise<OperationRecord>;
  readonly resolve: (record: OperationRecord) => void;
  /** Tells those who wait that the next start carries it on. */
  readonly leave: (reason: ComputeError) => void;
  /** Stops watching for the end of its time while it waits. */
  forgetDeadline: () => void;
  /** How long it waits before it asks again whether another worker is done with its target. */
  pauseMs: number;
}

/** @param target when this process has just found it */
export function entryOf(record: OperationRecord, route: ChangeRoute, target: Target | undefined): Entry {
  let resolve: Entry['resolve'] = () => undefined;
  let leave: Entry['leave'] = () => undefined;
  const outcome = new Promise<OperationRecord>((done, left) => {
    resolve = done;
    leave = left;
  });
  // Nobody need be waiting for it.
  outcome.catch(() => undefined);
  const entry: Entry = {
    seq: record.seq,
    isParent: route.isParent,
    get hasBegun() {
      return entry.record.state === 'running';
    },
    record,
    route,
    target,
    queue: record.target,
    interrupt: new AbortController(),
    left: new AbortController(),
    controls: new RunControls(),
    inFlight: new InFlight(),
    outcome,
    resolve,
    leave,
    forgetDeadline: () => undefined,
    progress: null,
    pauseMs: FIRST_PAUSE_MS,
  };
  return entry;
}

/** Interrupts it, and leaves it to others. */
export function leaveAlone({ interrupt, left }: Entry, reason: ComputeError): void {
  left.abort(reason);
  interrupt.abort(reason);
}
