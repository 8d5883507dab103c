import { DomainEventID } from '../generated/constants.js';
import { int, struct } from '../xdr/codec.js';
import { domainEvent } from './call.js';
import { domain, text, typedParameters } from './common.js';

const MAX_JOB_PARAMETERS = 4096;

const callbackId = int;

/** Of an event, one of `DomainEventType`, and a detail whose meaning depends on it. */
export const lifecycleEvent = domainEvent(
  'domain_event_callback_lifecycle',
  DomainEventID.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
  struct({ callbackId, domain, event: int, detail: int }),
);
export const rebootEvent = domainEvent(
  'domain_event_callback_reboot',
  DomainEventID.VIR_DOMAIN_EVENT_ID_REBOOT,
  struct({ callbackId, domain }),
);
/** A guest has let go of a device, some time after it was asked to. */
export const deviceRemovedEvent = domainEvent(
  'domain_event_callback_device_removed',
  DomainEventID.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
  struct({ callbackId, domain, alias: text }),
);
export const deviceRemovalFailedEvent = domainEvent(
  'domain_event_callback_device_removal_failed',
  DomainEventID.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED,
  struct({ callbackId, domain, alias: text }),
);
export const deviceAddedEvent = domainEvent(
  'domain_event_callback_device_added',
  DomainEventID.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
  struct({ callbackId, domain, alias: text }),
);
export const jobCompletedEvent = domainEvent(
  'domain_event_callback_job_completed',
  DomainEventID.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED,
  struct({ callbackId, domain, parameters: typedParameters(MAX_JOB_PARAMETERS) }),
);
export const migrationIterationEvent = domainEvent(
  'domain_event_callback_migration_iteration',
  DomainEventID.VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION,
  struct({ callbackId, domain, iteration: int }),
);
export const agentLifecycleEvent = domainEvent(
  'domain_event_callback_agent_lifecycle',
  DomainEventID.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
  struct({ callbackId, domain, state: int, reason: int }),
);
