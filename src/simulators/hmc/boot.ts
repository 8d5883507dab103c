import type { BootRecord } from './boot-record.js';
import type { Partition } from './model.js';

/** What the storage part tells of a volume that a partition is to boot from, or to be dumped to. */
export interface BootVolume {
  readonly name: string;
  /** As FCP volumes have it once they are fulfilled. */
  readonly uuid: string | null;
  /** Whether there is something behind it yet. */
  readonly isReady: boolean;
}

/** Finds the volume of this URI, of usage boot, in a storage group that is attached to the partition. */
export type FindBootVolume = (partition: Partition, uri: string) => BootVolume | undefined;

/** How a boot ends when nothing else is said. */
export type BootEnd = 'runs' | 'nothing-to-boot' | 'fails';

/** What the partition boots if it starts now, and how that ends. */
export function boot(partition: Partition, find: FindBootVolume): { record: BootRecord; end: BootEnd } {
  const { stored } = partition;
  const word = (name: string): string => {
    const value = stored[name];
    return typeof value === 'string' ? value : '';
  };
  const device = word('boot-device');
  const uri = word('boot-storage-volume');
  const volume = device === 'storage-volume' ? find(partition, uri) : undefined;
  const nic =
    device === 'network-adapter' ? partition.nics.find((each) => each.uri === word('boot-network-device')) : undefined;
  const iso = device === 'iso-image' ? partition.iso : null;
  return {
    record: {
      device,
      volume: volume === undefined ? null : { uri, name: volume.name, uuid: volume.uuid },
      nic: nic === undefined ? null : { uri: nic.uri, name: nic.name, mac: String(nic.stored['mac-address']) },
      iso,
      ftp:
        device === 'ftp'
          ? { host: word('boot-ftp-host'), userid: word('boot-ftp-username'), insFile: word('boot-ftp-insfile') }
          : null,
      configurationSelector: Number(stored['boot-configuration-selector']),
      loadParameters: word('boot-load-parameters'),
      osParameters: word('boot-os-specific-parameters'),
      isSecure: stored['secure-boot'] === true,
    },
    end: endOf(device, partition, { volume, nic, iso }),
  };
}

function endOf(
  device: string,
  partition: Partition,
  found: { volume: BootVolume | undefined; nic: unknown; iso: unknown },
): BootEnd {
  // z/VM and Secure Service Containers have something of their own to start.
  if (partition.type !== 'linux') return 'runs';
  switch (device) {
    case 'none':
      return 'nothing-to-boot';
    case 'storage-volume':
      return found.volume?.isReady === true ? 'runs' : 'fails';
    case 'network-adapter':
      return found.nic === undefined ? 'fails' : 'runs';
    case 'iso-image':
      return found.iso === null ? 'fails' : 'runs';
    default:
      return 'runs';
  }
}
