import { selectProperties } from '../api-level.js';
import { CONSOLE_FEATURES } from '../api-features.js';
import { refuse } from '../hmc-error.js';
import type { Hmc } from '../hmc.js';
import { stableUuid } from '../object-id.js';
import type { Route } from '../router.js';
import { patternFilter } from './list-filter.js';

/** The HMC itself; also the cheap way to see whether a session is alive (hmc-dpm.md section 3). */
export const consoleRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/console',
    query: ['properties'],
    handle: (call, hmc) => ({ status: 200, body: selectProperties(consoleProperties(hmc), call.query, hmc.level) }),
  },
  {
    method: 'GET',
    pattern: '/api/console/operations/list-features',
    query: ['name'],
    handle: (call, { level }) => {
      if (!level.hasFeatureListings) throw refuse.notFound(call.path);
      return { status: 200, body: CONSOLE_FEATURES.filter(patternFilter(call.query, 'name')) };
    },
  },
  {
    method: 'GET',
    pattern: '/api/console/operations/list-unmanaged-cpcs',
    query: ['name'],
    handle: (call, { settings }) => ({
      status: 200,
      body: {
        cpcs: settings.unmanaged_cpcs
          .filter(patternFilter(call.query, 'name'))
          .map((name) => ({ 'object-uri': `/api/cpcs/${stableUuid('unmanaged', name)}`, name })),
      },
    }),
  },
];

function consoleProperties({ settings }: Hmc): Record<string, unknown> {
  return {
    'object-uri': '/api/console',
    'object-id': 'console',
    parent: null,
    class: 'console',
    name: settings.name,
    version: settings.version,
    description: 'Simulated by Zenova',
  };
}
