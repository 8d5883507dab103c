import { DomainConsoleFlags, domainOpenConsole, type LibvirtStream } from 'node-libvirt';
import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import type { VirshPlace } from './virsh-place.js';

/** A session that was ended this moment may still be there. */
const PATIENCE_MS = 2000;
const PAUSE_MS = 100;
/** QEMU looks every second whether somebody is at a console; what is typed and left before, it never reads. */
const NOTICED_MS = 1200;

/**
 * Opens the serial console of a domain, where what is typed from now on reaches the guest.
 *
 * @throws ComputeError STATE_CONFLICT when somebody has it; the failure of libvirt
 */
export async function openConsole(
  ctx: CallContext,
  place: VirshPlace,
  domain: { readonly uuid: string; readonly name: string },
): Promise<LibvirtStream> {
  const stream = await openConsoleStream(ctx, place, domain);
  try {
    await ctx.clock.sleep(NOTICED_MS, ctx.signal);
    return stream;
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/**
 * Opens it, whether somebody has noticed that or not. A domain has one session at a time, and that of somebody else is not taken away.
 *
 * @throws ComputeError STATE_CONFLICT when somebody has it; the failure of libvirt
 */
export async function openConsoleStream(
  ctx: CallContext,
  place: VirshPlace,
  { uuid, name }: { readonly uuid: string; readonly name: string },
): Promise<LibvirtStream> {
  const { clock, signal } = ctx;
  const caller = place.caller(ctx);
  const args = { domain: { name, uuid, id: -1 }, flags: DomainConsoleFlags.VIR_DOMAIN_CONSOLE_SAFE };
  const until = clock.now() + PATIENCE_MS;
  for (;;) {
    try {
      return (await caller.openStream(domainOpenConsole, args, { signal })).stream;
    } catch (error) {
      if (failureOf(error)?.native !== 'VIR_ERR_OPERATION_FAILED') throw error;
      if (clock.now() >= until) throw taken(name, error);
      await clock.sleep(PAUSE_MS, signal);
    }
  }
}

function taken(name: string, error: unknown): ComputeError {
  const { native, text } = failureOf(error) ?? {};
  return new ComputeError(
    'STATE_CONFLICT',
    `the console of domain ${name} is in use (libvirt: ${text}): a domain has one console session at a time, and nobody's is taken away. Repeat it when that one has ended; on the host, "virsh console ${name} --force" ends it`,
    { driver: DRIVER_NAME, retry: 'safe', native: { ...(native && { code: native }), text: text ?? '' }, cause: error },
  );
}
