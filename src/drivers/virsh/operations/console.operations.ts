import { once } from 'node:events';
import { connectGetHostname } from 'node-libvirt';
import { ComputeError } from '../../../common/errors/index.js';
import type {
  CallContext,
  ConsoleAccess,
  ConsoleLog,
  ConsoleOffers,
  ConsoleOperations,
  Target,
} from '../../../compute/contract/index.js';
import { consoleLogOf } from '../mapping/console-log.js';
import { domainFacts } from '../mapping/domain-facts.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import { readLogEnd } from './console-log.js';
import { openConsole, openConsoleStream } from './console-stream.js';
import { findDomain } from './find-domain.js';
import { requireGuest } from './guest-there.js';
import { explaining, type VirshPlace } from './virsh-place.js';

const NOWHERE: Omit<ConsoleAccess, 'type'> = {
  url: null,
  host: null,
  port: null,
  tlsPort: null,
  password: null,
  expiresAt: null,
};
/** Every address that the host has. */
const ANYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * What a domain shows. Semantics are the contract's.
 *
 * @param offers null: serial consoles have no address
 */
export function consoleOperations(
  place: VirshPlace,
  offers: ConsoleOffers | null,
): Pick<ConsoleOperations, 'getConsole' | 'getConsoleLog'> {
  return {
    getConsoleLog: (ctx, reference, { tail_lines: tailLines }) =>
      explaining(place, `reading the console of domain ${reference}`, () =>
        getConsoleLog(ctx, place, reference, tailLines),
      ),
    getConsole: (ctx, target, { type }) =>
      explaining(place, opening(target), async () => {
        if (type === 'rdp') {
          throw new ComputeError('FEATURE_UNSUPPORTED', 'guests of KVM show their screens by VNC and SPICE, not RDP', {
            driver: DRIVER_NAME,
            target: target.key,
          });
        }
        requireGuest(await place.domains(ctx).status(target.id), target, opening(target));
        return type === 'serial'
          ? await serialConsole(ctx, place, offers, target)
          : await screen(ctx, place, target, type);
      }),
  };
}

function opening({ name }: Target): string {
  return `opening the console of domain ${name}`;
}

async function getConsoleLog(
  ctx: CallContext,
  place: VirshPlace,
  reference: string,
  tailLines: number | undefined,
): Promise<ConsoleLog> {
  const { uuid, name } = await findDomain(ctx, place, reference);
  const { consoles } = domainFacts(await place.domains(ctx).definition(uuid));
  const path = consoles.map(({ logFile }) => logFile).find((file) => file !== undefined);
  if (path === undefined) {
    throw noLog(
      `what the console of domain ${name} writes is not kept: give its serial console <log file='…' append='on'/> (virsh edit), with a file in the directory of a storage pool, and restart it`,
    );
  }
  const end = await readLogEnd(ctx, place, path);
  if (end !== undefined) return consoleLogOf(end.bytes, end.isCut, tailLines);
  throw noLog(
    `the console of domain ${name} writes to ${path}, which libvirt gives to nobody, since its directory is none of a storage pool: make it one (virsh pool-create-as consoles dir --target …), or name a file in one (virsh edit) and restart the domain`,
  );
}

function noLog(message: string): ComputeError {
  return new ComputeError('STATE_CONFLICT', message, { driver: DRIVER_NAME });
}

/** libvirt has a stream where callers need an address: it is opened for whoever comes to that address. */
async function serialConsole(
  ctx: CallContext,
  place: VirshPlace,
  offers: ConsoleOffers | null,
  target: Target,
): Promise<ConsoleAccess> {
  if (offers === null) {
    throw new ComputeError(
      'FEATURE_LIMITED',
      'this service does not serve HTTP (http.enabled: false), by which callers reach serial consoles',
      { driver: DRIVER_NAME },
    );
  }
  const domain = { uuid: target.id, name: target.name };
  // That somebody else has it is to be known now, and not only by who connects.
  const probe = await openConsoleStream(ctx, place, domain);
  const closed = once(probe, 'close');
  probe.resume().end();
  await closed;
  const later = { ...ctx, outgoing: undefined };
  const offer = offers.offer(target.key, (signal) =>
    explaining(place, opening(target), () => openConsole({ ...later, signal }, place, domain)),
  );
  return { ...NOWHERE, type: 'serial', ...offer };
}

async function screen(
  ctx: CallContext,
  place: VirshPlace,
  { id, name, key }: Target,
  type: 'vnc' | 'spice',
): Promise<ConsoleAccess> {
  const { graphics } = domainFacts(await place.domains(ctx).definition(id));
  const found = graphics.find((one) => one.type === type);
  const at = { driver: DRIVER_NAME, target: key };
  if (found === undefined) {
    const others = graphics.length === 0 ? 'none' : graphics.map((one) => one.type).join(', ');
    throw new ComputeError(
      'STATE_CONFLICT',
      `domain ${name} has no screen of type ${type} (it has ${others}): one is made with driver_options.virsh.graphics, or added on the host (virsh edit) for its next start`,
      at,
    );
  }
  const { listen, port, tlsPort, socket } = found;
  if (port === undefined && tlsPort === undefined) {
    const where = socket === undefined ? 'listens nowhere' : `is at the socket ${socket} of the host only`;
    throw new ComputeError(
      'STATE_CONFLICT',
      `the screen of domain ${name} ${where}: give it an address to listen at (virsh edit), and restart it`,
      at,
    );
  }
  const host =
    listen === undefined || ANYWHERE.has(listen)
      ? (await place.caller(ctx).call(connectGetHostname, undefined, { signal: ctx.signal })).hostname
      : listen;
  return { ...NOWHERE, type, host, port: port ?? null, tlsPort: tlsPort ?? null };
}
