export type {
  Catalogue,
  CliParts,
  ConsoleOptions,
  OpenConsole,
  Output,
  RunningSimulator,
  SimulatorOptions,
} from './cli-parts.js';
export { EXIT } from './exit-codes.js';
export { runCli } from './program.js';
