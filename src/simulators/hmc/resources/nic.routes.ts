import { selectProperties } from '../api-level.js';
import { refuse } from '../hmc-error.js';
import type { Hmc } from '../hmc.js';
import { addNic, deleteNic, updateNic } from '../network/nic-operations.js';
import { nicProperties } from '../network/nic.js';
import type { Nic } from '../model.js';
import { demandTask } from '../permissions.js';
import { objectBody, type Route, type SessionCall } from '../router.js';
import { partitionOf } from './partition.routes.js';

/** NICs of a partition (hmc-dpm.md section 11). There is no list of them beside the partition's `nic-uris`. */
export const nicRoutes: readonly Route[] = [
  {
    method: 'POST',
    pattern: '/api/partitions/:id/nics',
    handle: (call, hmc) => {
      const { user } = call.session;
      const partition = partitionOf(call, hmc);
      demandTask(user, 'partition-details');
      const nic = addNic(hmc, partition, objectBody(call), user);
      return { status: 201, body: { 'element-uri': nic.uri } };
    },
  },
  {
    method: 'GET',
    pattern: '/api/partitions/:id/nics/:nic',
    query: ['properties'],
    handle: (call, hmc) => ({
      status: 200,
      body: selectProperties(nicProperties(nicOf(call, hmc), hmc.level), call.query, hmc.level),
    }),
  },
  {
    method: 'POST',
    pattern: '/api/partitions/:id/nics/:nic',
    handle: (call, hmc) => {
      const nic = nicOf(call, hmc);
      demandTask(call.session.user, 'partition-details');
      updateNic(hmc, nic, objectBody(call), call.session.user);
      return { status: 204 };
    },
  },
  {
    method: 'DELETE',
    pattern: '/api/partitions/:id/nics/:nic',
    handle: (call, hmc) => {
      const nic = nicOf(call, hmc);
      demandTask(call.session.user, 'partition-details');
      deleteNic(hmc, nic);
      return { status: 204 };
    },
  },
];

function nicOf(call: SessionCall, hmc: Hmc): Nic {
  const nic = partitionOf(call, hmc).nics.find(({ id }) => id === call.params['nic']);
  if (nic === undefined) throw refuse.notFound(call.path);
  return nic;
}
