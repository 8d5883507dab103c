import type { BootRecord } from '../../src/simulators/hmc/boot-record.js';
import { readIso } from './read-iso.js';

/** What cloud-init in a guest finds at its first start, and makes of it. */
export interface SeededGuest {
  /** Whether it was on a medium, and not at an address. */
  readonly isOnMedium: boolean;
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  /** Fixed addresses, by the MAC address of the interface. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
}

/**
 * Starts the guest of a partition: it reads its seed from the ISO image that it was started from, or from the address among the
 * parameters of its kernel. Undefined: there is none.
 */
export async function startGuest({ iso, osParameters }: BootRecord): Promise<SeededGuest | undefined> {
  const medium = iso?.file ?? undefined;
  if (medium !== undefined) {
    const { files } = readIso(medium);
    const at = (name: string): string | undefined => (files[`/cidata/${name}`] ?? files[`/${name}`])?.toString();
    return at('meta-data') === undefined ? undefined : guestOf(true, at);
  }
  const [, url] = /(?:^| )ds=nocloud;s=([^; ]+)/.exec(osParameters) ?? [];
  if (url === undefined) return undefined;
  const read = new Map<string, string>();
  for (const name of ['network-config', 'meta-data', 'user-data', 'vendor-data']) {
    const answer = await fetch(`${url}${name}`);
    if (!answer.ok) throw new Error(`a guest is answered ${answer.status} for its ${name}`);
    read.set(name, await answer.text());
  }
  return guestOf(false, (name) => read.get(name));
}

interface CloudConfig {
  readonly write_files?: readonly { readonly path: string; readonly content: string }[];
}
interface NetworkConfig {
  readonly ethernets?: Readonly<
    Record<string, { readonly match?: { readonly macaddress: string }; readonly addresses?: readonly string[] }>
  >;
}

function guestOf(isOnMedium: boolean, at: (name: string) => string | undefined): SeededGuest {
  const [, config = '{}'] = /^#cloud-config\n(.*)/s.exec(at('user-data') ?? '') ?? [];
  const { write_files: files = [] } = JSON.parse(config) as CloudConfig;
  const { ethernets = {} } = JSON.parse(at('network-config') || '{}') as NetworkConfig;
  return {
    isOnMedium,
    files: files.map(({ path, content }) => ({ path, sizeBytes: Buffer.from(content, 'base64').length })),
    addresses: Object.fromEntries(
      Object.values(ethernets).map(({ match, addresses = [] }) => [match?.macaddress ?? '', addresses]),
    ),
  };
}
