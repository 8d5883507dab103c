export { WEBHOOK_PORT, WebhookSimulator, type WebhookSimulatorOptions } from './webhook-simulator.js';
export { webhookInventoryJsonSchema, type WebhookInventoryInput } from './inventory.schema.js';
export type { WebhookFaultInput } from './fault.schema.js';
