import { isoTime } from '../../common/clock.js';
import type { SeenState } from '../../journal/machine-store.port.js';
import type {
  ConsoleAccess,
  ConsoleLog,
  Diagnostics,
  FoundMachine,
  HostInfo,
  InstanceInfo,
  InstanceSummary,
  InstanceInfoAnswer,
  InstanceState,
  InstanceSummaryAnswer,
  MachineState,
  MethodResult,
  Requirement,
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

export function foundMachine(found: FoundMachine): MethodResult<'power.probe'>['machines'][number] {
  return {
    name: found.name,
    power_parameters: found.parameters,
    mac_addresses: [...found.macs],
    architecture: found.architecture,
    ...machineState(found.state),
    native: { ...found.native },
  };
}

/** The same of what the registry has written down. */
export function seenAnswer({ state, transition, nativeState, observedAt }: SeenState): MachineState {
  return { state, transition, native_state: nativeState, observed_at: isoTime(observedAt) };
}

export function instanceSummary(instance: InstanceSummary): InstanceSummaryAnswer {
  return { name: instance.name, id: instance.id, ...instanceState(instance.state) };
}

/** @param wantsDevices whether they are to be told, if only that they cannot be */
export function instanceInfo(info: InstanceInfo, wantsDevices: boolean): InstanceInfoAnswer {
  return {
    ...instanceSummary(info),
    vcpus: info.vcpus,
    memory_mib: info.memoryMib,
    max_memory_mib: info.maxMemoryMib,
    cpu_time_ns: info.cpuTimeNs,
    ...(wantsDevices ? devicesOf(info) : {}),
    native: info.native,
  };
}

function devicesOf({ devices }: InstanceInfo): Pick<InstanceInfoAnswer, 'interfaces' | 'volumes'> {
  if (devices === undefined) return { interfaces: null, volumes: null };
  return {
    interfaces: devices.interfaces.map(({ name, mac, network, networkAliases, vlan }) => ({
      name,
      mac,
      network,
      network_aliases: [...networkAliases],
      vlan,
    })),
    volumes: devices.volumes.map(({ id, aliases, isRoot, sizeGib }) => ({
      id,
      aliases: [...aliases],
      root: isRoot,
      size_gib: sizeGib,
    })),
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
    uptime_s: info.uptimeS ?? null,
    cpu_traits: info.cpuTraits === undefined ? null : [...info.cpuTraits],
    native: info.native,
    observed_at: isoTime(info.observedAt),
  };
}

export function diagnostics(found: Diagnostics): MethodResult<'compute.get_diagnostics'> {
  return {
    ...instanceSummary(found),
    uptime_s: found.uptimeS,
    memory_used_mib: found.memoryUsedMib,
    memory_mib: found.memoryMib,
    cpus: found.cpus.map(({ id, timeNs, utilisationPercent }) => ({
      id,
      time_ns: timeNs,
      utilisation_percent: utilisationPercent,
    })),
    disks: found.disks.map((disk) => ({
      device: disk.device,
      read_bytes: disk.readBytes,
      read_requests: disk.readRequests,
      write_bytes: disk.writeBytes,
      write_requests: disk.writeRequests,
      errors: disk.errors,
    })),
    nics: found.nics.map((nic) => ({
      device: nic.device,
      mac: nic.mac,
      rx_bytes: nic.rxBytes,
      rx_packets: nic.rxPackets,
      rx_errors: nic.rxErrors,
      rx_drops: nic.rxDrops,
      tx_bytes: nic.txBytes,
      tx_packets: nic.txPackets,
      tx_errors: nic.txErrors,
      tx_drops: nic.txDrops,
    })),
    native: found.native,
  };
}

export function consoleLog({ log, isCut }: ConsoleLog): MethodResult<'compute.get_console_log'> {
  return { log, cut: isCut };
}

export function consoleAccess(access: ConsoleAccess): MethodResult<'compute.get_console'> {
  return {
    type: access.type,
    url: access.url,
    host: access.host,
    port: access.port,
    tls_port: access.tlsPort,
    password: access.password,
    expires_at: access.expiresAt === null ? null : isoTime(access.expiresAt),
  };
}

/** What cannot be told is not met; advice counts for nothing. */
export function preflightAnswer(host: string, found: readonly Requirement[]): MethodResult<'host.preflight'> {
  const isMet = ({ status }: Requirement): boolean => status === 'met' || status === 'information';
  return { host, ok: found.every(isMet), requirements: found.map((requirement) => ({ ...requirement })) };
}
