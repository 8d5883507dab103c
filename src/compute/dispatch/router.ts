import { ComputeError } from '../../common/errors/index.js';
import type { OperationRecord, Worker } from '../../journal/journal.port.js';
import { METHODS, type MethodName, type MethodNameOfKind } from '../contract/index.js';
import type { ChildrenPorts } from './children.js';
import { hostChangeRoute, hostReadRoute, type OpenHost } from './host-route.js';
import { evacuationOf, maintenanceOf } from './host-work.js';
import { parentRoute } from './parent-route.js';
import { powerChangeRoute, powerReadRoute, type OpenPowerType } from './power-route.js';
import { relocationRoute } from './relocation-route.js';
import type { ChangeRoute, ReadRoute } from './route.js';

/** The fields that say where a request goes; which of them are there, the method's schema has checked. */
export interface Destination {
  readonly host?: string | undefined;
  readonly instance?: string | undefined;
  readonly machine?: string | undefined;
  readonly power_type?: string | undefined;
  readonly power_parameters?: unknown;
  readonly destination?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** Finds the driver for a request. Causes no traffic. */
export class Router {
  readonly hosts: ReadonlyMap<string, OpenHost>;
  readonly powerTypes: ReadonlyMap<string, OpenPowerType>;
  /** The workers of this journal, to name the service that has a host. */
  otherWorkers: readonly Worker[] = [];

  /** What parent operations need. */
  readonly #children: ChildrenPorts;

  constructor(
    hosts: ReadonlyMap<string, OpenHost>,
    powerTypes: ReadonlyMap<string, OpenPowerType>,
    children: ChildrenPorts,
  ) {
    this.hosts = hosts;
    this.powerTypes = powerTypes;
    this.#children = children;
  }

  change(method: MethodNameOfKind<'change'>, to: Destination): ChangeRoute {
    const { operation } = METHODS[method];
    if (to.host !== undefined) return this.#hostChange(this.host(to.host), method, operation, to);
    return powerChangeRoute(this.#powerType(to), method, operation, to.power_parameters, [...this.hosts.values()]);
  }

  read(method: MethodNameOfKind<'read'>, to: Destination): ReadRoute {
    const { operation } = METHODS[method];
    if (to.host !== undefined) return hostReadRoute(this.host(to.host), method, operation, to.instance);
    return powerReadRoute(this.#powerType(to), method, to.power_parameters);
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

  #hostChange(open: OpenHost, method: MethodName, operation: string, to: Destination): ChangeRoute {
    const { instance, enabled: isEnabled = false, destination: name } = to;
    const destination = name === undefined ? undefined : this.host(name);
    if (operation === 'setMaintenance') {
      const request = { isEnabled, to: destination };
      return parentRoute(maintenanceOf(open, request, method, this.#children.journal), this.#children);
    }
    if (destination === undefined || (operation !== 'liveMigrate' && operation !== 'evacuate')) {
      return hostChangeRoute(open, method, operation, instance ?? '');
    }
    if (instance !== undefined) return relocationRoute(open, destination, method, operation, instance);
    return parentRoute(evacuationOf(open, destination, method), this.#children);
  }

  #powerType(to: Destination): OpenPowerType {
    if (to.machine !== undefined) {
      throw notFound(`no machine ${to.machine} is registered; give host and instance, or power_type`, 'machines', []);
    }
    const name = to.power_type ?? '';
    const type = this.powerTypes.get(name);
    if (type === undefined)
      throw notFound(`there is no power type ${name}`, 'power_types', [...this.powerTypes.keys()]);
    return type;
  }
}

/** The hosts that an operation's route needs, as far as it can be read. */
export function hostsOf(record: OperationRecord): readonly string[] {
  return [record.host, destinationOf(record)].filter((name) => typeof name === 'string');
}

function destinationOf(record: OperationRecord): string | undefined {
  try {
    return (record.params as Destination).destination;
  } catch {
    // Whoever takes it up says so, and leaves it until it can be read.
    return undefined;
  }
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
