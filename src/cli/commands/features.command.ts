import type { Command } from 'commander';
import type { CliParts } from '../cli-parts.js';
import { addMethodGroup, examplesText } from '../method-commands.js';

/** `features`: the RPC methods; by itself the matrix. */
export function addFeaturesCommand(program: Command, parts: CliParts): void {
  addMethodGroup(program, 'features', parts, { byItself: 'features.matrix' }).addHelpText(
    'after',
    `\nWithout a command: matrix, with all its options.\n${examplesText([
      'zenova features',
      'zenova features --having operation.live-migrate --having console.serial.log --proven',
      'zenova features driver hmc-dpm',
      'zenova features driver hmc-dpm --host cpc1',
      'zenova features --json',
    ])}`,
  );
}
