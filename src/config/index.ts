export type { AmqpConfig, AmqpTlsConfig, Config, HostConfig, HttpConfig, JournalConfig } from './config.js';
export { CONFIG_EXAMPLE, RULES_EXAMPLE, configReference } from './config-reference.js';
export { findConfig, parseSource, type ConfigSource, type FindOptions } from './config-source.js';
export { effectiveConfig, showConfig, summariseConfig } from './describe-config.js';
export { processEnvironment, type Environment } from './environment.js';
export { inOurWords, loadConfig, type DriverSettings, type LoadOptions, type RuleWords } from './load-config.js';
export { Mistakes, type Mistake } from './mistakes.js';
export { SecretReferences } from './secret-references.js';
export { SIMULATED_HMC_INVENTORY, withSimulatedEstate, type SimulatedHmc } from './simulated-estate.js';
