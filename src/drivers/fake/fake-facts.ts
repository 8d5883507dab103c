import type { JsonValue } from '../../common/errors/index.js';
import { toJson } from '../../common/json.js';
import type { Devices, Diagnostics } from '../../compute/contract/index.js';
import type { FakeInstance } from './fake-instance.js';

/** What an instance is made of and how it is, as `compute.get_info` shows it under `native`. */
export function facts(instance: FakeInstance): Record<string, JsonValue> {
  const { hardware, bootBefore, flavorBefore, isQuiesced, isOurs, crashDumps } = instance;
  return toJson({
    ...hardware,
    rescued: bootBefore !== null,
    resized_from: flavorBefore,
    quiesced: isQuiesced,
    ours: isOurs,
    crash_dumps: crashDumps,
  }) as Record<string, JsonValue>;
}

/** What an instance is connected to. */
export function devicesOf({ hardware: { networks, volumes, root_disk: root } }: FakeInstance): Devices {
  return {
    interfaces: networks.map(({ device, mac, name, vlan = null }) => ({
      name: device,
      mac,
      network: name,
      networkAliases: [],
      vlan,
    })),
    volumes: [
      { id: 'vda', aliases: [], isRoot: true, sizeGib: root.size_gib },
      ...volumes.map(({ id, size_gib: sizeGib }) => ({ id, aliases: [], isRoot: false, sizeGib })),
    ],
  };
}

const BLOCK = 4096;

/** What an instance would have used by now if it were as busy as all others: everything grows with the time since its start. */
export function usage({ hardware, startedAt }: FakeInstance, now: number): Omit<Diagnostics, 'name' | 'id' | 'state'> {
  const { flavor, volumes, networks } = hardware;
  const seconds = startedAt === null ? 0 : Math.floor((now - startedAt) / 1000);
  return {
    uptimeS: startedAt === null ? null : seconds,
    memoryUsedMib: startedAt === null ? 0 : Math.floor(flavor.memory_mib / 4),
    memoryMib: flavor.memory_mib,
    cpus: Array.from({ length: flavor.vcpus }, (_, id) => ({
      id,
      timeNs: seconds * 100_000_000,
      utilisationPercent: startedAt === null ? 0 : 10,
    })),
    disks: ['vda', ...volumes.map(({ device }) => device)].map((device) => ({
      device,
      readBytes: seconds * BLOCK,
      readRequests: seconds,
      writeBytes: seconds * BLOCK,
      writeRequests: seconds,
      errors: 0,
    })),
    nics: networks.map(({ device, mac }) => ({
      device,
      mac,
      rxBytes: seconds * BLOCK,
      rxPackets: seconds,
      rxErrors: 0,
      rxDrops: 0,
      txBytes: seconds * BLOCK,
      txPackets: seconds,
      txErrors: 0,
      txDrops: 0,
    })),
    native: {},
  };
}
