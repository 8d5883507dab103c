import { z } from 'zod';

/** Types of adapters, each with its family and the kind of ports that it has (hmc-dpm.md section 11). */
export const ADAPTER_TYPES = {
  osd: { family: 'osa', ports: 'network', count: 2 },
  osm: { family: 'osa', ports: 'network', count: 2 },
  hipersockets: { family: 'hipersockets', ports: 'network', count: 1 },
  roce: { family: 'roce', ports: 'network', count: 2 },
  cna: { family: 'cna', ports: 'network', count: 1 },
  osh: { family: 'network-express', ports: 'network', count: 2 },
  neth: { family: 'network-express', ports: 'network', count: 2 },
  fcp: { family: 'ficon', ports: 'storage', count: 1 },
  fc: { family: 'ficon', ports: 'storage', count: 1 },
  'not-configured': { family: 'ficon', ports: 'storage', count: 1 },
  nvme: { family: 'nvme', ports: 'none', count: 0 },
  crypto: { family: 'crypto', ports: 'none', count: 0 },
  zedc: { family: 'accelerator', ports: 'none', count: 0 },
} as const;
export type AdapterType = keyof typeof ADAPTER_TYPES;

export const ADAPTER_STATUSES = ['active', 'not-active', 'not-detected', 'exceptions', 'service'] as const;
export type AdapterStatus = (typeof ADAPTER_STATUSES)[number];

const objectName = z.string().min(1).max(64);

export const AdapterSchema = z.strictObject({
  name: objectName,
  adapter_id: z
    .string()
    .regex(/^[0-9a-f]{3}$/, 'must be three hexadecimal digits')
    .optional()
    .describe('PCHID; given out in turn when absent'),
  type: z.enum(Object.keys(ADAPTER_TYPES) as [AdapterType, ...AdapterType[]]),
  status: z.enum(ADAPTER_STATUSES).default('active'),
  ports: z.int().min(0).max(2).optional().describe('How many; what is usual for the type when absent'),
  virtual_switches: z
    .array(objectName)
    .optional()
    .describe('Names of the virtual switches of an OSA or HiperSockets adapter, port by port, before z17'),
  object_id: z.uuid().optional(),
  properties: z.record(z.string(), z.json()).default({}),
});
export type AdapterEntry = z.output<typeof AdapterSchema>;

/** A CPC of which nothing is said has these. */
export const DEFAULT_ADAPTERS: readonly AdapterEntry[] = (
  [
    ['OSD 0100 Z22B-01', '100', 'osd'],
    ['OSD 0104 Z22B-02', '104', 'osd'],
    ['IQD 07C0', '7c0', 'hipersockets'],
    ['FCP 0110 Z22B-03', '110', 'fcp'],
    ['FCP 0114 Z22B-04', '114', 'fcp'],
    ['CRYPTO 0118 Z22B-05', '118', 'crypto'],
  ] as const
).map(([name, adapterId, type]) => ({ name, adapter_id: adapterId, type, status: 'active', properties: {} }));
