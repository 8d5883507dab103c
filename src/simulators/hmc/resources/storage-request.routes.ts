import { refuse } from '../hmc-error.js';
import type { Hmc } from '../hmc.js';
import { demandTask } from '../permissions.js';
import { objectBody, optionalBody, uriIn, type Reply, type Route, type SessionCall } from '../router.js';
import { assertFcp, connectionReport } from '../storage/discovery.js';
import type { StorageGroup } from '../storage/storage-group.js';
import { fcpPort } from '../storage/storage-ports.js';
import { checkRequired, type Requester } from '../storage/storage-requests.js';
import { DISCOVERY_RULES, PORT_RULES } from '../storage/storage-rules.js';
import { checkUpdate } from '../property-rules.js';
import { groupOf } from './storage-group.routes.js';

/** Making, changing and deleting storage groups, and finding what was made of them (hmc-dpm.md section 12). */
export const storageRequestRoutes: readonly Route[] = [
  {
    method: 'POST',
    pattern: '/api/storage-groups',
    handle: (call, hmc) => {
      const { user } = call.session;
      if (!hmc.level.hasFirmwareFeatures) throw refuse.notFound(call.path);
      demandTask(user, 'configure-storage');
      const body = objectBody(call);
      const cpcUri = uriIn(body, 'cpc-uri');
      const cpc = hmc.estate.cpcs.find(({ uri }) => uri === cpcUri);
      if (cpc?.isSeenBy(user) !== true) throw refuse.namedObjectUnknown(cpcUri);
      const { group, created } = hmc.storage.requests.create(cpc, body, requesterOf(call, hmc));
      return { status: 201, body: { 'object-uri': group.uri, 'element-uris': created.map(({ uri }) => uri) } };
    },
  },
  operation('POST', 'modify', (call, hmc, group) => {
    const created = hmc.storage.requests.modify(group, objectBody(call), requesterOf(call, hmc));
    return { status: 200, body: { 'element-uris': created.map(({ uri }) => uri) } };
  }),
  operation('POST', 'delete', (call, hmc, group) => {
    hmc.storage.requests.delete(group, optionalBody(call), hmc.level);
    return { status: 204 };
  }),
  operation('POST', 'request-fulfillment', (call, hmc, group) => {
    hmc.storage.requests.remind(group, optionalBody(call), requesterOf(call, hmc));
    return { status: 204 };
  }),
  operation('POST', 'add-candidate-adapter-ports', (call, hmc, group) => {
    hmc.storage.requests.addPorts(group, portsIn(call, hmc, group));
    return { status: 204 };
  }),
  operation('POST', 'remove-candidate-adapter-ports', (call, hmc, group) => {
    hmc.storage.requests.removePorts(group, portsIn(call, hmc, group));
    return { status: 204 };
  }),
  operation('POST', 'start-fcp-storage-discovery', (call, hmc, group) => {
    if (!hmc.level.hasStorageDiscovery) throw refuse.notFound(call.path);
    const body = optionalBody(call);
    checkUpdate(DISCOVERY_RULES, body, hmc.level);
    const job = hmc.storage.discoveries.start(
      group,
      { owner: call.session.user.name, jobs: hmc.jobs },
      body['force-restart'] === true,
    );
    return { status: 202, body: { 'job-uri': job.uri } };
  }),
  operation('GET', 'get-connection-report', (call, hmc, group) => {
    if (!hmc.level.hasStorageDiscovery) throw refuse.notFound(call.path);
    return { status: 200, body: connectionReport(group) };
  }),
];

/** An operation on one group, for those who may configure storage. */
function operation(
  method: 'GET' | 'POST',
  name: string,
  handle: (call: SessionCall, hmc: Hmc, group: StorageGroup) => Reply,
): Route {
  return {
    method,
    pattern: `/api/storage-groups/:id/operations/${name}`,
    handle: (call, hmc) => {
      const group = groupOf(call, hmc);
      demandTask(call.session.user, 'configure-storage');
      return handle(call, hmc, group);
    },
  };
}

const requesterOf = (call: SessionCall, { level }: Hmc): Requester => ({
  level,
  user: call.session.user.name,
  fulfilmentOf: (group, volume) => call.takeFulfilmentFault(group, volume)?.ends_as ?? null,
});

function portsIn(call: SessionCall, { level }: Hmc, group: StorageGroup): ReturnType<typeof fcpPort>[] {
  assertFcp(group);
  const body = objectBody(call);
  checkRequired(PORT_RULES, body, level);
  return (body['adapter-port-uris'] as unknown[]).map((uri) => {
    const port = fcpPort(group.cpc, uri);
    if (!port.adapter.isSeenBy(call.session.user)) throw refuse.namedPortUnknown(String(uri));
    return port;
  });
}
