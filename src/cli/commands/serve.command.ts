import type { Command } from 'commander';
import { aborted } from '../../common/aborted.js';
import type { CliParts } from '../cli-parts.js';
import { examplesText } from '../method-commands.js';
import { configOf, configOption } from './config.command.js';

/** `serve`: the service itself, until SIGINT or SIGTERM. */
export function addServeCommand(program: Command, parts: CliParts): void {
  const command = program
    .command('serve')
    .description('Run the service until SIGINT or SIGTERM; without a configuration file it simulates a small estate.')
    .addOption(configOption())
    .addHelpText('after', examplesText(['zenova serve', 'zenova serve --config /etc/zenova/zenova.yaml']))
    .action(async () => {
      const { interrupted } = parts;
      const config = await configOf(command.opts(), parts);
      try {
        const service = await parts.serve(config, interrupted);
        await aborted(interrupted);
        await service.stop();
      } catch (error) {
        // Stopped while it waited for its journal, which is as good an end as any.
        if (error !== interrupted.reason) throw error;
      }
    });
}
