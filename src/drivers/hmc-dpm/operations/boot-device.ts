import { z } from 'zod';
import type { JsonValue } from '../../../common/errors/index.js';
import type { HmcChange } from './hmc-change.js';
import { settle, type Settled } from './settle.js';

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
): Promise<Settled<true>> {
  const { client, ctx } = change;
  const properties: Record<string, JsonValue> = { ...wanted };
  const readable = Object.keys(properties).filter((name) => !UNREADABLE.has(name));
  const noun = `boot device ${wanted['boot-device']}`;
  let isBlind = readable.length < Object.keys(properties).length && !change.carriedOut.includes(noun);
  return settle<true>(change, {
    step: 'set-boot-device',
    noun,
    doing: `setting the boot device of partition ${partition} to ${wanted['boot-device']}`,
    look: async () => {
      if (isBlind) return undefined;
      const now = await client.getSome(partitionUri, readable, {}, PropertiesSchema, ctx.signal);
      return readable.every((name) => now[name] === properties[name]) ? true : undefined;
    },
    send: async (timeoutMs) => {
      await client.post(partitionUri, properties, timeoutMs);
      isBlind = false;
      return undefined;
    },
  });
}
