import { refuse } from '../hmc-error.js';
import type { Partition } from '../model.js';
import { demandTask } from '../permissions.js';
import { allowOnly, objectBody, uriIn, type Route } from '../router.js';
import type { Attachments } from '../storage/attachments.js';
import type { StorageGroup } from '../storage/storage-group.js';
import { partitionOf } from './partition.routes.js';

/** Attaching storage groups to partitions, and detaching them (hmc-dpm.md section 12). */
export const storageAttachmentRoutes: readonly Route[] = [
  attachmentRoute('attach-storage-group', (attachments, ...those) => attachments.attach(...those)),
  attachmentRoute('detach-storage-group', (attachments, ...those) => attachments.detach(...those)),
];

function attachmentRoute(
  operation: string,
  act: (attachments: Attachments, partition: Partition, group: StorageGroup) => void,
): Route {
  return {
    method: 'POST',
    pattern: `/api/partitions/:id/operations/${operation}`,
    handle: (call, hmc) => {
      const { machine, storage, level } = hmc;
      const { user } = call.session;
      const partition = partitionOf(call, hmc);
      if (!level.hasFirmwareFeatures) throw refuse.notFound(call.path);
      demandTask(user, 'partition-details');
      const body = objectBody(call);
      allowOnly(body, 'storage-group-uri');
      const group = storage.groups.byUri(uriIn(body, 'storage-group-uri'), user);
      machine.assertUpdatable(partition, false);
      act(storage.attachments, partition, group);
      return { status: 204 };
    },
  };
}
