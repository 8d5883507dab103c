import type { Adapter, Partition } from './model.js';

/** One kind of device of partitions: NICs, virtual storage resources … */
export interface DeviceSource {
  /** Device numbers that the partition has of this kind. */
  numbers(partition: Partition): readonly string[];
  /** Adapters that these devices need; a running partition is degraded while one of them is not active. */
  adapters(partition: Partition): readonly Adapter[];
  /** Properties of the partition that follow from them, such as `nic-uris`. */
  properties(partition: Partition): Record<string, unknown>;
}

const NICS: DeviceSource = {
  numbers: ({ nics }) => nics.map(({ stored }) => String(stored['device-number'])),
  adapters: ({ nics }) => nics.map(({ backing }) => backing.port.adapter),
  properties: ({ nics }) => ({ 'nic-uris': nics.map(({ uri }) => uri) }),
};

const HIGHEST_NUMBER = 0xffff;
/** A qeth device takes three consecutive numbers, of which the HMC shows the first. */
const NUMBERS_OF_NIC = 3;

/** All devices of partitions, whichever part of the simulator they belong to. */
export class PartitionDevices {
  readonly #sources: DeviceSource[] = [NICS];

  /** For the parts that bring devices of their own. */
  register(source: DeviceSource): void {
    this.#sources.push(source);
  }

  /** Device numbers in use, four hexadecimal digits in upper case. */
  numbers(partition: Partition): readonly string[] {
    return this.#sources.flatMap((source) => source.numbers(partition));
  }

  /** The first number from `first` on that leaves room for a NIC. */
  freeNumber(partition: Partition, first = 1): string {
    const taken = new Set(this.numbers(partition).map((number) => Number.parseInt(number, 16)));
    const isFree = (number: number): boolean =>
      Array.from({ length: 2 * NUMBERS_OF_NIC - 1 }, (_, index) => number - NUMBERS_OF_NIC + 1 + index).every(
        (near) => !taken.has(near),
      );
    let number = first;
    while (!isFree(number) && number < HIGHEST_NUMBER) number += 1;
    return number.toString(16).toUpperCase().padStart(4, '0');
  }

  /** Properties of the partition that follow from its devices. */
  properties(partition: Partition): Record<string, unknown> {
    return Object.assign({}, ...this.#sources.map((source) => source.properties(partition)));
  }

  /** Adapters in use, each once. */
  adapters(partition: Partition): readonly Adapter[] {
    return [...new Set(this.#sources.flatMap((source) => source.adapters(partition)))];
  }

  /** Those of them that are out of order. */
  failedAdapters(partition: Partition): readonly Adapter[] {
    return this.adapters(partition).filter(({ status }) => status !== 'active');
  }

  /** Devices of any partition of the CPC that need the adapter: its `used-capacity`. */
  count(adapter: Adapter): number {
    return adapter.cpc.partitions
      .flatMap((partition) => this.#sources.flatMap((source) => source.adapters(partition)))
      .filter((used) => used === adapter).length;
  }
}
