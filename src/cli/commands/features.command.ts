import type { Command } from 'commander';
import type { CliParts } from '../cli-parts.js';
import { globalOptionsOf } from '../global-options.js';
import { invoke } from '../invoke.js';
import { addMethodGroup, examplesText, printResult } from '../method-commands.js';

/** `features`: the RPC methods; by itself the matrix. */
export function addFeaturesCommand(program: Command, parts: CliParts): void {
  const group = addMethodGroup(program, 'features', parts);
  group
    .addHelpText('after', examplesText(['zenova features', 'zenova features driver hmc-dpm', 'zenova features --json']))
    .action(async () => {
      const globals = globalOptionsOf(group);
      printResult('features.matrix', await invoke('features.matrix', {}, globals, parts), globals.json === true, parts);
    });
}
