import type { AnyPowerType, AnyVirtDriver } from '../compute/contract/index.js';
import { fakeDriver } from './fake/index.js';
import { hmcDpmDriver, hmczPower } from './hmc-dpm/index.js';
import { manualPower } from './power/manual.power.js';
import { webhookPower } from './power/webhook/webhook.power.js';
import { virshDriver, virshPower } from './virsh/index.js';

/** Every virt driver there is. */
export const VIRT_DRIVERS: readonly AnyVirtDriver[] = [hmcDpmDriver, virshDriver, fakeDriver];

/** Every power type there is. */
export const POWER_TYPES: readonly AnyPowerType[] = [hmczPower, virshPower, webhookPower, manualPower];
