import { ComputeError } from '../../common/errors/index.js';
import type { OperationRecord, Worker } from '../../journal/journal.port.js';
import type { InstanceStore } from '../../journal/instance-store.port.js';
import type { MachineRecord, MachineStore } from '../../journal/machine-store.port.js';
import { METHODS, type MethodName, type MethodNameOfKind, type MethodParams } from '../contract/index.js';
import type { ObservedState } from '../state/power-state.js';
import type { ChildrenPorts } from './children.js';
import type { ControllerLimits } from './controller-limits.js';
import type { Destination } from './destination.js';
import { enablingRoute } from './enabling-route.js';
import { hostReadRoute } from './host-read.js';
import { hostChangeRoute, type OpenHost } from './host-route.js';
import { evacuationOf, maintenanceOf } from './host-work.js';
import { imageRoute } from './image-route.js';
import type { FirstTold } from './made-with.js';
import type { MachineNotes } from './machine-notes.js';
import { registerRoute, removeRoute, updateRoute, type MachineRoutePorts } from './machine-route.js';
import { adoptRoute, destroyRoute, releaseRoute } from './ownership-route.js';
import { parentRoute } from './parent-route.js';
import { readableParam } from './places.js';
import {
  openMachine,
  powerChangeRoute,
  powerReadRoute,
  probeRoute,
  type OpenMachine,
  type OpenPowerType,
} from './power-route.js';
import { rebuildRoute } from './rebuild-route.js';
import { findMachine, registeredChangeRoute, registeredReadRoute } from './registered-machine.js';
import { relocationRoute } from './relocation-route.js';
import type { ChangeRoute, ReadRoute } from './route.js';
import { spawnRoute } from './spawn-route.js';

/** What the router needs besides the hosts and power types. */
export interface RouterPorts {
  /** For parent operations. */
  readonly children: ChildrenPorts;
  readonly machines: MachineStore;
  readonly notes: MachineNotes;
  readonly instances: InstanceStore;
  readonly told: FirstTold;
  readonly limits: ControllerLimits;
}

/** Finds the driver for a request. Causes no traffic to any device. */
export class Router {
  readonly hosts: ReadonlyMap<string, OpenHost>;
  readonly powerTypes: ReadonlyMap<string, OpenPowerType>;
  /** The workers of this journal, to name the service that has a host. */
  otherWorkers: readonly Worker[] = [];

  readonly #ports: RouterPorts;
  readonly #machineRoutes: MachineRoutePorts;

  constructor(
    hosts: ReadonlyMap<string, OpenHost>,
    powerTypes: ReadonlyMap<string, OpenPowerType>,
    ports: RouterPorts,
  ) {
    this.hosts = hosts;
    this.powerTypes = powerTypes;
    this.#ports = ports;
    const { machines: store, limits } = ports;
    const open: MachineRoutePorts['open'] = (type, parameters) => openMachine(this.#powerType(type), parameters);
    this.#machineRoutes = { store, limits, open };
  }

  /**
   * @param requestedBy who is noted for what it makes
   * @param known the machine that it names, when it has been looked up already
   */
  async change(
    method: MethodNameOfKind<'change'>,
    to: Destination,
    requestedBy: string,
    known?: MachineRecord,
  ): Promise<ChangeRoute> {
    const { operation } = METHODS[method];
    if (to.host !== undefined) return this.#hostChange(this.host(to.host), method, to, requestedBy);
    switch (method) {
      case 'machine.register':
        return registerRoute(this.#machineRoutes, to as MethodParams<'machine.register'>, requestedBy);
      case 'machine.update':
        return updateRoute(this.#machineRoutes, to as MethodParams<'machine.update'>);
      case 'machine.remove':
        return removeRoute(this.#machineRoutes, to as MethodParams<'machine.remove'>);
      default:
        return this.#powerChange(method, operation, to, known);
    }
  }

  /** @param known as in {@link change} */
  async read(method: MethodNameOfKind<'read'>, to: Destination, known?: MachineRecord): Promise<ReadRoute> {
    const { operation } = METHODS[method];
    if (to.host !== undefined) return hostReadRoute(this.host(to.host), method, operation, to);
    if (method === 'power.probe') {
      return probeRoute(this.#powerType(to.power_type ?? ''), method, to as MethodParams<typeof method>);
    }
    if (to.machine === undefined) return powerReadRoute(this.#givenMachine(to), method);
    const { machines, notes } = this.#ports;
    const record = known ?? (await findMachine(machines, to.machine));
    const machine = this.#registeredMachine(record);
    const note = (state: ObservedState) => void notes.seen(record, state);
    // What cannot be asked has told nothing.
    const route = powerReadRoute(machine, method, machine.type.queryable ? note : undefined);
    return registeredReadRoute(record, to, route);
  }

  /** @throws ComputeError RESOURCE_NOT_FOUND, naming the hosts there are */
  host(name: string): OpenHost {
    const host = this.hosts.get(name);
    if (host !== undefined) return host;
    const server = this.otherWorkers.find(({ hosts }) => hosts.includes(name))?.server;
    if (server === undefined) throw notFound(`this service has no host ${name}`, 'hosts', [...this.hosts.keys()]);
    throw new ComputeError('RESOURCE_NOT_FOUND', `this service has no host ${name}; ${server} has it`, {
      details: { server },
    });
  }

  #hostChange(open: OpenHost, method: MethodNameOfKind<'change'>, to: Destination, requestedBy: string): ChangeRoute {
    const { children, instances } = this.#ports;
    const { operation } = METHODS[method];
    const destination = to.destination === undefined ? undefined : this.host(to.destination);
    switch (method) {
      case 'host.set_maintenance': {
        const request = { isEnabled: to.enabled === true, to: destination };
        return parentRoute(maintenanceOf(open, request, method, children.journal), children);
      }
      case 'host.set_enabled':
        return enablingRoute(open, method, to as MethodParams<typeof method>, instances);
      case 'compute.spawn':
        return spawnRoute(open, method, to as MethodParams<typeof method>, requestedBy, this.#ports);
      case 'compute.rebuild':
        return rebuildRoute(open, method, to as MethodParams<typeof method>, {
          ...this.#ports,
          journal: children.journal,
        });
      case 'compute.destroy':
        return destroyRoute(open, method, to, instances);
      case 'compute.adopt':
        return adoptRoute(open, method, to, requestedBy, instances);
      case 'compute.release':
        return releaseRoute(open, method, to, instances);
      case 'image.import':
      case 'image.export':
      case 'image.remove':
        return imageRoute(open, method, operation, to as MethodParams<'image.remove'>);
      case 'compute.live_migrate':
      case 'compute.evacuate':
        if (destination === undefined) break;
        if (to.instance === undefined) return parentRoute(evacuationOf(open, destination, method), children);
        return relocationRoute(
          open,
          destination,
          method,
          method === 'compute.evacuate' ? 'evacuate' : 'liveMigrate',
          to.instance,
          instances,
        );
      default:
    }
    return hostChangeRoute(open, method, operation, to, children.journal);
  }

  async #powerChange(
    method: MethodName,
    operation: string,
    to: Destination,
    known?: MachineRecord,
  ): Promise<ChangeRoute> {
    const { machines, notes } = this.#ports;
    const bind = (machine: OpenMachine) => powerChangeRoute(machine, method, operation, to, [...this.hosts.values()]);
    if (to.machine === undefined) return bind(this.#givenMachine(to));
    const record = known ?? (await findMachine(machines, to.machine));
    return registeredChangeRoute(record, machines, notes, (current) => bind(this.#registeredMachine(current)));
  }

  #givenMachine({ power_type: type = '', power_parameters: parameters }: Destination): OpenMachine {
    return openMachine(this.#powerType(type), parameters);
  }

  #registeredMachine({ powerType, parameters, name }: MachineRecord): OpenMachine {
    return openMachine(this.#powerType(powerType), parameters, name);
  }

  #powerType(name: string): OpenPowerType {
    const type = this.powerTypes.get(name);
    if (type !== undefined) return type;
    throw notFound(`there is no power type ${name}`, 'power_types', [...this.powerTypes.keys()]);
  }
}

/** The hosts that an operation's route needs, as far as it can be read. */
export function hostsOf(record: OperationRecord): readonly string[] {
  return [record.host, readableParam(record, 'destination')].filter((name) => name !== null);
}

export function isMethodOfKind<K extends 'read' | 'change' | 'service' | 'control'>(
  method: MethodName,
  kind: K,
): method is MethodNameOfKind<K> {
  return METHODS[method].kind === kind;
}

const MAX_NAMES = 20;

function notFound(message: string, kind: string, known: string[]): ComputeError {
  const names = known.slice(0, MAX_NAMES);
  return new ComputeError('RESOURCE_NOT_FOUND', `${message}${names.length > 0 ? `; it has ${names.join(', ')}` : ''}`, {
    details: { [kind]: names },
  });
}
