export { RpcController } from './rpc.controller.js';
export { createTransport, type IntakeGate, type Transport } from './transport.js';
export { type QueueStatus, type TransportHealth, type TransportStatus } from './transport-health.js';
export { type TransportCounts } from './transport-counts.js';
export { transportSettings, type TransportOptions, type TransportSettings } from './transport-options.js';
