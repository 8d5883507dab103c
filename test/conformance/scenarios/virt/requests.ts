import { METHODS, METHOD_NAMES, type MethodName } from '../../../../src/compute/contract/index.js';
import type { VirtSubject } from '../../subject.js';

/** A request that is whole and right, and uses no feature beside that of its operation. */
export type Request = Readonly<Record<string, unknown>>;

type RequestOf = (subject: VirtSubject, instance: string) => Request;

const ofInstance: RequestOf = ({ host }, instance) => ({ host, instance });
const toDestination: RequestOf = ({ host, destination }, instance) => ({ host, instance, destination });

/** By the driver's operation. Whatever is not here takes a host and an instance. */
const REQUESTS: Readonly<Record<string, RequestOf>> = {
  getHostInfo: ({ host }) => ({ host }),
  setMaintenance: ({ host }) => ({ host, enabled: true }),
  liveMigrate: toDestination,
  evacuate: toDestination,
};

export function requestFor(operation: string, subject: VirtSubject, instance: string): Request {
  return (REQUESTS[operation] ?? ofInstance)(subject, instance);
}

/** The method of virt drivers by which an operation is asked for; undefined while the contract has none. */
export function virtMethodOf(operation: string): MethodName | undefined {
  if (operation === 'liveMigrationAbort') return 'compute.live_migration_abort';
  return METHOD_NAMES.find((name) => !name.startsWith('power.') && operationOf(name) === operation);
}

export function operationOf(method: MethodName): string | undefined {
  const definition = METHODS[method];
  return 'operation' in definition ? definition.operation : undefined;
}
