import { additionalProperties, checkAdditionalProperties, selectProperties } from '../api-level.js';
import { hasVirtualSwitches } from '../generation.js';
import { isDpm } from '../cpc.js';
import { refuse } from '../hmc-error.js';
import { virtualSwitchProperties } from '../network/virtual-switch.js';
import type { Route } from '../router.js';
import { exactFilter, patternFilter } from './list-filter.js';

/** Virtual switches, which a CPC has before z17 (hmc-dpm.md section 11). */
export const virtualSwitchRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/cpcs/:id/virtual-switches',
    query: ['name', 'type', 'additional-properties'],
    handle: (call, { estate, level }) => {
      checkAdditionalProperties(call.query, level);
      const { user } = call.session;
      const cpc = estate.visibleCpc(call.params['id'] ?? '', user);
      if (!isDpm(cpc)) throw refuse.notDpm(cpc.name);
      if (!hasVirtualSwitches(cpc.generation)) throw refuse.notSupported(cpc.name, 'virtual switches');
      const [hasName, hasType] = [patternFilter(call.query, 'name'), exactFilter(call.query, 'type')];
      return {
        status: 200,
        body: {
          'virtual-switches': cpc.virtualSwitches
            .filter((vswitch) => vswitch.isSeenBy(user) && hasName(vswitch.name) && hasType(vswitch.port.adapter.type))
            .map((vswitch) => ({
              'object-uri': vswitch.uri,
              name: vswitch.name,
              type: vswitch.port.adapter.type,
              ...additionalProperties(() => virtualSwitchProperties(vswitch), call.query),
            })),
        },
      };
    },
  },
  {
    method: 'GET',
    pattern: '/api/virtual-switches/:id',
    query: ['properties'],
    handle: (call, { estate, level }) => {
      const vswitch = estate.visibleVirtualSwitch(call.params['id'] ?? '', call.session.user);
      return { status: 200, body: selectProperties(virtualSwitchProperties(vswitch), call.query, level) };
    },
  },
  {
    method: 'GET',
    pattern: '/api/virtual-switches/:id/operations/get-connected-vnics',
    handle: (call, { estate }) => {
      const vswitch = estate.visibleVirtualSwitch(call.params['id'] ?? '', call.session.user);
      const { 'connected-vnic-uris': uris } = virtualSwitchProperties(vswitch);
      return { status: 200, body: { 'connected-vnic-uris': uris } };
    },
  },
];
