import { refuse } from '../hmc-error.js';
import type { Partition } from '../estate.js';
import { objectBody, type Route } from '../router.js';
import type { StorageGroup } from '../storage/storage-group.js';
import type { StorageGroups } from '../storage/storage-groups.js';
import { demandTask } from './demand-task.js';

/** Attaching storage groups to partitions, and detaching them (hmc-dpm.md section 12). */
export const storageAttachmentRoutes: readonly Route[] = [
  attachmentRoute('attach-storage-group', (storage, ...those) => storage.attach(...those)),
  attachmentRoute('detach-storage-group', (storage, ...those) => storage.detach(...those)),
];

function attachmentRoute(
  operation: string,
  act: (storage: StorageGroups, partition: Partition, group: StorageGroup) => void,
): Route {
  return {
    method: 'POST',
    pattern: `/api/partitions/:id/operations/${operation}`,
    handle: (call, { estate, machine, storage, level }) => {
      const { user } = call.session;
      const partition = estate.visiblePartition(call.params['id'] ?? '', user);
      if (!level.hasStorageManagement) throw refuse.notFound(call.path);
      demandTask(user, 'partition-details');
      const { 'storage-group-uri': uri, ...others } = objectBody(call);
      const [unexpected] = Object.keys(others);
      if (unexpected !== undefined) throw refuse.fieldNotAllowed(unexpected);
      if (uri === undefined) throw refuse.fieldMissing('storage-group-uri');
      const group = storage.byUri(uri, user);
      machine.assertUpdatable(partition, false);
      act(storage, partition, group);
      return { status: 204 };
    },
  };
}
