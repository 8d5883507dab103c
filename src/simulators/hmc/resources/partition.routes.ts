import { selectProperties } from '../api-level.js';
import type { Partition } from '../model.js';
import { refuse } from '../hmc-error.js';
import type { Hmc } from '../hmc.js';
import type { Task } from '../inventory.schema.js';
import { demandTask } from '../permissions.js';
import type { PowerOperation } from '../partition-machine.js';
import { deletePartition, updatePartition } from '../partition-operations.js';
import { allowOnly, objectBody, optionalBody, type Route, type SessionCall } from '../router.js';

/** One partition: read, update, and the power operations (hmc-dpm.md sections 7 to 9). */
export const partitionRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/partitions/:id',
    query: ['properties'],
    handle: (call, hmc) => {
      const all = hmc.estate.properties(partitionOf(call, hmc));
      return { status: 200, body: selectProperties(all, call.query, hmc.level) };
    },
  },
  {
    method: 'POST',
    pattern: '/api/partitions/:id',
    handle: (call, hmc) => {
      const partition = partitionOf(call, hmc);
      demandTask(call.session.user, 'partition-details');
      updatePartition(hmc, partition, objectBody(call));
      return { status: 204 };
    },
  },
  {
    method: 'DELETE',
    pattern: '/api/partitions/:id',
    handle: (call, hmc) => {
      const partition = partitionOf(call, hmc);
      demandTask(call.session.user, 'delete-partition');
      deletePartition(hmc, partition);
      return { status: 204 };
    },
  },
  powerRoute('start', 'start-partition'),
  powerRoute('stop', 'stop-partition'),
  powerRoute('psw-restart', 'psw-restart'),
  {
    method: 'POST',
    pattern: '/api/partitions/:id/operations/start-dump-program',
    handle: (call, hmc) => {
      if (!hmc.level.hasFirmwareFeatures) throw refuse.notFound(call.path);
      const partition = partitionOf(call, hmc);
      const { user } = call.session;
      demandTask(user, 'dump-partition');
      const volumeUri = dumpVolume(objectBody(call), partition, hmc);
      const { status } = partition;
      const job = hmc.machine.begin(partition, 'start-dump-program', { owner: user.name, jobs: hmc.jobs }, () =>
        call.takeOperationFault(),
      );
      partition.dumps.push({ volumeUri, of: status });
      return { status: 202, body: { 'job-uri': job.uri } };
    },
  },
];

const DUMP_OPTIONS = ['dump-configuration-selector', 'dump-os-specific-parameters', 'dump-record-lba'];

/** The volume that the dump program is on. */
function dumpVolume(body: Record<string, unknown>, partition: Partition, { storage }: Hmc): string {
  const { 'dump-program-type': type, 'dump-program-info': info } = body;
  if (type === undefined) throw refuse.fieldMissing('dump-program-type');
  if (type !== 'storage') throw refuse.badValue('dump-program-type', 'storage is the only one');
  if (typeof info !== 'object' || info === null) throw refuse.fieldMissing('dump-program-info');
  allowOnly(body, 'dump-program-type', 'dump-program-info');
  allowOnly(info as Record<string, unknown>, 'storage-volume-uri', ...DUMP_OPTIONS);
  const { 'storage-volume-uri': uri } = info as Record<string, unknown>;
  if (typeof uri !== 'string') throw refuse.fieldMissing('storage-volume-uri');
  const volumes = storage.attachments.of(partition).flatMap((group) => group.volumes);
  if (volumes.every((volume) => volume.uri !== uri)) throw refuse.namedObjectUnknown(uri);
  return uri;
}

function powerRoute(operation: PowerOperation, task: Task): Route {
  return {
    method: 'POST',
    pattern: `/api/partitions/:id/operations/${operation}`,
    handle: (call, hmc) => {
      const partition = partitionOf(call, hmc);
      const { user } = call.session;
      demandTask(user, task);
      allowOnly(optionalBody(call));
      const job = hmc.machine.begin(partition, operation, { owner: user.name, jobs: hmc.jobs }, () =>
        call.takeOperationFault(),
      );
      return { status: 202, body: { 'job-uri': job.uri } };
    },
  };
}

/** The partition that a path names. Throws 404,1. */
export function partitionOf(call: SessionCall, { estate }: Hmc): Partition {
  return estate.visiblePartition(call.params['id'] ?? '', call.session.user);
}
