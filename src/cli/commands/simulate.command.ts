import { InvalidArgumentError, Option, type Command } from 'commander';
import { aborted } from '../../common/aborted.js';
import { ComputeError, messageOf } from '../../common/errors/index.js';
import type { CliParts, RunningSimulator, SimulatorOptions } from '../cli-parts.js';
import { globalOptionsOf } from '../global-options.js';
import { examplesText } from '../method-commands.js';
import { factsOf, renderTable, widthOf } from '../table.js';

/** A backend that can be simulated. */
interface Simulated {
  readonly name: string;
  readonly description: string;
  readonly inventory: string;
  readonly port: number;
  readonly example: string;
  /** Port of notifications, when it has one. */
  readonly stompPort?: string;
  start(parts: CliParts, options: SimulatorOptions): Promise<RunningSimulator>;
}

const SIMULATED: readonly Simulated[] = [
  {
    name: 'hmc',
    description: 'Simulate an HMC with the CPCs and partitions of an inventory file.',
    inventory: 'YAML file with users, CPCs and partitions',
    port: 6794,
    stompPort: 'port of notifications over STOMP (default: that of the inventory, 61612, or a free one with --port 0)',
    example: 'zenova simulate hmc --inventory simulators/hmc/two-cpcs.yaml --port 6794',
    start: (parts, options) => parts.simulateHmc(options),
  },
  {
    name: 'webhook',
    description: 'Simulate machines behind webhooks, those of an inventory file.',
    inventory: 'YAML file with machines and credentials',
    port: 8781,
    example: 'zenova simulate webhook --inventory simulators/webhook/rack.yaml',
    start: (parts, options) => parts.simulateWebhook(options),
  },
];

interface SimulateOptions {
  readonly inventory: string;
  readonly port: number;
  readonly listen: string;
  readonly certificateOut?: string;
  readonly stompPort?: number;
}

/** `simulate`: backends to rehearse on, each on a real socket. */
export function addSimulateCommand(program: Command, parts: CliParts): void {
  const group = program.command('simulate').description('Run a simulated backend until SIGINT or SIGTERM.');
  for (const simulated of SIMULATED) addSimulated(group, simulated, parts);
}

function addSimulated(group: Command, simulated: Simulated, parts: CliParts): void {
  const { name, description, inventory, port: defaultPort, example } = simulated;
  const command = group.command(name);
  if (simulated.stompPort !== undefined) {
    command.addOption(new Option('--stomp-port <number>', simulated.stompPort).argParser(port));
  }
  command
    .description(description)
    .addOption(new Option('--inventory <file>', inventory).makeOptionMandatory())
    .addOption(new Option('--port <number>', 'port to bind; 0 takes a free one').default(defaultPort).argParser(port))
    .addOption(new Option('--listen <address>', 'address to bind').default('127.0.0.1'))
    .addOption(new Option('--certificate-out <file>', 'write the certificate there, for clients to trust'))
    .addHelpText('after', examplesText([example]))
    .action(async () => {
      const options = command.opts<SimulateOptions>();
      const running = await start(simulated, parts, {
        inventoryFile: options.inventory,
        host: options.listen,
        port: options.port,
        ...(options.certificateOut === undefined ? {} : { certificateFile: options.certificateOut }),
        ...(options.stompPort === undefined ? {} : { stompPort: options.stompPort }),
      });
      const facts = { ...factsAbout(running), certificate: options.certificateOut ?? null };
      const isJson = globalOptionsOf(command).json === true;
      parts.stdout.write(isJson ? `${JSON.stringify(facts)}\n` : renderTable(factsOf(facts), widthOf(parts.stdout)));
      await aborted(parts.interrupted);
      await running.stop();
    });
}

/** Where it is to be reached, and the other way to the same machines. */
function factsAbout({ url, fingerprint256, stompPort, peer }: RunningSimulator) {
  return {
    url,
    fingerprint_sha256: fingerprint256,
    ...(stompPort === undefined ? {} : { stomp_port: stompPort }),
    ...(peer === undefined || peer === null
      ? {}
      : { redundant_url: peer.url, redundant_stomp_port: peer.stompPort ?? null }),
  };
}

async function start(simulated: Simulated, parts: CliParts, options: SimulatorOptions): Promise<RunningSimulator> {
  try {
    return await simulated.start(parts, options);
  } catch (error) {
    throw new ComputeError('CONFIG_INVALID', `the simulator does not start: ${messageOf(error)}`, { cause: error });
  }
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError('Write a port, 0 to 65535.');
}
