import { selectProperties } from '../api-level.js';
import { cpcProperties } from '../cpc.js';
import { cpcFeatures } from '../api-features.js';
import { refuse } from '../hmc-error.js';
import type { Route } from '../router.js';
import { patternFilter } from './list-filter.js';

const LISTED = ['object-uri', 'name', 'status', 'has-unacceptable-status', 'dpm-enabled', 'se-version'];

/** hmc-dpm.md section 6. */
export const cpcRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/cpcs',
    query: ['name'],
    handle: (call, { estate }) => {
      const hasName = patternFilter(call.query, 'name');
      const cpcs = estate.cpcs.filter((cpc) => cpc.isSeenBy(call.session.user) && hasName(cpc.name));
      return {
        status: 200,
        body: {
          cpcs: cpcs.map((cpc) => {
            const all = cpcProperties(cpc);
            return Object.fromEntries(LISTED.map((name) => [name, all[name]]));
          }),
        },
      };
    },
  },
  {
    method: 'GET',
    pattern: '/api/cpcs/:id',
    query: ['properties', 'cached-acceptable'],
    handle: (call, { estate, level }) => {
      const cpc = estate.visibleCpc(call.params['id'] ?? '', call.session.user);
      return { status: 200, body: selectProperties(cpcProperties(cpc), call.query, level) };
    },
  },
  {
    method: 'GET',
    pattern: '/api/cpcs/:id/operations/list-features',
    query: ['name'],
    handle: (call, { estate, level }) => {
      if (!level.hasFeatureListings) throw refuse.notFound(call.path);
      const cpc = estate.visibleCpc(call.params['id'] ?? '', call.session.user);
      return { status: 200, body: cpcFeatures(cpc.generation).filter(patternFilter(call.query, 'name')) };
    },
  },
];
