import { z } from 'zod';
import { WebhookFaultSchema } from './fault.schema.js';

const durationMs = z
  .int()
  .min(0)
  .max(24 * 3_600_000);

export const STATES = ['stopped', 'starting', 'running', 'stopping'] as const;
export type MachineState = (typeof STATES)[number];

const MachineSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'may hold letters, digits, dot, _ and -, at most 64'),
  status: z.enum(['stopped', 'running']).default('stopped'),
  start_ms: durationMs.default(500).describe('Time spent in starting'),
  stop_ms: durationMs.default(500).describe('Time spent in stopping'),
});
export type MachineEntry = z.output<typeof MachineSchema>;

const ServerSchema = z.strictObject({
  tls: z.boolean().default(false).describe('HTTPS with a certificate made at start, instead of plain HTTP'),
  slash: z
    .enum(['optional', 'required', 'refused'])
    .default('optional')
    .describe('Whether paths end in a slash; a path of the other kind is not found'),
  token: z.string().min(1).optional().describe('Bearer token that is asked for'),
  user: z.string().min(1).optional().describe('With password: Basic credentials that are asked for'),
  password: z.string().min(1).optional(),
  keep_alive_ms: z.int().min(1).default(20_000).describe('Idle connections are closed after this time'),
});

/** The file a user edits. */
export const WebhookInventorySchema = z
  .strictObject({
    server: ServerSchema.prefault({}),
    machines: z.array(MachineSchema).min(1),
    faults: z.array(WebhookFaultSchema).default([]),
  })
  .superRefine(({ machines, server }, context) => {
    const seen = new Set<string>();
    machines.forEach(({ name }, index) => {
      const path = ['machines', index, 'name'];
      if (seen.has(name)) context.addIssue({ code: 'custom', path, message: `the name "${name}" is taken already` });
      seen.add(name);
    });
    if ((server.user === undefined) !== (server.password === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['server'],
        message: 'has one of user and password: give both, or none',
      });
    }
  });

export type WebhookInventory = z.output<typeof WebhookInventorySchema>;
/** As written by a user: defaults may be left out. */
export type WebhookInventoryInput = z.input<typeof WebhookInventorySchema>;

/** The JSON schema that editors use; kept in `simulators/webhook/inventory.schema.json`. */
export function webhookInventoryJsonSchema(): Record<string, unknown> {
  return {
    title: 'Inventory of the Zenova webhook simulator',
    ...z.toJSONSchema(WebhookInventorySchema, { io: 'input', unrepresentable: 'any' }),
  };
}
