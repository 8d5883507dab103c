import { z } from 'zod';
import type { HmcClient } from './hmc-client.js';
import { HmcError } from './hmc-error.js';
import { parseMetrics, type MetricRow } from './metrics-text.js';

const METRICS_TYPE = 'application/vnd.ibm-z-zmanager-metrics';
/** How often the HMC is told that it will be asked; the shortest that it takes. */
const ANTICIPATED_S = 15;

const ContextSchema = z.object({
  'metrics-context-uri': z
    .string()
    .regex(/^\/api\/services\/metrics\/context\/[A-Za-z0-9_~-]{1,255}$/, 'is not a URI of a context'),
  'metric-group-infos': z.array(
    z.object({ 'group-name': z.string(), 'metric-infos': z.array(z.object({ 'metric-name': z.string() })) }),
  ),
});

/**
 * What the HMC measured last, of every object that the user may see (hmc-dpm.md section 16). The context that this takes is
 * deleted whatever happens; one whose answer was lost ends with the session.
 *
 * @throws HmcError, or the signal's reason
 */
export async function readMetrics(
  client: HmcClient,
  groups: readonly string[],
  signal: AbortSignal,
): Promise<readonly MetricRow[]> {
  signal.throwIfAborted();
  // Not bound to the signal: what is made has to be known, to be deleted.
  const wanted = { 'anticipated-frequency-seconds': ANTICIPATED_S, 'metric-groups': [...groups] };
  const context = await client.ask('/api/services/metrics/context', wanted, ContextSchema);
  const path = context['metrics-context-uri'];
  try {
    const { body } = await client.request({ method: 'GET', path, accept: METRICS_TYPE, signal });
    const columns = context['metric-group-infos'].map(
      (group) => [group['group-name'], group['metric-infos'].map((metric) => metric['metric-name'])] as const,
    );
    const rows =
      body.kind === 'text' ? parseMetrics(body.text, new Map(columns)) : body.kind === 'empty' ? [] : undefined;
    if (rows === undefined) throw new HmcError({ kind: 'unreadable', changes: false, text: 'these are no metrics' });
    return rows;
  } finally {
    await client.request({ method: 'DELETE', path, isUrgent: true }).catch(() => undefined);
  }
}
