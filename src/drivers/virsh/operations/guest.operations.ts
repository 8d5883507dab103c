import { finished } from 'node:stream/promises';
import {
  CallTimeoutError,
  ConnectionLostError,
  domainInjectNmi,
  domainSetUserPassword,
  type LibvirtStream,
} from 'node-libvirt';
import { messageOf } from '../../../common/errors/index.js';
import type { ChangeParams, ChangeResult, OperationWork, OperationWorks } from '../../../compute/contract/index.js';
import { lastStepOf, reconcileSequence, settle } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { domainFacts } from '../mapping/domain-facts.js';
import { blindWork, type Ready } from './blind-work.js';
import { openConsole } from './console-stream.js';
import { DomainChange, stateOf } from './domain-change.js';
import { whyNoGuest } from './guest-there.js';
import { cannotBeDone, planning } from './power.operations.js';
import type { VirshPlace } from './virsh-place.js';

/** The account whose password is set where a request names none. */
const ADMINISTRATOR = 'root';
/** What the key at the end of a line sends. */
const ENTER = '\r';
/** How long a guest that shows nothing is given to read a line. */
const READ_WITHIN_MS = 3000;

/** What reaches into the guest. Semantics are the contract's. */
export function guestWorks(
  place: VirshPlace,
): OperationWorks<'setAdminPassword' | 'triggerCrashDump' | 'sendConsoleCommand'> {
  return {
    setAdminPassword: passwordWork(place),
    triggerCrashDump: crashDumpWork(place),
    sendConsoleCommand: consoleCommandWork(place),
  };
}

/**
 * A non-maskable interrupt. A guest on x86 dumps its memory when it is set to panic then (`kernel.unknown_nmi_panic`) and has kdump; on IBM Z it
 * takes the restart path: Linux does what its `on_restart` action says, and one without such an action stops, which libvirt calls
 * crashed and treats by the domain's `on_crash`.
 */
function crashDumpWork(place: VirshPlace): OperationWork<object, ChangeResult> {
  return blindWork(place, {
    step: 'inject-nmi',
    noun: 'non-maskable interrupt',
    doing: 'interrupting the guest of domain',
    planned: (name) => `send a non-maskable interrupt to the guest of domain ${name}, so that it dumps its memory`,
    obstacle: whyDeaf,
    ready: (change) =>
      Promise.resolve({
        send: (timeoutMs) => change.caller.call(domainInjectNmi, { domain: change.ref, flags: 0 }, { timeoutMs }),
      }),
  });
}

/** A line for the serial console, as if somebody typed it. Whether the guest has read it, nothing shows. */
function consoleCommandWork(place: VirshPlace): OperationWork<ChangeParams<'sendConsoleCommand'>, ChangeResult> {
  return blindWork(place, {
    step: 'type-line',
    noun: 'line for the console',
    doing: 'typing a line on the console of domain',
    planned: (name) => `type the line on the console of domain ${name}`,
    obstacle: whyDeaf,
    ready: async (change, { command }): Promise<Ready> => {
      const stream = await openConsole(change.ctx, place, { uuid: change.uuid, name: change.target.name });
      return {
        send: (timeoutMs) => type(stream, command, timeoutMs),
        drop: () => stream.destroy(),
      };
    },
  });
}

/** Types a line. Nobody tells how far the guest has read, but most show what is typed to them: it is left when they have, or have had time to. */
async function type(stream: LibvirtStream, line: string, timeoutMs: number): Promise<void> {
  const late = setTimeout(
    () => stream.destroy(new CallTimeoutError(`the line was not taken within ${timeoutMs} ms`, true)),
    timeoutMs,
  );
  try {
    const typed = finished(stream);
    const isShown = shows(stream, line, Math.min(READ_WITHIN_MS, timeoutMs / 2));
    stream.write(`${line}${ENTER}`);
    await Promise.race([isShown, typed]);
    stream.end();
    await typed;
  } catch (error) {
    if (error instanceof CallTimeoutError) throw error;
    // The guest may have read it before.
    throw new ConnectionLostError(messageOf(error), true, { cause: error });
  } finally {
    clearTimeout(late);
  }
}

/** Waits until a console shows a text, or the time is over. What it shows is kept in its log. */
function shows(stream: LibvirtStream, text: string, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const wanted = Buffer.from(text);
    let seen = Buffer.alloc(0);
    const timer = setTimeout(resolve, withinMs);
    stream.on('data', (bytes: Buffer) => {
      // Of what is long past, nothing is needed.
      seen = Buffer.concat([seen, bytes]).subarray(-2 * (wanted.length + bytes.length));
      if (!seen.includes(wanted)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

const PASSWORD_STEP = 'set-password';

/** By the agent in the guest. Nobody can look whether a password is set, but to set it again changes nothing, so a lost answer is no matter. */
function passwordWork(place: VirshPlace): OperationWork<ChangeParams<'setAdminPassword'>, ChangeResult> {
  return {
    async run(ctx, target, { user = ADMINISTRATOR, password }) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('setting a password in the guest of domain', async () => {
        const before = await change.look();
        const why = whyDeaf(before) ?? whyNoAgent(await change.facts());
        if (why !== undefined) throw cannotBeDone(target, before, why);
        await settle(change, {
          step: PASSWORD_STEP,
          noun: `password of ${user}`,
          doing: `setting the password of ${user} in the guest of ${change.label}`,
          look: () => Promise.resolve(undefined),
          send: async (timeoutMs) => {
            const args = { domain: change.ref, user, password, flags: 0 };
            await change.caller.call(domainSetUserPassword, args, { timeoutMs });
            return true;
          },
          // One that is still under way sets the same.
          isOver: () => Promise.resolve(true),
        });
        return change.ended(true, await change.look());
      });
    },
    plan: (ctx, target, { user = ADMINISTRATOR }) =>
      planning(place, target, async () => {
        const domains = place.domains(ctx);
        const status = await domains.status(target.id);
        const why = whyDeaf(status) ?? whyNoAgent(domainFacts(await domains.definition(target.id)));
        if (why !== undefined) throw cannotBeDone(target, status, why);
        const description = `have the agent in the guest of domain ${target.name} set the password of ${user}`;
        return [{ action: PASSWORD_STEP, description }];
      }),
    reconcile: (ctx, target) =>
      reconcileSequence(new DomainChange(ctx, place, target), async (change) =>
        lastStepOf(ctx.checkpoints)?.isAnswered === true ? change.ended(true, await change.look()) : undefined,
      ),
  };
}

/** A paused guest takes notice of nothing. */
function whyDeaf(status: DomainStatus): string | undefined {
  const why = whyNoGuest(status);
  if (why !== undefined || stateOf(status, 0).powerState === 'running') return why;
  return 'it is paused, so that its guest hears nothing; unpause it first';
}

function whyNoAgent({ hasAgentChannel, hasAgent }: ReturnType<typeof domainFacts>): string | undefined {
  if (hasAgent) return undefined;
  return hasAgentChannel
    ? 'no agent runs in its guest: install qemu-guest-agent there and start it'
    : 'it has no channel for an agent: add one on the host (virsh edit: <channel type="unix"> with the target org.qemu.guest_agent.0), restart it, and install qemu-guest-agent in its guest';
}
