export { Gateway } from './gateway.js';
export { GuardRails } from './guard-rails.js';
export type { OpenHost } from './host-route.js';
export { OperationRunner } from './operation-runner.js';
export { Operations } from './operations.js';
export type { OpenPowerType } from './power-route.js';
export { Reads } from './reads.js';
export { Router } from './router.js';
export { serviceMethods } from './service-methods.js';
