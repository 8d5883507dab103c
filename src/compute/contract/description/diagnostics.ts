import { z } from 'zod';
import { InstanceStateSchema, NativeFactsSchema } from '../fields.js';

const amount = z.int().nullable();

/** What an instance has done since it was started, as far as its backend tells. */
export const DiagnosticsSchema = z.object({
  name: z.string(),
  id: z.string(),
  ...InstanceStateSchema.shape,
  uptime_s: amount,
  memory_used_mib: amount,
  memory_mib: amount,
  cpus: z.array(z.object({ id: z.int(), time_ns: amount, utilisation_percent: z.number().nullable() })),
  disks: z.array(
    z.object({
      device: z.string(),
      read_bytes: amount,
      read_requests: amount,
      write_bytes: amount,
      write_requests: amount,
      errors: amount,
    }),
  ),
  nics: z.array(
    z.object({
      device: z.string(),
      mac: z.string().nullable(),
      rx_bytes: amount,
      rx_packets: amount,
      rx_errors: amount,
      rx_drops: amount,
      tx_bytes: amount,
      tx_packets: amount,
      tx_errors: amount,
      tx_drops: amount,
    }),
  ),
  native: NativeFactsSchema,
});
