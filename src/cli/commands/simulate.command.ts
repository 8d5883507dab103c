import { InvalidArgumentError, Option, type Command } from 'commander';
import { aborted } from '../../common/aborted.js';
import { ComputeError, messageOf } from '../../common/errors/index.js';
import type { CliParts, RunningSimulator, SimulatedHmcOptions } from '../cli-parts.js';
import { globalOptionsOf } from '../global-options.js';
import { examplesText } from '../method-commands.js';
import { factsOf, renderTable, widthOf } from '../table.js';

const HMC_PORT = 6794;

interface SimulateOptions {
  readonly inventory: string;
  readonly port: number;
  readonly listen: string;
  readonly certificateOut?: string;
}

/** `simulate`: backends to rehearse on, each on a real socket. */
export function addSimulateCommand(program: Command, parts: CliParts): void {
  const group = program.command('simulate').description('Run a simulated backend until SIGINT or SIGTERM.');
  const command = group
    .command('hmc')
    .description('Simulate an HMC with the CPCs and partitions of an inventory file.')
    .addOption(new Option('--inventory <file>', 'YAML file with users, CPCs and partitions').makeOptionMandatory())
    .addOption(new Option('--port <number>', 'port to bind; 0 takes a free one').default(HMC_PORT).argParser(port))
    .addOption(new Option('--listen <address>', 'address to bind').default('127.0.0.1'))
    .addOption(new Option('--certificate-out <file>', 'write the certificate there, for clients to trust'))
    .addHelpText('after', examplesText(['zenova simulate hmc --inventory simulators/hmc/two-cpcs.yaml --port 6794']))
    .action(async () => {
      const options = command.opts<SimulateOptions>();
      const hmc = await start(
        {
          inventoryFile: options.inventory,
          host: options.listen,
          port: options.port,
          ...(options.certificateOut === undefined ? {} : { certificateFile: options.certificateOut }),
        },
        parts,
      );
      const { url, fingerprint256 } = hmc;
      const facts = { url, fingerprint_sha256: fingerprint256, certificate: options.certificateOut ?? null };
      const isJson = globalOptionsOf(command).json === true;
      parts.stdout.write(isJson ? `${JSON.stringify(facts)}\n` : renderTable(factsOf(facts), widthOf(parts.stdout)));
      await aborted(parts.interrupted);
      await hmc.stop();
    });
}

async function start(options: SimulatedHmcOptions, parts: CliParts): Promise<RunningSimulator> {
  try {
    return await parts.simulateHmc(options);
  } catch (error) {
    throw new ComputeError('CONFIG_INVALID', `the simulator does not start: ${messageOf(error)}`, { cause: error });
  }
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError('Write a port, 0 to 65535.');
}
