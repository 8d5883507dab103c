/** Machine generations with DPM mode, and what tells them apart (hmc-dpm.md sections 2, 6 and 11). */
export const GENERATIONS = ['z13', 'z14', 'z15', 'z16', 'z17'] as const;
export type Generation = (typeof GENERATIONS)[number];

interface Machine {
  readonly type: string;
  readonly model: string;
  readonly seVersion: string;
}

/** The large LinuxONE of each generation; an inventory may say otherwise. */
export const MACHINES: Readonly<Record<Generation, Machine>> = {
  z13: { type: '2964', model: 'L30', seVersion: '2.13.1' },
  z14: { type: '3906', model: 'LM1', seVersion: '2.14.1' },
  z15: { type: '8561', model: 'LT1', seVersion: '2.15.0' },
  z16: { type: '3931', model: 'LA1', seVersion: '2.16.0' },
  z17: { type: '9175', model: 'ML1', seVersion: '2.17.0' },
};

const isAtLeast = (generation: Generation, other: Generation): boolean =>
  GENERATIONS.indexOf(generation) >= GENERATIONS.indexOf(other);

/** OSA and HiperSockets NICs are backed by virtual switches, until z17 by which every NIC is backed by a port. */
export const hasVirtualSwitches = (generation: Generation): boolean => !isAtLeast(generation, 'z17');

interface FirmwareFeature {
  readonly name: string;
  readonly description: string;
  readonly state: boolean;
}

/** `available-features-list` of the CPC and its partitions (hmc-dpm.md section 13). */
export function firmwareFeatures(generation: Generation): readonly FirmwareFeature[] {
  const features: [Generation, string, string][] = [
    ['z14', 'dpm-storage-management', 'Storage groups in place of host bus adapters'],
    ['z15', 'dpm-fcp-tape-management', 'Tape libraries and tape links'],
    ['z16', 'dpm-smcd-partition-link-management', 'Partition links of type SMC-D'],
  ];
  return features
    .filter(([first]) => isAtLeast(generation, first))
    .map(([, name, description]) => ({ name, description, state: true }));
}

/** How many partitions can be active at a time, by machine type and model; 85 where nothing is known. */
export function maximumPartitions(type: unknown, model: unknown): number {
  if (type === '2817' || type === '2827') return 60;
  if (type === '2818' || type === '2828') return 30;
  if (type === '2965' || type === '3907') return 40;
  if (type === '8562') return model === 'GT2' ? 85 : 40;
  return 85;
}
