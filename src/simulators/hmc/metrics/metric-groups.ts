import { createHash } from 'node:crypto';
import { ADAPTER_TYPES } from '../adapters/adapter.schema.js';
import { isDpm } from '../cpc.js';
import type { Estate } from '../estate.js';
import type { HmcObject } from '../model.js';
import { isRunning } from '../partition.js';

type MetricType = 'string-metric' | 'integer-metric' | 'long-metric' | 'double-metric';
type Value = string | number;

export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly unit?: string;
}

/** One value row of an object; some objects have several, such as one for each port. */
type Row = Readonly<Record<string, Value>>;

export interface MetricGroup {
  readonly name: string;
  readonly metrics: readonly Metric[];
  /** The objects that there are figures of, with their rows. */
  read(estate: Estate, nowMs: number): readonly { readonly object: HmcObject; readonly rows: readonly Row[] }[];
}

const percent = (name: string): Metric => ({ name, type: 'integer-metric', unit: 'percent' });
const counter = (name: string): Metric => ({ name, type: 'long-metric' });

const USAGES = ['processor', 'network', 'storage', 'accelerator', 'crypto'].map((kind) => percent(`${kind}-usage`));
const TRAFFIC = ['bytes', 'packets'].flatMap((unit) => [counter(`${unit}-sent`), counter(`${unit}-received`)]);
const DROPS = ['packets-sent-dropped', 'packets-received-dropped'].map(counter);

/** Figures of CPCs in DPM mode, by the names of hmc-dpm.md section 16. */
export const METRIC_GROUPS: readonly MetricGroup[] = [
  {
    name: 'dpm-system-usage-overview',
    metrics: [
      ...USAGES,
      { name: 'power-consumption-watts', type: 'integer-metric', unit: 'watts' },
      { name: 'temperature-celsius', type: 'double-metric', unit: 'degrees-celsius' },
    ],
    read: (estate, nowMs) =>
      estate.cpcs.filter(isDpm).map((cpc) => ({
        object: cpc,
        rows: [
          {
            ...usages(cpc, nowMs),
            'power-consumption-watts': 4000 + level(`${cpc.uri}:watts`, nowMs) * 20,
            'temperature-celsius': 20.5 + level(`${cpc.uri}:celsius`, nowMs) / 20,
          },
        ],
      })),
  },
  {
    name: 'partition-usage',
    metrics: USAGES,
    read: (estate, nowMs) =>
      estate
        .partitions()
        .filter(({ status }) => isRunning(status))
        .map((partition) => ({ object: partition, rows: [usages(partition, nowMs)] })),
  },
  {
    name: 'network-physical-adapter-port',
    metrics: [{ name: 'network-port-id', type: 'integer-metric' }, ...TRAFFIC, ...DROPS],
    read: (estate, nowMs) =>
      estate
        .adapters()
        .filter(({ type }) => ADAPTER_TYPES[type].ports === 'network')
        .map((adapter) => ({
          object: adapter,
          rows: adapter.ports.map(({ uri, index }) => ({ 'network-port-id': index, ...traffic(uri, nowMs) })),
        })),
  },
  {
    name: 'partition-attached-network-interface',
    metrics: [{ name: 'partition-id', type: 'string-metric' }, ...TRAFFIC, ...DROPS],
    read: (estate, nowMs) =>
      estate
        .partitions()
        .filter(({ status }) => isRunning(status))
        .flatMap(({ id, nics }) =>
          nics.map((nic) => ({ object: nic, rows: [{ 'partition-id': id, ...traffic(nic.uri, nowMs) }] })),
        ),
  },
];

function usages({ uri }: HmcObject, nowMs: number): Row {
  return Object.fromEntries(USAGES.map(({ name }) => [name, level(`${uri}:${name}`, nowMs)]));
}

/** Counters grow with time and never shrink. */
function traffic(uri: string, nowMs: number): Row {
  const seconds = Math.floor(nowMs / 1000);
  const perSecond = 1 + level(uri, 0);
  return {
    ...Object.fromEntries(TRAFFIC.map(({ name }, index) => [name, seconds * perSecond * (index < 2 ? 800 : 1)])),
    ...Object.fromEntries(DROPS.map(({ name }) => [name, 0])),
  };
}

/** A figure from 0 to 99 that is another one every minute, and the same for who asks twice. */
function level(of: string, nowMs: number): number {
  const hash = createHash('sha256')
    .update(`${of}:${Math.floor(nowMs / 60_000)}`)
    .digest();
  return hash.readUInt32BE(0) % 100;
}
