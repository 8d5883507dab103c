import { rm } from 'node:fs/promises';
import type { IsoImage } from '../boot-record.js';
import { HmcError, refuse } from '../hmc-error.js';
import type { Hmc } from '../hmc.js';
import type { Partition } from '../model.js';
import { demandTask } from '../permissions.js';
import { allowOnly, optionalBody, type Route } from '../router.js';
import { partitionOf } from './partition.routes.js';

/** The ISO image of a partition (hmc-dpm.md sections 9 and 10). */
export const isoImageRoutes: readonly Route[] = [
  {
    method: 'POST',
    pattern: '/api/partitions/:id/operations/mount-iso-image',
    query: ['image-name', 'ins-file-name'],
    isUpload: true,
    handle: (call, hmc) => {
      const partition = partitionOf(call, hmc);
      demandTask(call.session.user, 'partition-details');
      const [imageName, insFile] = ['image-name', 'ins-file-name'].map((name) => {
        const [value = ''] = call.query.all(name);
        if (value === '') throw refuse.fieldMissing(name);
        return value;
      }) as [string, string];
      const { upload } = call;
      if (upload === null || upload.sizeBytes === 0) throw refuse.bodyMissing();
      if (upload.isTooLarge) throw new HmcError(413, 1, 'The image is too large');
      hmc.machine.assertUpdatable(partition, false);
      const { sizeBytes, sha256, file } = upload;
      upload.keep();
      mount(hmc, partition, { imageName, insFile, sizeBytes, sha256, file });
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    pattern: '/api/partitions/:id/operations/unmount-iso-image',
    handle: (call, hmc) => {
      const partition = partitionOf(call, hmc);
      demandTask(call.session.user, 'partition-details');
      allowOnly(optionalBody(call));
      hmc.machine.assertUpdatable(partition, false);
      mount(hmc, partition, null);
      return { status: 204 };
    },
  },
];

/** In place of what is mounted. */
function mount({ estate }: Hmc, partition: Partition, image: IsoImage | null): void {
  const replaced = partition.iso?.file ?? null;
  partition.iso = image;
  estate.store(partition, {
    'boot-iso-image-name': image?.imageName ?? null,
    'boot-iso-ins-file': image?.insFile ?? null,
  });
  if (replaced !== null) void rm(replaced, { force: true }).catch(() => undefined);
}
