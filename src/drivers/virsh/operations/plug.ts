import {
  domainAttachDeviceFlags,
  domainDetachDeviceFlags,
  DomainDeviceModifyFlags,
  type Caller,
  type DomainRef,
} from 'node-libvirt';
import { ComputeError } from '../../../common/errors/index.js';
import { serialiseXml, type XmlElement } from '../../../connectors/xml/index.js';
import { makeSo } from '../../kit/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import type { DomainFacts } from '../mapping/domain-facts.js';
import { deviceRefusal, type DeviceRefusal } from '../mapping/device-refusals.js';
import { GUEST_ENDED, nativeOf } from '../virsh.errors.js';
import { seeDevices } from './device-sight.js';
import type { DomainChange } from './domain-change.js';

const { VIR_DOMAIN_DEVICE_MODIFY_LIVE: LIVE, VIR_DOMAIN_DEVICE_MODIFY_CONFIG: CONFIG } = DomainDeviceModifyFlags;
/** A guest that has something to do looks after a while; it is asked again meanwhile. */
const ASK_AGAIN_MS = 20_000;
const LETTING_GO_MS = 120_000;

/** A device that is plugged in or out, of a domain that runs or does not. */
export interface Plugged {
  /** For people: "volume data", "interface 52:54:00:…". */
  readonly what: string;
  /** For the journal: "volume", "interface". */
  readonly kind: 'volume' | 'interface';
  /** The device as one form of the domain has it. */
  readonly find: (facts: DomainFacts) => { readonly xml: XmlElement } | undefined;
}

/**
 * The domain has the device: now, where it runs, and at its next start.
 *
 * @throws ComputeError what libvirt has against the device, in our words
 */
export async function plugIn(change: DomainChange, plugged: Plugged, device: XmlElement): Promise<boolean> {
  const { what, kind, find } = plugged;
  const { ref } = change;
  const lacking = async (): Promise<number> => {
    const { live, next } = await seeDevices(change);
    return (live !== undefined && find(live) === undefined ? LIVE : 0) | (find(next) === undefined ? CONFIG : 0);
  };
  return await refusing(change, `attaching ${what} to`, () =>
    makeSo(change, {
      step: `attach-${kind}`,
      noun: `attachment of ${what}`,
      doing: `attaching ${what} to ${change.label}`,
      isSo: async () => (await lacking()) === 0,
      send: async (timeoutMs) => {
        const flags = await lacking();
        if (flags === 0) return true;
        const args = { domain: ref, xml: serialiseXml(device), flags };
        await change.caller.call(domainAttachDeviceFlags, args, { timeoutMs });
        return undefined;
      },
    }),
  );
}

/**
 * The domain does not have the device. It is taken out of a running guest first, and out of what is started next only when the guest
 * has let go of it: so the definition tells at every moment what is so.
 *
 * @throws ComputeError OPERATION_FAILED when the guest does not let go of it
 */
export async function plugOut(change: DomainChange, plugged: Plugged): Promise<boolean> {
  const isOut = await takeFromGuest(change, plugged);
  return (await takeFromDefinition(change, plugged)) || isOut;
}

async function takeFromGuest(change: DomainChange, plugged: Plugged): Promise<boolean> {
  const { what, kind } = plugged;
  const { ctx, ref } = change;
  const held = async (): Promise<XmlElement | undefined> => {
    const { live } = await seeDevices(change);
    return live && plugged.find(live)?.xml;
  };
  if ((await held()) === undefined) return false;
  const endsAt = ctx.clock.now() + Math.min(LETTING_GO_MS, change.remainingMs);
  const ask = async (timeoutMs: number): Promise<true> => {
    const device = await held();
    if (device !== undefined) await requestRemoval(change.caller, ref, device, timeoutMs);
    return true;
  };
  for (;;) {
    ctx.progress(`waiting for the guest to let go of ${what}`);
    await refusing(change, `detaching ${what} from`, () =>
      makeSo(change, {
        step: `unplug-${kind}`,
        noun: `request to let go of ${what}`,
        doing: `asking the guest of ${change.label} to let go of ${what}`,
        isSo: async () => (await held()) === undefined,
        // Whether it was asked shows nowhere, and to ask twice does no harm.
        isOver: () => Promise.resolve(true),
        send: ask,
      }),
    );
    const askAgainAt = Math.min(endsAt, ctx.clock.now() + ASK_AGAIN_MS);
    const isHeld = await change.poll(
      `the guest to let go of ${what}`,
      change.backend.pacing.poll.initialMs,
      async () => {
        if ((await held()) === undefined) return false;
        return ctx.clock.now() >= askAgainAt ? true : undefined;
      },
    );
    if (!isHeld) return true;
    if (ctx.clock.now() >= endsAt) throw keptBy(change, what);
  }
}

/** Its answer comes when the guest has let go, or some seconds later when it has not. */
async function requestRemoval(caller: Caller, domain: DomainRef, device: XmlElement, timeoutMs: number): Promise<void> {
  try {
    const args = { domain, xml: serialiseXml(device), flags: LIVE };
    await caller.call(domainDetachDeviceFlags, args, { timeoutMs });
  } catch (error) {
    const failure = failureOf(error);
    // It has been asked before, or has let go meanwhile.
    if (failure?.missing === 'device' || /in the process of unplug/i.test(failure?.text ?? '')) return;
    throw error;
  }
}

function keptBy(change: DomainChange, what: string): Error {
  return change.error(
    'OPERATION_FAILED',
    `the guest of ${change.label} does not let go of ${what}: it hangs, starts, or has no system that listens. It has ${what} still, also at its next start; repeat it when the guest is up, or power it off and detach it then`,
  );
}

async function takeFromDefinition(change: DomainChange, { what, kind, find }: Plugged): Promise<boolean> {
  const { ref } = change;
  const listed = async (): Promise<XmlElement | undefined> => find((await seeDevices(change)).next)?.xml;
  return await refusing(change, `detaching ${what} from`, () =>
    makeSo(change, {
      step: `detach-${kind}`,
      noun: `detachment of ${what}`,
      doing: `detaching ${what} from ${change.label}`,
      isSo: async () => (await listed()) === undefined,
      send: async (timeoutMs) => {
        const device = await listed();
        if (device === undefined) return true;
        const args = { domain: ref, xml: serialiseXml(device), flags: CONFIG };
        await change.caller.call(domainDetachDeviceFlags, args, { timeoutMs });
        return undefined;
      },
    }),
  );
}

/**
 * Says in our words what is wrong with a device.
 *
 * @param doing for people, before the domain: "attaching volume data to"
 */
export async function refusing<T>(change: DomainChange, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const failure = failureOf(error);
    if (failure?.native === undefined) throw error;
    const refusal: DeviceRefusal | undefined = failure.hasGuestEnded ? GUEST_ENDED : deviceRefusal(failure.text);
    if (refusal === undefined) throw error;
    throw new ComputeError(
      refusal.code,
      `${doing} ${change.label} (${change.backend.label}): libvirt answered "${failure.text}": ${refusal.advice}`,
      { outcome: refusal.outcome ?? 'not-applied', native: nativeOf(failure), cause: error },
    );
  }
}
