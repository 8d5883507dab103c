export { HMC_PORT, HmcSimulator, type HmcSimulatorOptions } from './hmc-simulator.js';
export type { PartitionView, SimulatorControl } from './control-endpoint.js';
export { hmcInventoryJsonSchema, type HmcInventoryInput } from './inventory.schema.js';
export type { BootRecord, IsoImage } from './boot-record.js';
export type { HmcFault, HmcFaultInput } from './fault.schema.js';
export type { PartitionStatus } from './statuses.js';
export { InventoryError } from '../kit/inventory-loader.js';
export { SystemClock, VirtualClock, type Clock } from '../kit/clock.js';
