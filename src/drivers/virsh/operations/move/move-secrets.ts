import { secretGetValue, secretLookupByUuid, type Caller, type CallOptions, type SecretRef } from 'node-libvirt';
import { failureOf } from '../../client/libvirt-failure.js';
import { unlessNone } from '../../client/unless-missing.js';
import { isSecretOf, kindOfSecret } from '../../mapping/volume-disk.js';
import { instanceSecrets, keepSecret } from '../volume-secrets.js';
import type { MoveChange } from './move-change.js';

/** Passwords and keys of volumes, which libvirt leaves behind: those that were made for the instance go with it. Nothing of them is written down. */

/** Is a secret of the instance itself, and does its host give it away? */
export async function isBrought(
  caller: Caller,
  instance: string,
  uuid: string,
  options: CallOptions,
): Promise<boolean> {
  const found = await unlessNone('secret', () => caller.call(secretLookupByUuid, { uuid }, options));
  if (found === undefined || !isSecretOf(instance, found.secret.usageId)) return false;
  return (await valueOf(caller, found.secret, options)) !== undefined;
}

/** What the other host is to have. What is there of it is of an earlier time. */
export async function secretsToBring({ caller, ctx, uuid }: MoveChange): Promise<SecretRef[]> {
  const options = { signal: ctx.signal };
  const found: SecretRef[] = [];
  for (const secret of await instanceSecrets(caller, uuid, options)) {
    if ((await valueOf(caller, secret, options)) !== undefined) found.push(secret);
  }
  return found;
}

export async function bringSecrets({ caller, there, label }: MoveChange, secrets: readonly SecretRef[]): Promise<void> {
  for (const { uuid, usageType, usageId } of secrets) {
    await keepSecret(
      there,
      `secret ${usageId}`,
      { uuid, usage: kindOfSecret(usageType), name: usageId },
      async (timeoutMs) => {
        const value = await valueOf(caller, { uuid, usageType, usageId }, { timeoutMs });
        if (value !== undefined) return value;
        throw there.error('STATE_CONFLICT', `the secret ${usageId} of ${label} was made private meanwhile; repeat it`);
      },
    );
  }
}

/** Undefined of one that its host gives to nobody. */
async function valueOf(caller: Caller, secret: SecretRef, options: CallOptions): Promise<Buffer | undefined> {
  try {
    return (await caller.call(secretGetValue, { secret }, options)).value;
  } catch (error) {
    if (failureOf(error)?.native === 'VIR_ERR_INVALID_SECRET') return undefined;
    throw error;
  }
}
