import type { VirtFeatureId } from '../../../../src/features/index.js';
import type { FeatureScenario } from '../../scenario.js';
import type { VirtSubject } from '../../subject.js';
import { guestInfoScenarios, hostInfoScenarios } from './inventory.js';
import { maintenanceScenarios } from './maintenance.js';
import { abortScenarios, evacuateScenarios, forceCompleteScenarios, liveMigrateScenarios } from './relocation.js';
import { rebootScenarios, stateChangeScenarios } from './state-changes.js';

/** What is asked of every virt driver that offers a feature. */
export const VIRT_SCENARIOS: Readonly<Partial<Record<VirtFeatureId, readonly FeatureScenario<VirtSubject>[]>>> = {
  'operation.get-guest-info': guestInfoScenarios,
  'operation.get-host-info': hostInfoScenarios,
  'operation.reboot': rebootScenarios,
  'operation.pause': stateChangeScenarios({
    method: 'compute.pause',
    from: 'running',
    to: 'paused',
    conflictsWith: 'shutdown',
  }),
  'operation.unpause': stateChangeScenarios({
    method: 'compute.unpause',
    from: 'paused',
    to: 'running',
    conflictsWith: 'shutdown',
  }),
  'operation.suspend': stateChangeScenarios({
    method: 'compute.suspend',
    from: 'running',
    to: 'suspended',
    conflictsWith: 'shutdown',
  }),
  'operation.resume': stateChangeScenarios({
    method: 'compute.resume',
    from: 'suspended',
    to: 'running',
    conflictsWith: 'shutdown',
  }),
  'operation.live-migrate': liveMigrateScenarios,
  'operation.force-live-migration-to-complete': forceCompleteScenarios,
  'operation.abort-in-progress-live-migration': abortScenarios,
  'operation.evacuate': evacuateScenarios,
  'operation.maintenance-mode': maintenanceScenarios,
};
