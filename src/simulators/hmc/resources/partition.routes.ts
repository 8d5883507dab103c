import { selectProperties } from '../api-level.js';
import type { Partition } from '../model.js';
import { refuse } from '../hmc-error.js';
import type { Hmc } from '../hmc.js';
import type { Task } from '../inventory.schema.js';
import { demandTask } from '../permissions.js';
import type { PowerOperation } from '../partition-machine.js';
import { checkPartitionUpdate } from '../partition-properties.js';
import { objectBody, type Route, type SessionCall } from '../router.js';

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
      update(partition, objectBody(call), hmc);
      return { status: 204 };
    },
  },
  powerRoute('start', 'start-partition'),
  powerRoute('stop', 'stop-partition'),
  powerRoute('psw-restart', 'psw-restart'),
];

function powerRoute(operation: PowerOperation, task: Task): Route {
  return {
    method: 'POST',
    pattern: `/api/partitions/:id/operations/${operation}`,
    handle: (call, hmc) => {
      const partition = partitionOf(call, hmc);
      const { user } = call.session;
      demandTask(user, task);
      if (call.body !== undefined) {
        const unexpected = Object.keys(objectBody(call))[0];
        if (unexpected !== undefined) throw refuse.fieldNotAllowed(unexpected);
      }
      const job = hmc.machine.begin(partition, operation, user.name, () => call.takeOperationFault());
      return { status: 202, body: { 'job-uri': job.uri } };
    },
  };
}

function update(partition: Partition, changes: Record<string, unknown>, { estate, machine, level }: Hmc): void {
  const { name, ...rest } = changes;
  if (name !== undefined) {
    if (typeof name !== 'string' || name === '' || name.length > 64)
      throw refuse.badValue('name', '1 to 64 characters');
    if (estate.named(name, partition.cpc.name).some((other) => other !== partition)) {
      throw refuse.notUnique('name', 'another partition of the CPC');
    }
  }
  machine.assertUpdatable(partition, checkPartitionUpdate(partition.stored, rest, level));
  estate.store(partition, changes);
}

function partitionOf(call: SessionCall, { estate }: Hmc): Partition {
  return estate.visiblePartition(call.params['id'] ?? '', call.session.user);
}
