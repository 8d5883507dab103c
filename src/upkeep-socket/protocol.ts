import { join } from 'node:path';
import { z } from 'zod';
import { FINAL_STATES, OPEN_STATES } from '../journal/journal.port.js';

/**
 * HTTP on a unix socket beside the journal, for the command line of the same user: only that user, and root, can connect,
 * and both could read the file and its key anyway. It exists because the service has the file for itself.
 */
export function socketPathOf(stateDir: string): string {
  return join(stateDir, 'journal.sock');
}

/** Linux takes no longer name for a socket. */
export const MAX_SOCKET_PATH_BYTES = 107;

export const PruneQuerySchema = z.object({ older_than_ms: z.coerce.number().int().positive() });

export const PrunableSchema = z.object({ count: z.number() });
export const PrunedSchema = z.object({ operations: z.number(), isComplete: z.boolean() });

const WorkerStatusSchema = z.object({
  id: z.string(),
  server: z.string(),
  hosts: z.array(z.string()),
  joinedAt: z.number(),
  leaseUntil: z.number(),
  isAlive: z.boolean(),
});

export const StatusSchema = z.object({
  applied: z.array(z.string()),
  bytes: z.number(),
  content: z
    .object({
      operations: z.record(z.enum([...OPEN_STATES, ...FINAL_STATES]), z.number()),
      oldestOutcomeAt: z.number().nullable(),
      workers: z.array(WorkerStatusSchema),
    })
    .nullable(),
});
