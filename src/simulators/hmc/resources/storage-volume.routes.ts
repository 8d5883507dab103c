import { additionalProperties, selectProperties } from '../api-level.js';
import { HmcError, refuse } from '../hmc-error.js';
import type { Hmc } from '../hmc.js';
import type { Query } from '../query.js';
import { demandTask } from '../permissions.js';
import { objectBody, type Reply, type Route, type SessionCall } from '../router.js';
import type { PropertyRules } from '../property-rules.js';
import {
  resourceProperties,
  volumeProperties,
  type StorageGroup,
  type StorageVolume,
} from '../storage/storage-group.js';
import { checkRequired } from '../storage/storage-requests.js';
import { FCP_FULFILMENT_RULES, FICON_FULFILMENT_RULES } from '../storage/storage-rules.js';
import { fcpPort } from '../storage/storage-ports.js';
import { exactFilter, patternFilter } from './list-filter.js';
import { groupOf } from './storage-group.routes.js';

/** What a storage group consists of: volumes, and virtual storage resources (hmc-dpm.md section 12). */
export const storageVolumeRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/storage-groups/:id/storage-volumes',
    query: ['name', 'fulfillment-state', 'minimum-size', 'maximum-size', 'usage', 'additional-properties'],
    handle: (call, hmc) => {
      if (call.query.has('additional-properties') && !hmc.level.hasVolumeAdditionalProperties) {
        throw refuse.unknownQueryParameter('additional-properties');
      }
      const group = groupOf(call, hmc);
      assertAdaptersSeen(call, group);
      const hasName = patternFilter(call.query, 'name');
      const [hasState, hasUsage] = [exactFilter(call.query, 'fulfillment-state'), exactFilter(call.query, 'usage')];
      const [least, most] = [sizeOf(call.query, 'minimum-size'), sizeOf(call.query, 'maximum-size')];
      const listed = group.volumes.filter(
        ({ name, state, usage, sizeGib }) =>
          hasName(name) &&
          hasState(state) &&
          hasUsage(usage) &&
          sizeGib >= (least ?? sizeGib) &&
          sizeGib <= (most ?? sizeGib),
      );
      return {
        status: 200,
        body: {
          'storage-volumes': listed.map((volume) => ({
            'element-uri': volume.uri,
            name: volume.name,
            'fulfillment-state': volume.state,
            size: volume.sizeGib,
            usage: volume.usage,
            ...additionalProperties(() => volumeProperties(volume), call.query),
          })),
        },
      };
    },
  },
  {
    method: 'GET',
    pattern: '/api/storage-groups/:id/storage-volumes/:volume',
    query: ['properties'],
    handle: (call, hmc) => ({
      status: 200,
      body: selectProperties(volumeProperties(readableVolume(call, hmc)), call.query, hmc.level),
    }),
  },
  fulfilment('fulfill-fcp-storage-volume', 'fcp', FCP_FULFILMENT_RULES, (body, volume) => {
    fcpPort(volume.group.cpc, body['adapter-port-uri']);
    volume.promised.targetWwpn = String(body['world-wide-port-name']);
    volume.promised.lun = String(body['logical-unit-number']);
  }),
  fulfilment('fulfill-ficon-storage-volume', 'fc', FICON_FULFILMENT_RULES, () => undefined),
  {
    method: 'GET',
    pattern: '/api/storage-groups/:id/virtual-storage-resources',
    query: ['name', 'device-number', 'adapter-port-uri', 'partition-uri'],
    handle: (call, hmc) => {
      const group = groupOf(call, hmc);
      const hasName = patternFilter(call.query, 'name');
      const [hasNumber, hasPort, hasPartition] = [
        exactFilter(call.query, 'device-number'),
        exactFilter(call.query, 'adapter-port-uri'),
        exactFilter(call.query, 'partition-uri'),
      ];
      const listed = group.resources.filter(
        ({ name, deviceNumber, port, partition }) =>
          hasName(name) && hasNumber(deviceNumber) && hasPort(port.uri) && hasPartition(partition.uri),
      );
      return {
        status: 200,
        body: {
          'virtual-storage-resources': listed.map(({ uri, name, deviceNumber, port, partition }) => ({
            'element-uri': uri,
            name,
            'device-number': deviceNumber,
            'adapter-port-uri': port.uri,
            'partition-uri': partition.uri,
          })),
        },
      };
    },
  },
  {
    method: 'GET',
    pattern: '/api/storage-groups/:id/virtual-storage-resources/:resource',
    query: ['properties'],
    handle: (call, hmc) => {
      const group = groupOf(call, hmc);
      const resource = group.resources.find(({ id }) => id === call.params['resource']);
      if (resource === undefined) throw refuse.notFound(call.path);
      return { status: 200, body: selectProperties(resourceProperties(resource, group), call.query, hmc.level) };
    },
  },
];

/** The storage administrator says by hand that a volume is there. */
function fulfilment(
  operation: string,
  type: StorageGroup['type'],
  rules: PropertyRules,
  note: (body: Readonly<Record<string, unknown>>, volume: StorageVolume) => void,
): Route {
  return {
    method: 'POST',
    pattern: `/api/storage-groups/:id/storage-volumes/:volume/operations/${operation}`,
    handle: (call, hmc): Reply => {
      const volume = volumeOf(call, hmc);
      demandTask(call.session.user, 'configure-storage');
      if (volume.group.type !== type) throw refuse.notSupported(volume.name, operation);
      const body = objectBody(call);
      checkRequired(rules, body, hmc.level);
      note(body, volume);
      hmc.storage.fulfilments.settle(volume, 'complete');
      return { status: 204 };
    },
  };
}

/** Observed: who has access to the group and none to its adapters gets a failure of the HMC. */
function assertAdaptersSeen({ session }: SessionCall, { resources, name }: StorageGroup): void {
  if (resources.every(({ port }) => port.adapter.isSeenBy(session.user))) return;
  throw new HmcError(500, 0, `The storage volumes of '${name}' could not be retrieved`);
}

function readableVolume(call: SessionCall, hmc: Hmc): StorageVolume {
  const volume = volumeOf(call, hmc);
  assertAdaptersSeen(call, volume.group);
  return volume;
}

function volumeOf(call: SessionCall, hmc: Hmc): StorageVolume {
  const volume = groupOf(call, hmc).volumes.find(({ id }) => id === call.params['volume']);
  if (volume === undefined) throw refuse.notFound(call.path);
  return volume;
}

/** A number of GiB from the query. Throws 400,7. */
function sizeOf(query: Query, parameter: string): number | undefined {
  const [text] = query.all(parameter);
  if (text === undefined) return undefined;
  if (!/^\d+(?:\.\d+)?$/.test(text)) throw refuse.badQueryParameter(parameter, 'not a number');
  return Number(text);
}
