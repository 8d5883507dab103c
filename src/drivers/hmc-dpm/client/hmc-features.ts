import { z } from 'zod';
import { isAtLeast } from './hmc-call.js';
import type { HmcClient } from './hmc-client.js';
import { word } from './hmc-schemas.js';

const FeatureListSchema = z.object({
  'available-features-list': z.array(z.object({ name: word, state: z.boolean().nullish() })).nullish(),
});

/**
 * Names of the firmware features that a CPC has and that are switched on (hmc-dpm.md section 13); none before API 2.23,
 * which does not know them. Asked once in a session. Undefined when the HMC does not tell.
 *
 * @throws HmcError, or the signal's reason
 */
export async function firmwareFeatures(
  client: HmcClient,
  cpcUri: string,
  signal?: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  if (!isAtLeast(await client.session.apiVersion({ signal }), [2, 23])) return new Set();
  const names = ['available-features-list'];
  // Shared by all who ask in this session, so that no one's giving up takes it from the others.
  const { 'available-features-list': listed } = await client.session.remember(`features of ${cpcUri}`, () =>
    client.getSome(cpcUri, names, { 'cached-acceptable': 'true' }, FeatureListSchema),
  );
  signal?.throwIfAborted();
  if (listed === undefined || listed === null) return undefined;
  return new Set(listed.filter(({ state }) => state !== false).map(({ name }) => name));
}
