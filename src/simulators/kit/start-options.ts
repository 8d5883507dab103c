import type { z } from 'zod';
import type { Clock } from './clock.js';
import { checkInventory, loadInventoryFile } from './inventory-loader.js';

/** Exactly one of `inventory` and `inventoryFile`. */
export type InventorySource<Input> =
  { inventory: Input; inventoryFile?: never } | { inventoryFile: string; inventory?: never };

/** What every simulator is started with. */
export type StartOptions<Input> = InventorySource<Input> & {
  /** Address to listen on, default 127.0.0.1. */
  host?: string;
  /** Default: the simulator's own; 0 takes a free one. */
  port?: number;
  clock?: Clock;
  /** Where to write the certificate (not the key) for clients to trust. */
  certificateFile?: string;
};

/** Rejects with an InventoryError. */
export async function inventoryOf<S extends z.ZodType>(
  schema: S,
  { inventory, inventoryFile }: InventorySource<z.input<S>>,
): Promise<z.output<S>> {
  return inventoryFile === undefined ? checkInventory(schema, inventory) : loadInventoryFile(schema, inventoryFile);
}

/** A host as URLs have it. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
