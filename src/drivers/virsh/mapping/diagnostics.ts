import type { valuesOf } from 'node-libvirt';
import type { Diagnostics, InstanceSummary } from '../../../compute/contract/index.js';
import type { DomainFacts } from './domain-facts.js';

/** What libvirt measures of a domain, by its own names (`virsh domstats`). */
type Measured = ReturnType<typeof valuesOf>;

const KIB_PER_MIB = 1024;

/** What a domain has used. libvirt counts disks and interfaces from zero, and leaves out what a hypervisor does not tell. */
export function diagnosticsOf(
  measured: Measured,
  { nics }: Pick<DomainFacts, 'nics'>,
): Omit<Diagnostics, keyof InstanceSummary> {
  const macs = new Map(nics.map(({ hostDevice, mac }) => [hostDevice, mac]));
  const amount = (name: string): number | null => {
    const value = measured.get(name);
    return typeof value === 'bigint' || typeof value === 'number' ? Number(value) : null;
  };
  const listed = <T>(group: string, most: string, one: (prefix: string, index: number) => T): T[] =>
    Array.from({ length: amount(`${group}.${most}`) ?? 0 }, (_, index) => one(`${group}.${index}`, index));
  const named = (prefix: string): string => String(measured.get(`${prefix}.name`) ?? '');
  return {
    // libvirt does not say when a domain was started.
    uptimeS: null,
    memoryUsedMib: memoryUsed(amount),
    memoryMib: mebibytes(amount('balloon.current')),
    cpus: listed('vcpu', 'maximum', (prefix, id) => ({
      id,
      timeNs: amount(`${prefix}.time`),
      utilisationPercent: null,
    })).filter(({ timeNs }) => timeNs !== null),
    disks: listed('block', 'count', (prefix) => ({
      device: named(prefix),
      readBytes: amount(`${prefix}.rd.bytes`),
      readRequests: amount(`${prefix}.rd.reqs`),
      writeBytes: amount(`${prefix}.wr.bytes`),
      writeRequests: amount(`${prefix}.wr.reqs`),
      errors: amount(`${prefix}.errors`),
    })),
    nics: listed('net', 'count', (prefix) => ({
      device: named(prefix),
      mac: macs.get(named(prefix)) ?? null,
      rxBytes: amount(`${prefix}.rx.bytes`),
      rxPackets: amount(`${prefix}.rx.pkts`),
      rxErrors: amount(`${prefix}.rx.errs`),
      rxDrops: amount(`${prefix}.rx.drop`),
      txBytes: amount(`${prefix}.tx.bytes`),
      txPackets: amount(`${prefix}.tx.pkts`),
      txErrors: amount(`${prefix}.tx.errs`),
      txDrops: amount(`${prefix}.tx.drop`),
    })),
    native: Object.fromEntries(
      [...measured]
        .filter(([name]) => name.startsWith('cpu.') || name.startsWith('balloon.'))
        .map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
    ),
  };
}

/** As far as the balloon in the guest tells; without one nobody knows what the guest does with its memory. */
function memoryUsed(amount: (name: string) => number | null): number | null {
  const available = amount('balloon.available');
  const free = amount('balloon.usable') ?? amount('balloon.unused');
  return available === null || free === null ? null : mebibytes(Math.max(0, available - free));
}

function mebibytes(kib: number | null): number | null {
  return kib === null ? null : Math.round(kib / KIB_PER_MIB);
}
