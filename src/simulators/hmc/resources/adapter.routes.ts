import { additionalProperties, checkAdditionalProperties, selectProperties } from '../api-level.js';
import { adapterProperties, adapterSummary, portProperties } from '../adapters/adapter.js';
import type { Adapter } from '../model.js';
import { ADAPTER_TYPES } from '../adapters/adapter.schema.js';
import { isDpm, seVersion } from '../cpc.js';
import { refuse } from '../hmc-error.js';
import type { Hmc } from '../hmc.js';
import type { Query } from '../query.js';
import type { Route, SessionCall } from '../router.js';
import { exactFilter, patternFilter } from './list-filter.js';

const FILTERS = ['name', 'adapter-id', 'adapter-family', 'type', 'status', 'additional-properties'];

/** Adapters and their ports, read only (hmc-dpm.md section 11). */
export const adapterRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/cpcs/:id/adapters',
    query: FILTERS,
    handle: (call, hmc) => {
      const cpc = hmc.estate.visibleCpc(call.params['id'] ?? '', call.session.user);
      if (!isDpm(cpc)) throw refuse.notDpm(cpc.name);
      return { status: 200, body: { adapters: listed(cpc.adapters, call, hmc) } };
    },
  },
  {
    method: 'GET',
    pattern: '/api/console/operations/list-permitted-adapters',
    query: [...FILTERS, 'cpc-name'],
    handle: (call, hmc) => {
      if (!hmc.level.hasAdditionalProperties) throw refuse.notFound(call.path);
      const hasCpcName = patternFilter(call.query, 'cpc-name');
      const adapters = hmc.estate.adapters().filter(({ cpc }) => hasCpcName(cpc.name));
      const cpcFields = ({ cpc }: Adapter) => ({
        'cpc-name': cpc.name,
        'cpc-object-uri': cpc.uri,
        'se-version': seVersion(cpc),
      });
      return { status: 200, body: { adapters: listed(adapters, call, hmc, cpcFields) } };
    },
  },
  {
    method: 'GET',
    pattern: '/api/adapters/:id',
    query: ['properties'],
    handle: (call, hmc) => {
      const adapter = adapterOf(call, hmc);
      const all = adapterProperties(adapter, hmc.devices.count(adapter));
      return { status: 200, body: selectProperties(all, call.query, hmc.level) };
    },
  },
  {
    method: 'GET',
    pattern: '/api/adapters/:id/operations/get-partitions-assigned-to-adapter',
    query: ['name', 'status'],
    handle: (call, hmc) => {
      const adapter = adapterOf(call, hmc);
      const [hasName, hasStatus] = [patternFilter(call.query, 'name'), exactFilter(call.query, 'status')];
      const assigned = adapter.cpc.partitions.filter(
        (partition) =>
          partition.isSeenBy(call.session.user) &&
          hasName(partition.name) &&
          hasStatus(partition.status) &&
          hmc.devices.adapters(partition).includes(adapter),
      );
      return {
        status: 200,
        body: {
          'partitions-assigned-to-adapter': assigned.map(({ uri, name, status }) => ({
            'object-uri': uri,
            name,
            status,
          })),
        },
      };
    },
  },
  portRoute('network'),
  portRoute('storage'),
];

function portRoute(kind: 'network' | 'storage'): Route {
  return {
    method: 'GET',
    pattern: `/api/adapters/:id/${kind}-ports/:port`,
    query: ['properties'],
    handle: (call, hmc) => {
      const adapter = adapterOf(call, hmc);
      const port = adapter.ports.find(({ index }) => String(index) === call.params['port']);
      if (port === undefined || ADAPTER_TYPES[adapter.type].ports !== kind) throw refuse.notFound(call.path);
      if (adapter.type === 'not-configured')
        throw refuse.notSupported(adapter.name, 'this as long as it is not configured');
      return { status: 200, body: selectProperties(portProperties(port), call.query, hmc.level) };
    },
  };
}

function adapterOf(call: SessionCall, { estate }: Hmc): Adapter {
  return estate.visibleAdapter(call.params['id'] ?? '', call.session.user);
}

function listed(
  adapters: readonly Adapter[],
  call: SessionCall,
  { devices, level }: Hmc,
  more: (adapter: Adapter) => Record<string, unknown> = () => ({}),
): Record<string, unknown>[] {
  checkAdditionalProperties(call.query, level);
  const isWanted = filter(call.query);
  return adapters
    .filter((adapter) => adapter.isSeenBy(call.session.user) && isWanted(adapter))
    .map((adapter) => ({
      ...adapterSummary(adapter),
      ...more(adapter),
      ...additionalProperties(() => adapterProperties(adapter, devices.count(adapter)), call.query),
    }));
}

function filter(query: Query): (adapter: Adapter) => boolean {
  const [hasName, hasId] = [patternFilter(query, 'name'), patternFilter(query, 'adapter-id')];
  const [hasFamily, hasType, hasStatus] = [
    exactFilter(query, 'adapter-family'),
    exactFilter(query, 'type'),
    exactFilter(query, 'status'),
  ];
  return ({ name, adapterId, type, status }) =>
    hasName(name) && hasId(adapterId) && hasFamily(ADAPTER_TYPES[type].family) && hasType(type) && hasStatus(status);
}
