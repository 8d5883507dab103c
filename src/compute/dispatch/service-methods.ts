import type { MethodNameOfKind, MethodParams, MethodResult } from '../contract/index.js';
import { availability, type AvailabilityOptions } from './availability.js';
import { catalogueAnswer, driverAnswer, matrixAnswer, powerTypesAnswer, type MatrixParts } from './feature-answers.js';
import type { Journal } from '../../journal/journal.port.js';
import type { InstanceStore } from '../../journal/instance-store.port.js';
import type { MachineRecord, MachineStore } from '../../journal/machine-store.port.js';
import type { Consoles } from './consoles.js';
import type { MachineIdentity } from './places.js';
import { machinePage, machineView } from './machine-views.js';
import type { MigrationControls } from './migration-controls.js';
import type { OperationAccess } from './operation-lookup.js';
import type { Operations } from './operations.js';
import { findMachine } from './registered-machine.js';
import type { Router } from './router.js';

/** What a caller may see, and act on. */
export interface Access extends OperationAccess {
  /** @param machine its type is null where it is not known */
  seesMachine(machine: MachineIdentity): boolean;
  /** True where nothing is left out, since there are no caller rules. */
  readonly seesEverything: boolean;
  /** The registered machine that the request names, when the rules had it looked up already. */
  readonly machine: MachineRecord | undefined;
}

/** What the service answers by itself: every `service` and `control` method, checked for completeness at compile time. */
export type ServiceMethods = {
  readonly [M in MethodNameOfKind<'service' | 'control'>]: (
    params: MethodParams<M>,
    access: Access,
  ) => MethodResult<M> | Promise<MethodResult<M>>;
};

export interface ServiceMethodParts {
  /** Name of this service, by which it is addressed. */
  readonly server: string;
  readonly matrix: MatrixParts;
  /** For a look at what a host has now. */
  readonly looking: AvailabilityOptions;
  readonly router: Router;
  readonly operations: Operations;
  readonly migrations: MigrationControls;
  readonly journal: Journal;
  readonly machines: MachineStore;
  readonly instances: InstanceStore;
  readonly consoles: Consoles;
}

export function serviceMethods(parts: ServiceMethodParts): ServiceMethods {
  const { server, matrix, looking, router, operations, migrations, journal, machines, instances, consoles } = parts;
  return {
    'features.catalogue': () => catalogueAnswer(),
    'features.matrix': (query) => matrixAnswer(matrix, query),
    'features.driver': async ({ driver, kind, host }) => {
      const answer = driverAnswer(matrix, { driver, kind });
      return host === undefined
        ? answer
        : { ...answer, available: await availability(router.host(host), driver, looking) };
    },
    'power.types': () => powerTypesAnswer(matrix.powerTypes),
    'host.list': async () => {
      const [inMaintenance, disabled] = await Promise.all([journal.hostsInMaintenance(), instances.disabledHosts()]);
      return {
        hosts: [...router.hosts.values()].map(({ name, driver, manage, protect }) => ({
          name,
          driver: driver.name,
          server,
          manage: [...manage],
          protect: [...protect],
          maintenance: inMaintenance.includes(name),
          enabled: !disabled.includes(name),
        })),
      };
    },
    'host.retry': async ({ host }) => ({ host, rearmed: await router.host(host).host.rearm() }),
    'compute.live_migration_force_complete': (instance) => migrations.forceComplete(instance),
    'compute.live_migration_abort': (instance) => migrations.abort(instance),
    'compute.get_console': (request) => consoles.open(request),
    'machine.get': async ({ machine }, { machine: known }) =>
      machineView(known ?? (await findMachine(machines, machine))),
    'machine.list': (filter, access) => machinePage(machines, filter, (machine) => access.seesMachine(machine)),
    'operation.get': (reference, access) => operations.get(reference, access),
    'operation.list': (filter, access) => operations.list(filter, access),
    'operation.cancel': (reference, access) => operations.cancel(reference, access),
  };
}
