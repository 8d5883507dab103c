import { selectProperties } from '../api-level.js';
import type { Hmc } from '../hmc.js';
import type { Route } from '../router.js';

/** The HMC itself; also the cheap way to see whether a session is alive (hmc-dpm.md section 3). */
export const consoleRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/console',
    query: ['properties'],
    handle: (call, hmc) => ({ status: 200, body: selectProperties(consoleProperties(hmc), call.query, hmc.level) }),
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
