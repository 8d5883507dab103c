import { METHODS, METHOD_NAMES, type MethodName } from '../../../../src/compute/contract/index.js';
import type { VirtSubject } from '../../subject.js';
import { description } from './spawning.js';

/** A request that is whole and right, and uses no feature beside that of its operation. */
type RequestOf = (subject: VirtSubject, instance: string) => object;

const ofInstance: RequestOf = ({ host }, instance) => ({ host, instance });
const toDestination: RequestOf = ({ host, destination }, instance) => ({ host, instance, destination });
const including =
  (more: (subject: VirtSubject) => object): RequestOf =>
  (subject, instance) => ({ ...ofInstance(subject, instance), ...more(subject) });

/** By the driver's operation. Whatever is not here takes a host and an instance. */
const REQUESTS: Readonly<Record<string, RequestOf>> = {
  getHostInfo: ({ host }) => ({ host }),
  setMaintenance: ({ host }) => ({ host, enabled: true }),
  setEnabled: ({ host }) => ({ host, enabled: false }),
  liveMigrate: toDestination,
  evacuate: toDestination,
  spawn: (subject) => description(subject),
  rebuild: including(({ values }) => ({ image: { source: values.image.source } })),
  resize: including(({ values }) => ({ flavor: values.largerFlavor })),
  snapshot: including((subject) => ({ name: subject.freshName() })),
  attachVolume: including(({ values }) => ({ volume: values.volume() })),
  detachVolume: including(({ values }) => ({ volume: values.volume().id })),
  swapVolume: including(({ values }) => ({ volume: values.volume().id, new_volume: values.volume() })),
  extendVolume: including(({ values }) => ({ volume: values.volume().id, size_gib: 20 })),
  attachInterface: including(({ values }) => ({ network: { name: values.network } })),
  detachInterface: including(() => ({ interface: 'eth0' })),
  importImage: (subject) => ({
    host: subject.host,
    image: subject.freshName(),
    from: { source: subject.values.image.source },
  }),
  setAdminPassword: including(() => ({ password: 'canary' })),
};

export function requestFor(operation: string, subject: VirtSubject, instance: string): object {
  return (REQUESTS[operation] ?? ofInstance)(subject, instance);
}

/** The method of virt drivers by which an operation is asked for. */
export function virtMethodOf(operation: string): MethodName | undefined {
  if (operation === 'liveMigrationAbort') return 'compute.live_migration_abort';
  return METHOD_NAMES.find((name) => {
    const definition = METHODS[name];
    return !name.startsWith('power.') && 'operation' in definition && definition.operation === operation;
  });
}
