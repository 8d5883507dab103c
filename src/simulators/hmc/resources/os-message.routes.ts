import { isPartition, osMessageFields, type GuestHost } from '../consoles/os-messages.js';
import { HmcError, refuse } from '../hmc-error.js';
import type { Hmc } from '../hmc.js';
import { demandTask } from '../permissions.js';
import type { Query } from '../query.js';
import { allowOnly, optionalBody, type Call, type Route, type SessionCall } from '../router.js';

/** OS messages of partitions and of logical partitions, by the same operations (hmc-dpm.md section 15). */
export const osMessageRoutes: readonly Route[] = ['partitions', 'logical-partitions'].flatMap((collection): Route[] => [
  {
    method: 'POST',
    pattern: `/api/${collection}/:id/operations/open-os-message-channel`,
    handle: (call, hmc) => {
      const host = readableHost(collection, call, hmc);
      const { 'include-refresh-messages': includesRefresh = true } = fieldsOf(call, ['include-refresh-messages']);
      if (typeof includesRefresh !== 'boolean') throw refuse.badValue('include-refresh-messages', 'not a boolean');
      const topic = hmc.topics.openChannel(call.session, host.uri, includesRefresh);
      if (topic === null) throw new HmcError(409, 331, 'The session has a channel for the OS messages of the object');
      return { status: 200, body: { 'topic-name': topic.name } };
    },
  },
  {
    method: 'GET',
    pattern: `/api/${collection}/:id/operations/list-os-messages`,
    query: ['begin-sequence-number', 'end-sequence-number'],
    handle: (call, hmc) => {
      if (!hmc.level.hasOsMessageListing) throw refuse.notFound(call.path);
      const host = readableHost(collection, call, hmc);
      const first = numberIn(call.query, 'begin-sequence-number');
      const last = numberIn(call.query, 'end-sequence-number');
      return { status: 200, body: { 'os-messages': hmc.osMessages.list(host, first, last).map(osMessageFields) } };
    },
  },
  {
    method: 'POST',
    pattern: `/api/${collection}/:id/operations/send-os-cmd`,
    handle: (call, hmc) => {
      const host = hostOf(collection, call, hmc);
      demandTask(call.session.user, 'operating-system-messages');
      const { 'operating-system-command-text': text, 'is-priority': isPriority = false } = fieldsOf(call, [
        'operating-system-command-text',
        'is-priority',
      ]);
      if (text === undefined) throw refuse.fieldMissing('operating-system-command-text');
      if (typeof text !== 'string' || text === '' || text.length > LONGEST_COMMAND) {
        throw refuse.badValue('operating-system-command-text', `1 to ${LONGEST_COMMAND} characters`);
      }
      if (typeof isPriority !== 'boolean') throw refuse.badValue('is-priority', 'not a boolean');
      assertAvailable(host, hmc);
      const system = hmc.guests.system(host);
      if (system === undefined) throw notAvailable(host);
      const { lines } = hmc.guests.run(host, text);
      hmc.osMessages.write(host, [`${system.shellPrompt}${text}`, ...lines], { isPriority });
      return { status: 204 };
    },
  },
]);

const LONGEST_COMMAND = 1024;

function readableHost(collection: string, call: SessionCall, hmc: Hmc): GuestHost {
  const host = hostOf(collection, call, hmc);
  demandTask(call.session.user, 'view-operating-system-messages', 'operating-system-messages');
  assertAvailable(host, hmc);
  return host;
}

function hostOf(collection: string, call: SessionCall, { estate }: Hmc): GuestHost {
  const [id, { user }] = [call.params['id'] ?? '', call.session];
  return collection === 'partitions' ? estate.visiblePartition(id, user) : estate.visibleLogicalPartition(id, user);
}

function assertAvailable(host: GuestHost, { guestSettings }: Hmc): void {
  if (!guestSettings.of(host).os_messages) throw notAvailable(host);
}

function notAvailable(host: GuestHost): HmcError {
  const kind = isPartition(host) ? 'partition' : 'logical partition';
  return new HmcError(409, 332, `The interface of OS messages is not available for the ${kind} '${host.name}'`);
}

/** A body that may be left out, with these fields and no others. */
function fieldsOf(call: Call, known: readonly string[]): Record<string, unknown> {
  const body = optionalBody(call);
  allowOnly(body, ...known);
  return body;
}

function numberIn(query: Query, name: string): number | undefined {
  const [text] = query.all(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw refuse.badQueryParameter(name, 'not a sequence number');
  return Number(text);
}
