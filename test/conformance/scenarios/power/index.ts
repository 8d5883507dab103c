import type { PowerFeatureId } from '../../../../src/features/index.js';
import type { FeatureScenario } from '../../scenario.js';
import type { PowerSubject } from '../../subject.js';
import { errorReportingScenarios } from './error-reporting.js';
import { bootDeviceScenarios } from './boot-device.js';
import { chassisScenarios } from './chassis.js';
import { cycleScenarios, queryScenarios, resetScenarios, softOffScenarios, switchScenarios } from './switching.js';

/** What is asked of every power type that offers a feature. */
export const POWER_SCENARIOS: Readonly<Partial<Record<PowerFeatureId, readonly FeatureScenario<PowerSubject>[]>>> = {
  'power.on': switchScenarios('power.on', 'on'),
  'power.off': switchScenarios('power.off', 'off'),
  'power.soft-off': softOffScenarios,
  'power.cycle': cycleScenarios,
  'power.reset': resetScenarios,
  'power.query': queryScenarios,
  'power.pxe-next-boot': bootDeviceScenarios,
  'power.chassis': chassisScenarios,
  'power.error-reporting': errorReportingScenarios,
};
