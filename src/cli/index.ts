export type { Catalogue, CliParts, Output, RunningSimulator, SimulatedHmcOptions } from './cli-parts.js';
export { runCli } from './program.js';
