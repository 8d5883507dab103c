import {
  connectListAllSecrets,
  secretDefineXml,
  secretLookupByUuid,
  secretSetValue,
  secretUndefine,
  type Caller,
  type CallOptions,
  type SecretRef,
} from 'node-libvirt';
import type { Volume } from '../../../compute/contract/index.js';
import { serialiseXml } from '../../../connectors/xml/index.js';
import { makeSo } from '../../kit/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import { unlessNone } from '../client/unless-missing.js';
import { secretUuid } from '../mapping/names.js';
import { secretXml } from '../mapping/secret-xml.js';
import { isSecretOf, volumeSecrets, type VolumeSecret } from '../mapping/volume-disk.js';
import type { VirshChange } from './domain-change.js';

/**
 * Passwords and keys of volumes, kept in libvirt under UUIDs that come of the instance and the volume. They outlast the daemon, since the
 * instance is to start again after that.
 */

const PURPOSES = { chap: 'password', encryption: 'key' } as const;

/**
 * What a volume's disk refers to is there, with the values of the request.
 *
 * @param instance UUID of the domain
 */
export async function ensureSecrets(change: VirshChange, instance: string, volume: Volume): Promise<void> {
  for (const secret of volumeSecrets(instance, volume)) await ensureSecret(change, volume.id, secret);
}

/** What was kept for a volume is not there. @returns whether anything was removed */
export async function removeSecrets(change: VirshChange, instance: string, volumeId: string): Promise<boolean> {
  let hasActed = false;
  for (const [purpose, noun] of Object.entries(PURPOSES)) {
    const uuid = secretUuid(instance, volumeId, purpose as keyof typeof PURPOSES);
    if (await removeSecret(change, `${noun} of volume ${volumeId}`, uuid)) hasActed = true;
  }
  return hasActed;
}

/** What was kept for any volume of an instance is not there. */
export async function removeInstanceSecrets(change: VirshChange, instance: string): Promise<void> {
  const { caller, ctx } = change;
  const found = await instanceSecrets(caller, instance, { signal: ctx.signal });
  for (const { uuid, usageId } of found) await removeSecret(change, `secret ${usageId}`, uuid);
}

/** What is kept for the volumes of an instance; nothing where there is no driver that could. */
export async function instanceSecrets(caller: Caller, instance: string, options: CallOptions): Promise<SecretRef[]> {
  try {
    const { secrets } = await caller.call(connectListAllSecrets, {}, options);
    return secrets.filter(({ usageId }) => isSecretOf(instance, usageId));
  } catch (error) {
    if (failureOf(error)?.native === 'VIR_ERR_NO_SUPPORT') return [];
    throw error;
  }
}

async function ensureSecret(change: VirshChange, volumeId: string, { value, ...secret }: VolumeSecret): Promise<void> {
  const what = `${secret.usage === 'iscsi' ? PURPOSES.chap : PURPOSES.encryption} of volume ${volumeId}`;
  await keepSecret(change, what, secret, () => Promise.resolve(Buffer.from(value)));
}

/**
 * Keeps a secret, once in an operation: what value one has that is there already, nobody compares.
 *
 * @param what for people: "key of volume v1"
 * @param value read when it is needed, and kept nowhere
 */
export async function keepSecret(
  change: VirshChange,
  what: string,
  secret: Omit<VolumeSecret, 'value'>,
  value: (timeoutMs: number) => Promise<Buffer>,
): Promise<void> {
  const noun = `keeping of the ${what}`;
  await makeSo(change, {
    step: 'keep-secret',
    noun,
    doing: `keeping the ${what} in libvirt`,
    isSo: async () =>
      change.carriedOut.has(noun) && (await lookUp(change, secret.uuid, { signal: change.ctx.signal })) !== undefined,
    // Whoever does both again makes nothing else of it.
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      const { caller } = change;
      const bytes = await value(timeoutMs);
      const { secret: ref } = await caller.call(
        secretDefineXml,
        { xml: serialiseXml(secretXml(secret)) },
        { timeoutMs },
      );
      await caller.call(secretSetValue, { secret: ref, value: bytes }, { timeoutMs });
      return true;
    },
  });
}

async function removeSecret(change: VirshChange, what: string, uuid: string): Promise<boolean> {
  return await makeSo(change, {
    step: 'remove-secret',
    noun: `removal of the ${what}`,
    doing: `removing the ${what} from libvirt`,
    isSo: async () => (await lookUp(change, uuid, { signal: change.ctx.signal })) === undefined,
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      const found = await lookUp(change, uuid, { timeoutMs });
      if (found !== undefined) await change.caller.call(secretUndefine, { secret: found }, { timeoutMs });
      return true;
    },
  });
}

/** Undefined when there is none, nor a driver that could have one. */
async function lookUp(change: VirshChange, uuid: string, options: CallOptions): Promise<SecretRef | undefined> {
  return (await unlessNone('secret', () => change.caller.call(secretLookupByUuid, { uuid }, options)))?.secret;
}
