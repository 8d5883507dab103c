import { connectGetAllDomainStats, ConnectGetAllDomainStatsFlags, DomainStatsTypes, valuesOf } from 'node-libvirt';
import type { AdviceOperations, CallContext, Diagnostics } from '../../../compute/contract/index.js';
import { diagnosticsOf } from '../mapping/diagnostics.js';
import { domainFacts } from '../mapping/domain-facts.js';
import { findDomain } from './find-domain.js';
import { summary } from './inventory.operations.js';
import { explaining, type VirshPlace } from './virsh-place.js';

const { VIR_DOMAIN_STATS_CPU_TOTAL, VIR_DOMAIN_STATS_BALLOON, VIR_DOMAIN_STATS_VCPU } = DomainStatsTypes;
const { VIR_DOMAIN_STATS_INTERFACE, VIR_DOMAIN_STATS_BLOCK } = DomainStatsTypes;
const MEASURED =
  VIR_DOMAIN_STATS_CPU_TOTAL |
  VIR_DOMAIN_STATS_BALLOON |
  VIR_DOMAIN_STATS_VCPU |
  VIR_DOMAIN_STATS_INTERFACE |
  VIR_DOMAIN_STATS_BLOCK;

/** What libvirt measures of a domain. Semantics are the contract's. */
export function diagnosticsOperation(place: VirshPlace): Required<Pick<AdviceOperations, 'getDiagnostics'>> {
  return {
    getDiagnostics: (ctx, reference) =>
      explaining(place, `reading what domain ${reference} uses`, () => getDiagnostics(ctx, place, reference)),
  };
}

async function getDiagnostics(ctx: CallContext, place: VirshPlace, reference: string): Promise<Diagnostics> {
  const status = await findDomain(ctx, place, reference);
  const { uuid, name } = status;
  const observedAt = ctx.clock.now();
  const [definition, { records }] = await Promise.all([
    place.domains(ctx).definition(uuid),
    place.caller(ctx).call(
      connectGetAllDomainStats,
      {
        domains: [{ name, uuid, id: -1 }],
        stats: MEASURED,
        // A domain that is busy tells what is known without asking it.
        flags: ConnectGetAllDomainStatsFlags.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
      },
      { signal: ctx.signal },
    ),
  ]);
  const measured = valuesOf(records[0]?.parameters ?? []);
  return { ...summary(status, observedAt), ...diagnosticsOf(measured, domainFacts(definition)) };
}
