import { writeFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { describeSchema } from '../../common/json-schema.js';
import { METHODS, METHOD_NAMES } from '../../compute/contract/index.js';
import { CallerRules, NOWHERE, isAboutPlaces, type Place } from '../../compute/dispatch/caller-rules.js';
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
import { renderTable, widthOf } from '../table.js';

export function configOption(): Option {
  return new Option('--config <file>', 'configuration file (default: $ZENOVA_CONFIG, else /etc/zenova/zenova.yaml)');
}

/** @throws ComputeError CONFIG_INVALID */
export async function configOf({ config: file }: { config?: string }, parts: CliParts): Promise<Config> {
  const { environment } = parts;
  const { drivers, powerTypes } = await parts.catalogue();
  return loadConfig(findConfig({ file, environment }), {
    environment,
    driverSettings: new Map(drivers.map(({ name, settings }) => [name, settings])),
    ruleWords: { methods: METHOD_NAMES, powerTypes: powerTypes.map(({ name }) => name) },
  });
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

  addRules(group, parts);

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

function addRules(group: Command, parts: CliParts): void {
  const command = group
    .command('rules')
    .description('Print what the caller rules let somebody do.')
    .argument('<caller>', 'RabbitMQ user, or whatever stands as requested_by')
    .addOption(configOption())
    .addHelpText('after', examplesText(['zenova config rules web-team', 'zenova config rules anonymous --json']))
    .action(async (caller: string) => {
      const config = await configOf(command.opts(), parts);
      const { powerTypes } = await parts.catalogue();
      const rules = new CallerRules(config.rules ?? undefined);
      const may = METHOD_NAMES.map((method) => {
        const at = (place: Partial<Place>): boolean =>
          rules.refusal(caller, method, { ...NOWHERE, ...place }) === undefined;
        const fields = Object.keys(describeSchema(METHODS[method].params).properties ?? {});
        const isOfPlaces = isAboutPlaces(method);
        return {
          method,
          hosts: isOfPlaces || fields.includes('host') ? [...config.hosts.keys()].filter((host) => at({ host })) : null,
          power_types:
            isOfPlaces || fields.includes('power_type')
              ? powerTypes.map(({ name }) => name).filter((powerType) => at({ powerType }))
              : null,
          allowed: at({}),
        };
      });
      const isJson = globalOptionsOf(command).json === true;
      const rows = may.map(({ method, hosts, power_types: types, allowed }) => [
        method,
        hosts === null && types === null ? (allowed ? 'yes' : 'no') : null,
        namesText(hosts),
        namesText(types),
      ]);
      const view = { kind: 'list', head: ['method', 'allowed', 'on hosts', 'by power types'], rows } as const;
      parts.stdout.write(
        isJson ? `${JSON.stringify({ caller, methods: may }, null, 2)}\n` : renderTable(view, widthOf(parts.stdout)),
      );
    });
}

/** Null: the method names none. */
function namesText(names: readonly string[] | null): string | null {
  return names === null ? null : names.join(' ') || 'none';
}

async function driverSettings({ catalogue }: CliParts): Promise<DriverSettings> {
  const { drivers } = await catalogue();
  return new Map(drivers.map(({ name, settings }) => [name, settings]));
}
