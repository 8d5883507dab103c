import { refuse } from '../hmc-error.js';
import { allowOnly, objectBody, type Route } from '../router.js';

/** Metrics contexts (hmc-dpm.md section 16). */
export const metricsRoutes: readonly Route[] = [
  {
    method: 'POST',
    pattern: '/api/services/metrics/context',
    handle: (call, { metrics }) => {
      const body = objectBody(call);
      allowOnly(body, 'anticipated-frequency-seconds', 'metric-groups');
      const { 'anticipated-frequency-seconds': seconds, 'metric-groups': names = null } = body;
      if (seconds === undefined) throw refuse.fieldMissing('anticipated-frequency-seconds');
      if (!Number.isInteger(seconds) || Number(seconds) < 15) {
        throw refuse.badValue('anticipated-frequency-seconds', 'an integer from 15');
      }
      if (names !== null && !isNames(names)) throw refuse.badValue('metric-groups', 'not a list of names');
      const { uri, groups } = metrics.create(call.session, names);
      const infos = groups.map((group) => ({
        'group-name': group.name,
        'metric-infos': group.metrics.map(({ name, type, unit }) => ({
          'metric-name': name,
          'metric-type': type,
          ...(unit === undefined ? {} : { 'metric-unit': unit }),
        })),
      }));
      return { status: 200, body: { 'metrics-context-uri': uri, 'metric-group-infos': infos } };
    },
  },
  {
    method: 'GET',
    pattern: '/api/services/metrics/context/:id',
    handle: ({ path, session }, { metrics }) => ({
      status: 200,
      text: { type: 'application/vnd.ibm-z-zmanager-metrics', content: metrics.read(path, session) },
    }),
  },
  {
    method: 'DELETE',
    pattern: '/api/services/metrics/context/:id',
    handle: ({ path, session }, { metrics }) => {
      metrics.delete(path, session);
      return { status: 204 };
    },
  },
];

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= 100 && value.every((name) => typeof name === 'string');
