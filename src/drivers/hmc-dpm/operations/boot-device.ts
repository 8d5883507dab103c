import { z } from 'zod';
import type { JsonValue } from '../../../common/errors/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import type { HmcChange } from './hmc-change.js';
import { makeSo } from '../../kit/index.js';

/** What a partition boots from, in the HMC's words; each needs its companions in the same update (hmc-dpm.md section 10). */
export type BootDevice =
  | { readonly 'boot-device': 'none' }
  | { readonly 'boot-device': 'storage-volume'; readonly 'boot-storage-volume': string }
  | { readonly 'boot-device': 'network-adapter'; readonly 'boot-network-device': string }
  | { readonly 'boot-device': 'iso-image'; readonly 'boot-iso-ins-file'?: string }
  | {
      readonly 'boot-device': 'ftp';
      readonly 'boot-ftp-host': string;
      readonly 'boot-ftp-username': string;
      readonly 'boot-ftp-password': string;
      readonly 'boot-ftp-insfile': string;
    };

/** Settings beside the device; what is not given stays as it is. */
export interface BootSettings {
  readonly 'boot-timeout'?: number;
  readonly 'boot-configuration-selector'?: number;
  readonly 'boot-load-parameters'?: string;
  readonly 'boot-os-specific-parameters'?: string;
  readonly 'secure-boot'?: boolean;
}

/** What the HMC never gives back, so that it cannot be compared. */
const UNREADABLE = new Set(['boot-ftp-password']);

const PropertiesSchema = z.record(z.string(), z.json());

/**
 * Sets what a partition boots from next, and confirms it by reading it back. Not while the partition starts or stops; one that runs goes on.
 *
 * Where the password of an FTP server is part of it, it is sent once by each operation, since nobody can look whether it is the same.
 */
export function setBootDevice(
  change: HmcChange,
  partitionUri: string,
  wanted: BootDevice & BootSettings,
  partition: string,
): Promise<boolean> {
  const { client, ctx } = change;
  const properties: Record<string, JsonValue> = { ...wanted };
  const noun = `boot device ${wanted['boot-device']}`;
  let isBlind = Object.keys(properties).some((name) => UNREADABLE.has(name)) && !change.carriedOut.has(noun);
  return makeSo(change, {
    step: 'set-boot-device',
    noun,
    doing: `setting the boot device of partition ${partition} to ${wanted['boot-device']}`,
    isSo: async () => !isBlind && (await readsBoot(client, partitionUri, wanted, ctx.signal)),
    send: async (timeoutMs) => {
      await client.post(partitionUri, properties, timeoutMs);
      isBlind = false;
      return undefined;
    },
  });
}

/** Does the partition have these boot settings, as far as the HMC tells? */
export async function readsBoot(
  client: HmcClient,
  partitionUri: string,
  wanted: BootDevice & BootSettings,
  signal?: AbortSignal,
): Promise<boolean> {
  const readable = Object.entries(wanted).filter(([name]) => !UNREADABLE.has(name));
  const names = readable.map(([name]) => name);
  const now = await client.getSome(partitionUri, names, {}, PropertiesSchema, signal);
  return readable.every(([name, value]) => now[name] === value);
}
