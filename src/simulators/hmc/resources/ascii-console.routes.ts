import { refuse } from '../hmc-error.js';
import { demandTask } from '../permissions.js';
import { allowOnly, optionalBody, type Route } from '../router.js';

/** The integrated ASCII console of a partition (hmc-dpm.md section 15). */
export const asciiConsoleRoutes: readonly Route[] = [
  {
    method: 'POST',
    pattern: '/api/partitions/:id/operations/get-ascii-console-websocket-uri',
    handle: (call, { estate, level, asciiConsoles }) => {
      if (!level.hasAsciiConsole) throw refuse.notFound(call.path);
      const partition = estate.visiblePartition(call.params['id'] ?? '', call.session.user);
      demandTask(call.session.user, 'integrated-ascii-console');
      const body = optionalBody(call);
      allowOnly(body, 'force-takeover');
      const { 'force-takeover': force = false } = body;
      if (typeof force !== 'boolean') throw refuse.badValue('force-takeover', 'not a boolean');
      return { status: 200, body: { 'websocket-uri': asciiConsoles.invite(partition, call.session, force) } };
    },
  },
];
