import { ComputeError } from '../../common/errors/index.js';
import type { DiskLimits, GuestFile } from '../../compute/contract/index.js';
import { partial, type VirtFeatureId } from '../../features/index.js';
import { fileSize } from './fake-hardware.js';

const MAX_FILE_BYTES = 10_240;

/** What the fake driver plays within limits, which it says here and keeps below. */
export const fakeLimits = {
  'guest.disk.rate-limit': partial('requests a second; bytes a second cannot be limited'),
  'guest.setup.inject.file': partial(`files of up to ${MAX_FILE_BYTES} bytes each`),
} as const;

/** @throws ComputeError FEATURE_LIMITED for limits in bytes */
export function refuseByteLimits(limits: DiskLimits | undefined): void {
  const inBytes = Object.entries(limits ?? {}).find(([name, value]) => name.includes('bytes') && value !== undefined);
  if (inBytes !== undefined) throw limited('guest.disk.rate-limit', `${inBytes[0]} was asked for`);
}

/** @throws ComputeError FEATURE_LIMITED for a file that is too large */
export function refuseLargeFiles(files: readonly GuestFile[] = []): void {
  const large = files.find((file) => fileSize(file) > MAX_FILE_BYTES);
  if (large !== undefined) throw limited('guest.setup.inject.file', `${large.path} has ${fileSize(large)} bytes`);
}

function limited(feature: keyof typeof fakeLimits & VirtFeatureId, asked: string): ComputeError {
  const { limits } = fakeLimits[feature];
  return new ComputeError('FEATURE_LIMITED', `the fake driver offers ${feature} with limits (${limits}); ${asked}`, {
    details: { feature, limits },
  });
}
