import { Option, type Command } from 'commander';
import type { CliParts } from '../cli-parts.js';
import { globalOptionsOf } from '../global-options.js';
import { invoke } from '../invoke.js';
import { addMethodGroup, examplesText, printResult } from '../method-commands.js';

/** `features`: the matrix at once, or one driver's column with its notes. */
export function addFeaturesCommand(program: Command, parts: CliParts): void {
  const group = addMethodGroup(program, 'features', parts);
  group
    .addOption(new Option('--driver <name>', 'show one driver or power type, with its notes'))
    .addHelpText(
      'after',
      examplesText(['zenova features', 'zenova features --driver hmc-dpm', 'zenova features --json']),
    )
    .action(async () => {
      const globals = globalOptionsOf(group);
      const { driver } = group.opts<{ driver?: string }>();
      if (driver === undefined) {
        const matrix = await invoke('features.matrix', {}, globals, parts);
        printResult('features.matrix', matrix, globals.json === true, parts);
      } else {
        const column = await invoke('features.driver', { driver }, globals, parts);
        printResult('features.driver', column, globals.json === true, parts);
      }
    });
}
