import { z } from 'zod';
import { TimeSchema } from '../fields.js';

export const CONSOLE_TYPES = ['serial', 'vnc', 'spice', 'rdp'] as const;
export type ConsoleType = (typeof CONSOLE_TYPES)[number];

/** How a console is reached: an address, or a host and a port. */
export const ConsoleSchema = z.object({
  type: z.enum(CONSOLE_TYPES),
  url: z.string().nullable().describe('where a client of the type connects to; whoever knows it may use the console'),
  host: z.string().nullable(),
  port: z.int().nullable(),
  tls_port: z.int().nullable(),
  password: z.string().nullable().describe('what the console asks for'),
  expires_at: TimeSchema.nullable().describe('when it can no longer be connected to'),
});
