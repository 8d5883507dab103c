import type { Command } from 'commander';
import type { CliParts } from '../cli-parts.js';
import { addMethodGroup } from '../method-commands.js';
import { queryMany } from '../query-many.js';

/** `power`: the RPC methods; `query-many` goes through all pages. */
export function addPowerCommand(program: Command, parts: CliParts): void {
  addMethodGroup(program, 'power', parts, { runs: { 'power.query_many': queryMany } });
}
