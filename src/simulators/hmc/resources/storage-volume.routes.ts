import { additionalProperties, selectProperties } from '../api-level.js';
import { refuse } from '../hmc-error.js';
import type { Hmc } from '../hmc.js';
import type { Query } from '../query.js';
import type { Route, SessionCall } from '../router.js';
import { resourceProperties, volumeProperties, type StorageVolume } from '../storage/storage-group.js';
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
      body: selectProperties(volumeProperties(volumeOf(call, hmc)), call.query, hmc.level),
    }),
  },
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
        ({ name, deviceNumber, adapterPortUri, partition }) =>
          hasName(name) && hasNumber(deviceNumber) && hasPort(adapterPortUri) && hasPartition(partition.uri),
      );
      return {
        status: 200,
        body: {
          'virtual-storage-resources': listed.map(({ uri, name, deviceNumber, adapterPortUri, partition }) => ({
            'element-uri': uri,
            name,
            'device-number': deviceNumber,
            'adapter-port-uri': adapterPortUri,
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
