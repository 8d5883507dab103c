import type { Target } from '../../../compute/contract/index.js';
import { logicalPartition, operateLogicalPartition } from '../client/hmc-classic.js';
import type { HmcClient } from '../client/hmc-client.js';
import type { Partition } from '../client/hmc-schemas.js';
import { classicRules } from '../mapping/classic-rules.js';
import { DPM_RULES, type ModeRules } from '../mapping/mode-rules.js';
import type { ClassicStep, PartitionView, StepName } from '../mapping/next-action.js';
import { isLogicalPartition, lparUri, partitionUri, type ClassicSettings, type HmcPlace } from './hmc-place.js';

/** How one kind of partition is looked at and moved. */
export interface Mode {
  readonly rules: ModeRules;
  uri(id: string): string;
  look(client: HmcClient, uri: string, signal?: AbortSignal): Promise<Partition & PartitionView>;
  /**
   * Sends a step, without an eye on a signal.
   *
   * @returns the job's URI; undefined when the HMC accepted it without a job
   */
  send(client: HmcClient, uri: string, step: Sent, timeoutMs: number): Promise<string | undefined>;
  /** How long after its arrival at the HMC a step may still not show in the status. */
  readonly showsWithinMs: number;
}

interface Sent {
  readonly step: StepName;
  readonly isForced?: true;
}

/** How the partition or LPAR of a target is moved. */
export function modeOf(place: HmcPlace, target: Target): Mode {
  return isLogicalPartition(target) ? classicMode(place.classic(target.name)) : DPM;
}

const DPM: Mode = {
  rules: DPM_RULES,
  uri: partitionUri,
  look: (client, uri, signal) => client.partition(uri, signal),
  send(client, uri, { step }, timeoutMs) {
    if (isClassic(step)) throw new TypeError(`a partition in DPM mode has no ${step}`);
    return client.operate(uri, step, timeoutMs);
  },
  // It is starting or stopping as soon as the HMC has accepted it.
  showsWithinMs: 0,
};

/** Until its end, an LPAR that is activated or loaded looks as before. */
const CLASSIC_STEP_MS = 5 * 60_000;

function classicMode(settings: ClassicSettings): Mode {
  return {
    rules: classicRules(settings),
    uri: lparUri,
    look: logicalPartition,
    send(client, uri, { step, isForced }, timeoutMs) {
      if (!isClassic(step)) throw new TypeError(`an LPAR in classic mode has no ${step}`);
      return operateLogicalPartition(client, uri, step, parametersOf(step, settings, isForced), timeoutMs);
    },
    showsWithinMs: CLASSIC_STEP_MS,
  };
}

function isClassic(step: StepName): step is ClassicStep {
  return step === 'activate' || step === 'deactivate' || step === 'load';
}

function parametersOf(step: ClassicStep, settings: ClassicSettings, isForced: true | undefined) {
  const { activation_profile: profile, load_address: address, load_parameter: parameter } = settings;
  switch (step) {
    case 'activate':
      return profile === undefined ? {} : { 'activation-profile-name': profile };
    case 'deactivate':
      return isForced === undefined ? {} : { force: true };
    case 'load':
      return {
        ...(address === undefined ? {} : { 'load-address': address }),
        ...(parameter === undefined ? {} : { 'load-parameter': parameter }),
      };
  }
}
