import type { Hmc } from '../hmc.js';
import type { Job } from '../jobs.js';
import type { Route, SessionCall } from '../router.js';

/** hmc-dpm.md section 5. */
export const jobRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/jobs/:id',
    handle: (call, hmc) => ({ status: 200, body: describe(jobOf(call, hmc)) }),
  },
  {
    method: 'DELETE',
    pattern: '/api/jobs/:id',
    handle: (call, hmc) => {
      hmc.jobs.delete(jobOf(call, hmc));
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    pattern: '/api/jobs/:id/operations/cancel',
    handle: (call, hmc) => {
      hmc.jobs.cancel(jobOf(call, hmc));
      return { status: 202 };
    },
  },
];

function jobOf(call: SessionCall, { jobs }: Hmc): Job {
  return jobs.get(`/api/jobs/${call.params['id'] ?? ''}`, call.session.user.name);
}

function describe({ status, result }: Job): Record<string, unknown> {
  if (result === null) return { status };
  const results = { ...(result.message === undefined ? {} : { message: result.message }), ...result.results };
  return {
    status,
    'job-status-code': result.status,
    'job-reason-code': result.reason,
    ...(Object.keys(results).length === 0 ? {} : { 'job-results': results }),
  };
}
