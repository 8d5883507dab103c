import { selectProperties } from '../api-level.js';
import { refuse } from '../hmc-error.js';
import type { Hmc } from '../hmc.js';
import { demandTask } from '../permissions.js';
import type { Route, SessionCall } from '../router.js';
import { groupProperties, groupState, type StorageGroup } from '../storage/storage-group.js';
import { exactFilter, patternFilter } from './list-filter.js';

/** Reading storage groups (hmc-dpm.md section 12). */
export const storageGroupRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/storage-groups',
    query: ['cpc-uri', 'name', 'fulfillment-state', 'type'],
    handle: (call, { storage, level }) => {
      if (!level.hasFirmwareFeatures) throw refuse.notFound(call.path);
      const hasName = patternFilter(call.query, 'name');
      const [hasCpc, hasState, hasType] = [
        exactFilter(call.query, 'cpc-uri'),
        exactFilter(call.query, 'fulfillment-state'),
        exactFilter(call.query, 'type'),
      ];
      const listed = storage.groups
        .list()
        .filter(
          (group) =>
            group.isSeenBy(call.session.user) &&
            hasName(group.name) &&
            hasCpc(group.cpc.uri) &&
            hasState(groupState(group)) &&
            hasType(group.type),
        );
      return {
        status: 200,
        body: {
          'storage-groups': listed.map((group) => ({
            'object-uri': group.uri,
            'cpc-uri': group.cpc.uri,
            name: group.name,
            'fulfillment-state': groupState(group),
            type: group.type,
          })),
        },
      };
    },
  },
  {
    method: 'GET',
    pattern: '/api/storage-groups/:id',
    query: ['properties'],
    handle: (call, hmc) => ({
      status: 200,
      body: selectProperties(groupProperties(groupOf(call, hmc)), call.query, hmc.level),
    }),
  },
  {
    method: 'GET',
    pattern: '/api/storage-groups/:id/operations/get-partitions',
    query: ['name', 'status'],
    handle: (call, hmc) => {
      const group = groupOf(call, hmc);
      const { user } = call.session;
      demandTask(user, 'configure-storage');
      const [hasName, hasStatus] = [patternFilter(call.query, 'name'), exactFilter(call.query, 'status')];
      return {
        status: 200,
        body: {
          partitions: [...group.attachedTo]
            .filter((partition) => partition.isSeenBy(user) && hasName(partition.name) && hasStatus(partition.status))
            .map(({ uri, name, status }) => ({ 'object-uri': uri, name, status })),
        },
      };
    },
  },
];

/** The group that a path names. Throws 404,1, also before there were storage groups. */
export function groupOf(call: SessionCall, { storage, level }: Hmc): StorageGroup {
  if (!level.hasFirmwareFeatures) throw refuse.notFound(call.path);
  return storage.groups.visible(call.params['id'] ?? '', call.session.user);
}
