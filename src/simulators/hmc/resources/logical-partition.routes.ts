import { additionalProperties, checkAdditionalProperties, selectProperties } from '../api-level.js';
import { isDpm, seVersion } from '../cpc.js';
import { hasUnacceptableLparStatus, logicalPartitionProperties } from '../logical-partition.js';
import type { LogicalPartition } from '../model.js';
import { HmcError, refuse } from '../hmc-error.js';
import type { LparRequest } from '../classic/lpar-machine.js';
import { LPAR_OPERATIONS, LPAR_RULES, type LparOperation } from '../classic/lpar-operations.js';
import { demandTask } from '../permissions.js';
import { optionalBody, type Route } from '../router.js';
import { exactFilter, patternFilter } from './list-filter.js';

/** LPARs of CPCs in classic mode (hmc-dpm.md section 17). */
export const logicalPartitionRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/cpcs/:id/logical-partitions',
    query: ['name', 'additional-properties'],
    handle: (call, { estate, level }) => {
      checkAdditionalProperties(call.query, level);
      const { user } = call.session;
      const cpc = estate.visibleCpc(call.params['id'] ?? '', user);
      const hasName = patternFilter(call.query, 'name');
      const listed = cpc.logicalPartitions.filter((lpar) => lpar.isSeenBy(user) && hasName(lpar.name));
      if (listed.length === 0 && call.query.has('name') && !isDpm(cpc)) {
        throw new HmcError(404, 1, 'found no Images');
      }
      return {
        status: 200,
        body: {
          'logical-partitions': listed.map((lpar) => ({
            ...summary(lpar),
            ...additionalProperties(() => logicalPartitionProperties(lpar), call.query),
          })),
        },
      };
    },
  },
  {
    method: 'GET',
    pattern: '/api/console/operations/list-permitted-logical-partitions',
    query: ['name', 'activation-mode', 'status', 'has-unacceptable-status', 'cpc-name', 'additional-properties'],
    handle: (call, { estate, level }) => {
      if (!level.hasPermittedListings) throw refuse.notFound(call.path);
      checkAdditionalProperties(call.query, level);
      const [hasName, hasCpcName] = [patternFilter(call.query, 'name'), patternFilter(call.query, 'cpc-name')];
      const [hasStatus, hasMode, isUnacceptable] = [
        exactFilter(call.query, 'status'),
        exactFilter(call.query, 'activation-mode'),
        exactFilter(call.query, 'has-unacceptable-status'),
      ];
      const listed = estate
        .logicalPartitions()
        .filter(
          (lpar) =>
            lpar.isSeenBy(call.session.user) &&
            hasName(lpar.name) &&
            hasCpcName(lpar.cpc.name) &&
            hasStatus(lpar.status) &&
            hasMode(lpar.activationMode) &&
            isUnacceptable(String(hasUnacceptableLparStatus(lpar))),
        );
      return {
        status: 200,
        body: {
          'logical-partitions': listed.map((lpar) => ({
            ...summary(lpar),
            'activation-mode': lpar.activationMode,
            'has-unacceptable-status': hasUnacceptableLparStatus(lpar),
            'cpc-name': lpar.cpc.name,
            'cpc-object-uri': lpar.cpc.uri,
            ...(level.hasSeVersionInListings ? { 'se-version': seVersion(lpar.cpc) } : {}),
            ...additionalProperties(() => logicalPartitionProperties(lpar), call.query),
          })),
        },
      };
    },
  },
  {
    method: 'GET',
    pattern: '/api/logical-partitions/:id',
    query: ['properties', 'cached-acceptable'],
    handle: (call, { estate, level }) => {
      const lpar = estate.visibleLogicalPartition(call.params['id'] ?? '', call.session.user);
      return { status: 200, body: selectProperties(logicalPartitionProperties(lpar), call.query, level) };
    },
  },
  ...LPAR_OPERATIONS.map(operationRoute),
];

function summary(lpar: LogicalPartition): Record<string, unknown> {
  return { 'object-uri': lpar.uri, name: lpar.name, status: lpar.status };
}

function operationRoute(operation: LparOperation): Route {
  const { task, required = [], optional = [] } = LPAR_RULES[operation];
  return {
    method: 'POST',
    pattern: `/api/logical-partitions/:id/operations/${operation}`,
    handle: (call, { estate, jobs, lparMachine }) => {
      const { user } = call.session;
      const lpar = estate.visibleLogicalPartition(call.params['id'] ?? '', user);
      demandTask(user, task);
      const request = optionalBody(call);
      checkFields(request, required, optional);
      const by = { owner: user.name, jobs };
      const job = lparMachine.begin(lpar, operation, request, by, () => call.takeOperationFault());
      return { status: 202, body: { 'job-uri': job.uri } };
    },
  };
}

const FLAGS: readonly string[] = ['force', 'clear-indicator', 'store-status-indicator', 'secure-boot'];

function checkFields(request: LparRequest, required: readonly string[], optional: readonly string[]): void {
  const missing = required.find((name) => request[name] === undefined);
  if (missing !== undefined) throw refuse.fieldMissing(missing);
  for (const [name, value] of Object.entries(request)) {
    if (!required.includes(name) && !optional.includes(name)) throw refuse.fieldNotAllowed(name);
    const isRight = FLAGS.includes(name) ? typeof value === 'boolean' : isText(value);
    if (!isRight) throw refuse.badValue(name, FLAGS.includes(name) ? 'not a boolean' : 'not a text');
  }
}

/** Numbers count as such: a disk partition id is one. */
const isText = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && value.length <= 256);
