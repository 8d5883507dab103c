import { isoTime } from '../../common/clock.js';
import type { SeenState } from '../../journal/machine-store.port.js';
import type {
  HostInfo,
  InstanceInfo,
  InstanceSummary,
  InstanceInfoAnswer,
  InstanceState,
  InstanceSummaryAnswer,
  MachineState,
  MethodResult,
} from '../contract/index.js';
import { POWER_STATE_CODES, machinePowerState, type ObservedState } from '../state/power-state.js';

/** Pure functions from what drivers return to what callers see (DESIGN 4.1). */

export function instanceState(state: ObservedState): InstanceState {
  return {
    power_state: state.powerState,
    power_state_code: POWER_STATE_CODES[state.powerState],
    transition: state.transition,
    native_state: state.nativeState,
    ...(state.holdsResources === undefined ? {} : { holds_resources: state.holdsResources }),
    observed_at: isoTime(state.observedAt),
  };
}

export function machineState(state: ObservedState): MachineState {
  return {
    state: machinePowerState(state.powerState),
    transition: state.transition,
    native_state: state.nativeState,
    observed_at: isoTime(state.observedAt),
  };
}

/** The same of what the registry has written down. */
export function seenAnswer({ state, transition, nativeState, observedAt }: SeenState): MachineState {
  return { state, transition, native_state: nativeState, observed_at: isoTime(observedAt) };
}

export function instanceSummary(instance: InstanceSummary): InstanceSummaryAnswer {
  return { name: instance.name, id: instance.id, ...instanceState(instance.state) };
}

export function instanceInfo(info: InstanceInfo): InstanceInfoAnswer {
  return {
    ...instanceSummary(info),
    vcpus: info.vcpus,
    memory_mib: info.memoryMib,
    max_memory_mib: info.maxMemoryMib,
    cpu_time_ns: info.cpuTimeNs,
    native: info.native,
  };
}

export function hostInfo(host: string, driver: string, info: HostInfo): MethodResult<'host.get_info'> {
  return {
    host,
    driver,
    hypervisor: info.hypervisor,
    status: info.status,
    native_status: info.nativeStatus,
    instances: info.instances,
    running: info.running,
    vcpus: info.vcpus,
    memory_mib: info.memoryMib,
    native: info.native,
    observed_at: isoTime(info.observedAt),
  };
}
