import type { AdviceOperations, CallContext, Diagnostics } from '../../../compute/contract/index.js';
import { HmcError } from '../client/hmc-error.js';
import { readMetrics } from '../client/hmc-metrics.js';
import { diagnosticsOf, nicsIn, USAGE_GROUPS } from '../mapping/diagnostics.js';
import { observe } from '../mapping/partition-status.js';
import type { MetricRow } from '../client/metrics-text.js';
import { getMany } from '../client/hmc-many.js';
import { NicSchema } from '../client/hmc-network.js';
import { idOf } from '../client/hmc-uri.js';
import { findPartition } from './find-partition.js';
import { explaining, type HmcPlace } from './hmc-place.js';

/** What the HMC measures of a partition (hmc-dpm.md section 16). Semantics are the contract's. */
export function diagnosticsOperation(place: HmcPlace): Required<Pick<AdviceOperations, 'getDiagnostics'>> {
  return {
    getDiagnostics: (ctx, reference) =>
      explaining(place, { what: `reading what partition ${reference} uses`, subject: 'cpc' }, () =>
        getDiagnostics(ctx, place, reference),
      ),
  };
}

async function getDiagnostics(ctx: CallContext, place: HmcPlace, reference: string): Promise<Diagnostics> {
  const client = place.client(ctx);
  const item = await findPartition(ctx, place, reference, true);
  const uri = item['object-uri'];
  const partition = (await client.listsFacts(ctx.signal)) ? item : await client.partition(uri, ctx.signal);
  const state = observe(partition.status, ctx.clock.now());
  const rows = await usageRows(ctx, place);
  const nics = await getMany(client, nicsIn(rows, uri), NicSchema, ctx.signal);
  return {
    name: partition.name,
    id: idOf(uri),
    state,
    ...diagnosticsOf(
      uri,
      partition,
      rows,
      nics.filter((nic) => nic !== undefined),
    ),
  };
}

/** An HMC that does not measure, or not for this user, still tells the size. */
async function usageRows(ctx: CallContext, place: HmcPlace): Promise<readonly MetricRow[]> {
  try {
    return await readMetrics(place.client(ctx), USAGE_GROUPS, ctx.signal);
  } catch (error) {
    if (!(error instanceof HmcError && (error.is(400) || error.is(403, 1) || error.isNotThere))) throw error;
    ctx.log.info('the HMC gives no metrics', { hmc: place.hmc, err: error });
    return [];
  }
}
