import { writeFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import {
  configReference,
  effectiveConfig,
  findConfig,
  loadConfig,
  showConfig,
  summariseConfig,
  type Config,
  type DriverSettings,
} from '../../config/index.js';
import type { CliParts } from '../cli-parts.js';
import { globalOptionsOf } from '../global-options.js';
import { examplesText } from '../method-commands.js';

export function configOption(): Option {
  return new Option('--config <file>', 'configuration file (default: $ZENOVA_CONFIG, else /etc/zenova/zenova.yaml)');
}

/** @throws ComputeError CONFIG_INVALID */
export async function configOf({ config: file }: { config?: string }, parts: CliParts): Promise<Config> {
  const { environment } = parts;
  return loadConfig(findConfig({ file, environment }), { environment, driverSettings: await driverSettings(parts) });
}

/** `config`: works with no broker and no service. */
export function addConfigCommand(program: Command, parts: CliParts): void {
  const group = program.command('config').description('Check and show the configuration; needs no service.');

  const check = group
    .command('check')
    .description('Name every mistake of the configuration at once; exit code 2 when there is one.')
    .addOption(configOption())
    .addHelpText('after', examplesText(['zenova config check --config zenova.yaml']))
    .action(async () => {
      const config = await configOf(check.opts(), parts);
      const { origin, server } = config;
      const hosts = [...config.hosts.keys()];
      const isJson = globalOptionsOf(check).json === true;
      parts.stdout.write(
        isJson ? `${JSON.stringify({ ok: true, origin, server, hosts })}\n` : `OK ${summariseConfig(config)}\n`,
      );
    });

  const show = group
    .command('show')
    .description('Print the configuration in effect, defaults and overrides included, secrets redacted.')
    .addOption(configOption())
    .action(async () => {
      const config = await configOf(show.opts(), parts);
      const isJson = globalOptionsOf(show).json === true;
      parts.stdout.write(
        isJson ? `${JSON.stringify(effectiveConfig(config), null, 2)}\n` : `# ${config.origin}\n${showConfig(config)}`,
      );
    });

  group
    .command('reference')
    .description('Print the reference of every setting, as Markdown.')
    .addOption(new Option('--output <file>', 'write it there instead'))
    .action(async ({ output }: { output?: string }) => {
      const text = configReference(await driverSettings(parts));
      if (output === undefined) parts.stdout.write(text);
      else writeFileSync(output, text);
    });
}

async function driverSettings({ catalogue }: CliParts): Promise<DriverSettings> {
  const { drivers } = await catalogue();
  return new Map(drivers.map(({ name, settings }) => [name, settings]));
}
