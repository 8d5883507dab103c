export type { Catalogue, CliParts, Output, RunningSimulator, SimulatorOptions } from './cli-parts.js';
export { EXIT } from './exit-codes.js';
export { runCli } from './program.js';
