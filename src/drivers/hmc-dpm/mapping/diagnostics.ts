import type { JsonValue } from '../../../common/errors/index.js';
import type { Diagnostics } from '../../../compute/contract/index.js';
import type { Partition } from '../client/hmc-schemas.js';
import type { Nic } from '../client/hmc-network.js';
import { idOf, uriOf } from '../client/hmc-uri.js';
import type { MetricRow } from '../client/metrics-text.js';

const PARTITION_GROUP = 'partition-usage';
const NIC_GROUP = 'partition-attached-network-interface';

const NicUriSchema = uriOf('partitions', 'nics');

/** The metric groups in which the HMC tells of a partition. */
export const USAGE_GROUPS = [PARTITION_GROUP, NIC_GROUP];

/** What the HMC measures of a partition as a whole, in percent; by processor or disk it measures nothing. */
const PERCENTAGES = ['processor-usage', 'network-usage', 'storage-usage', 'accelerator-usage', 'crypto-usage'];

/** The NICs of a partition that were measured. */
export function nicsIn(rows: readonly MetricRow[], partitionUri: string): string[] {
  return [...new Set(nicRows(rows, partitionUri).map(({ uri }) => uri))];
}

/** What the rows tell of a partition, of those of all partitions; null for what they do not. */
export function diagnosticsOf(
  partitionUri: string,
  partition: Partition,
  rows: readonly MetricRow[],
  nics: readonly Nic[],
): Omit<Diagnostics, 'name' | 'id' | 'state'> {
  const usage = rows.find(({ group, uri }) => group === PARTITION_GROUP && uri === partitionUri);
  return {
    uptimeS: null,
    memoryUsedMib: null,
    memoryMib: partition['initial-memory'] ?? null,
    cpus: [],
    disks: [],
    nics: nicRows(rows, partitionUri).map((row) => {
      const nic = nics.find((candidate) => candidate['element-uri'] === row.uri);
      return { device: nic?.name ?? idOf(row.uri), mac: nic?.['mac-address'] ?? null, ...countsOf(row) };
    }),
    native: Object.fromEntries(PERCENTAGES.flatMap((name) => percentage(usage, name))),
  };
}

function percentage(usage: MetricRow | undefined, name: string): [string, JsonValue][] {
  const value = usage === undefined ? null : numberOf(usage, name);
  return value === null ? [] : [[`${name.replaceAll('-', '_')}_percent`, value]];
}

function nicRows(rows: readonly MetricRow[], partitionUri: string): MetricRow[] {
  return rows.filter(
    ({ group, uri }) =>
      group === NIC_GROUP && uri.startsWith(`${partitionUri}/nics/`) && NicUriSchema.safeParse(uri).success,
  );
}

function countsOf(row: MetricRow): Omit<Diagnostics['nics'][number], 'device' | 'mac'> {
  return {
    rxBytes: countOf(row, 'bytes-received'),
    rxPackets: countOf(row, 'packets-received'),
    rxErrors: countOf(row, 'packets-received-discarded'),
    rxDrops: countOf(row, 'packets-received-dropped'),
    txBytes: countOf(row, 'bytes-sent'),
    txPackets: countOf(row, 'packets-sent'),
    txErrors: countOf(row, 'packets-sent-discarded'),
    txDrops: countOf(row, 'packets-sent-dropped'),
  };
}

function numberOf({ values }: MetricRow, name: string): number | null {
  const text = values.get(name);
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

/** A whole number that answers can hold exactly. */
function countOf(row: MetricRow, name: string): number | null {
  const value = numberOf(row, name);
  return value !== null && Number.isSafeInteger(value) ? value : null;
}
