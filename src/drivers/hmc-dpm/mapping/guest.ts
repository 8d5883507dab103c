import { partitionStatus, type PartitionStatus } from './partition-status.js';

/** Where an operating system runs. */
const RUNNING: readonly PartitionStatus[] = ['active', 'degraded'];

/**
 * Why there is no guest to deal with in a partition; undefined when there is one.
 *
 * @param alsoIn further statuses that will do
 */
export function whyNoGuest(status: string, alsoIn: readonly PartitionStatus[] = []): string | undefined {
  const known = partitionStatus(status);
  if (RUNNING.includes(known) || alsoIn.includes(known)) return undefined;
  switch (known) {
    case 'paused':
      return 'it is paused: its guest has halted or did not boot. Reboot it first';
    case 'terminated':
      return 'it is terminated: its guest has crashed. Reboot it first';
    case 'starting':
    case 'stopping':
      return `it is ${known}; repeat it when that has ended`;
    default:
      return `it is ${status}, so nothing runs in it. Power it on first`;
  }
}
