import type { Route } from '../router.js';

/** hmc-dpm.md section 2. */
export const versionRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/version',
    isPublic: true,
    handle: (_call, { settings, level }) => ({
      status: 200,
      body: {
        'hmc-name': settings.name,
        'hmc-version': settings.version,
        'api-major-version': level.major,
        'api-minor-version': level.minor,
      },
    }),
  },
];
