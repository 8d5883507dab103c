import { z } from 'zod';
import type { HmcClient } from './hmc-client.js';

/** The consoles of a partition's operating system (hmc-dpm.md section 15). Each call throws HmcError, or the signal's reason. */

const OsMessageSchema = z.object({
  'message-text': z.string(),
  /** Grows by one with each message, and may wrap. */
  'sequence-number': z.int().nullish(),
  'is-held': z.boolean().nullish(),
  'is-priority': z.boolean().nullish(),
  /** What the operating system wants to be answered. */
  'prompt-text': z.string().nullish(),
  /** As the operating system gave it; empty where it gave none. */
  timestamp: z.union([z.string(), z.number()]).nullish(),
});
/** A message of an operating system to whoever operates it. */
export type OsMessage = z.infer<typeof OsMessageSchema>;
const OsMessagesSchema = z.object({ 'os-messages': z.array(OsMessageSchema) });

const WebsocketSchema = z.object({
  // A path that nothing leads away from the HMC.
  'websocket-uri': z.string().regex(/^\/api\/websock\/[A-Za-z0-9_.~/-]{1,500}$/, 'is not a path of a websocket'),
});

/** List OS Messages: those that the HMC has kept, the newest last. */
export async function listOsMessages(
  client: HmcClient,
  partitionUri: string,
  signal?: AbortSignal,
): Promise<OsMessage[]> {
  const path = `${partitionUri}/operations/list-os-messages`;
  return (await client.get(path, OsMessagesSchema, signal))['os-messages'];
}

/** Send OS Command, not bound to a signal: once it is out, its answer is wanted. The command is in no text of a failure. */
export async function sendOsCommand(
  client: HmcClient,
  partitionUri: string,
  command: string,
  timeoutMs: number,
): Promise<void> {
  await client.request({
    method: 'POST',
    path: `${partitionUri}/operations/send-os-cmd`,
    json: { 'is-priority': false, 'operating-system-command-text': command },
    secrets: [command],
    timeoutMs,
  });
}

/**
 * Get ASCII Console WebSocket URI: a path on this HMC, good for one connection. It changes nothing of the partition, and takes
 * the console from nobody.
 */
export async function asciiConsoleUri(client: HmcClient, partitionUri: string, signal?: AbortSignal): Promise<string> {
  const path = `${partitionUri}/operations/get-ascii-console-websocket-uri`;
  return (await client.ask(path, { 'force-takeover': false }, WebsocketSchema, signal))['websocket-uri'];
}
