import { isBootable, NOT_BOOTABLE, type PartitionView, type StepName } from './next-action.js';
import { partitionStatus } from './partition-status.js';

/** What a partition's status says of a step. */
export type StepVerdict =
  | { readonly kind: 'done' }
  /** Not at its end yet. */
  | { readonly kind: 'wait' }
  /** Not where it should be, though the status may lag behind the job (section 5): wait for a while, then this failed. */
  | { readonly kind: 'lagging'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string };

const lagging = (why: string): StepVerdict => ({ kind: 'lagging', why });
const failed = (why: string): StepVerdict => ({ kind: 'failed', why });

/** Judges a step by the status after it. */
export function stepVerdict(step: StepName, partition: PartitionView): StepVerdict {
  return step === 'start' ? startVerdict(partition) : stopVerdict(partition);
}

function startVerdict(partition: PartitionView): StepVerdict {
  const { status } = partition;
  switch (partitionStatus(status)) {
    case 'active':
    case 'degraded':
      return { kind: 'done' };
    case 'starting':
    case 'stopping':
      return { kind: 'wait' };
    case 'paused':
      if (!isBootable(partition)) return failed(`it is paused: ${NOT_BOOTABLE}`);
      return lagging(
        'it was started, but is paused: nothing runs in it. The guest has halted, or its boot program does not load; look at its boot device and its operating system messages on the HMC',
      );
    case 'stopped':
      return lagging('it is stopped again; look at its tasks and hardware messages on the HMC');
    case 'terminated':
      return failed(
        'it is terminated: the guest crashed, or nothing bootable was found; look at its boot device and its operating system messages on the HMC',
      );
    case 'reservation-error':
      return failed(
        'the CPC could not reserve its processors, memory or adapters (reservation-error); free some or lower what it asks for, then repeat',
      );
    case 'communications-not-active':
    case 'status-check':
    case 'unknown':
      return { kind: 'wait' };
  }
}

function stopVerdict({ status }: PartitionView): StepVerdict {
  switch (partitionStatus(status)) {
    case 'stopped':
      return { kind: 'done' };
    case 'starting':
    case 'stopping':
    case 'communications-not-active':
    case 'status-check':
    case 'unknown':
      return { kind: 'wait' };
    case 'active':
    case 'degraded':
    case 'paused':
    case 'terminated':
    case 'reservation-error':
      return lagging(`it was stopped, but is ${status}; look at its tasks on the HMC, then repeat`);
  }
}

/** Does the status prove that the step, once sent, was carried out? A start is sent in `stopped` only. */
export function showsEffect(step: StepName, status: string): boolean {
  const known = partitionStatus(status);
  switch (known) {
    case 'communications-not-active':
    case 'status-check':
    case 'unknown':
      return false;
    case 'stopping':
      return true;
    case 'stopped':
      return step === 'stop';
    case 'starting':
    case 'active':
    case 'degraded':
    case 'paused':
    case 'terminated':
    case 'reservation-error':
      return step === 'start';
  }
}
