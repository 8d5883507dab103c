import { additionalProperties, checkAdditionalProperties } from '../api-level.js';
import { hasUnacceptableStatus } from '../partition.js';
import { seVersion } from '../cpc.js';
import type { Partition } from '../model.js';
import { refuse } from '../hmc-error.js';
import { addPartition } from '../partition-operations.js';
import { demandTask } from '../permissions.js';
import { objectBody, type Route } from '../router.js';
import { exactFilter, patternFilter } from './list-filter.js';

/** Listing of DPM partitions, per CPC and across all (hmc-dpm.md section 7). */
export const partitionListRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/cpcs/:id/partitions',
    query: ['name', 'status', 'type', 'additional-properties'],
    handle: (call, { estate, level }) => {
      checkAdditionalProperties(call.query, level);
      const { user } = call.session;
      const cpc = estate.visibleCpc(call.params['id'] ?? '', user);
      const [hasName, hasStatus, hasType] = [
        patternFilter(call.query, 'name'),
        exactFilter(call.query, 'status'),
        exactFilter(call.query, 'type'),
      ];
      // A CPC in classic mode has no partitions: the list is empty, not refused.
      const listed = cpc.partitions.filter(
        (partition) =>
          partition.isSeenBy(user) && hasName(partition.name) && hasStatus(partition.status) && hasType(partition.type),
      );
      return {
        status: 200,
        body: {
          partitions: listed.map((partition) => ({
            ...summary(partition),
            ...additionalProperties(() => estate.properties(partition), call.query),
          })),
        },
      };
    },
  },
  {
    method: 'GET',
    pattern: '/api/console/operations/list-permitted-partitions',
    query: ['name', 'type', 'status', 'has-unacceptable-status', 'cpc-name', 'additional-properties'],
    handle: (call, { estate, level }) => {
      if (!level.hasPermittedListings) throw refuse.notFound(call.path);
      checkAdditionalProperties(call.query, level);
      const [hasName, hasCpcName] = [patternFilter(call.query, 'name'), patternFilter(call.query, 'cpc-name')];
      const [hasStatus, hasType, isUnacceptable] = [
        exactFilter(call.query, 'status'),
        exactFilter(call.query, 'type'),
        exactFilter(call.query, 'has-unacceptable-status'),
      ];
      const listed = estate
        .partitions()
        .filter(
          (partition) =>
            partition.isSeenBy(call.session.user) &&
            hasName(partition.name) &&
            hasCpcName(partition.cpc.name) &&
            hasStatus(partition.status) &&
            hasType(partition.type) &&
            isUnacceptable(String(hasUnacceptableStatus(partition))),
        );
      return {
        status: 200,
        body: {
          partitions: listed.map((partition) => ({
            ...summary(partition),
            'has-unacceptable-status': hasUnacceptableStatus(partition),
            'cpc-name': partition.cpc.name,
            'cpc-object-uri': partition.cpc.uri,
            ...(level.hasSeVersionInListings ? { 'se-version': seVersion(partition.cpc) } : {}),
            ...additionalProperties(() => estate.properties(partition), call.query),
          })),
        },
      };
    },
  },
  {
    method: 'POST',
    pattern: '/api/cpcs/:id/partitions',
    handle: (call, hmc) => {
      const { user } = call.session;
      const cpc = hmc.estate.visibleCpc(call.params['id'] ?? '', user);
      demandTask(user, 'new-partition');
      const partition = addPartition(hmc, cpc, objectBody(call), user);
      return { status: 201, body: { 'object-uri': partition.uri } };
    },
  },
];

function summary(partition: Partition): Record<string, unknown> {
  return {
    'object-uri': partition.uri,
    name: partition.name,
    status: partition.status,
    type: partition.type,
  };
}
