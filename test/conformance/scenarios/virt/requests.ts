import { METHODS, METHOD_NAMES, type MethodName } from '../../../../src/compute/contract/index.js';
import type { VirtSubject } from '../../subject.js';
import { description } from './spawning.js';

/** A request that is whole and right, and uses no feature beside that of its operation. */
type RequestOf = (subject: VirtSubject, instance: string) => object;

const ofInstance: RequestOf = ({ host }, instance) => ({ host, instance });
const including =
  (more: (subject: VirtSubject) => object): RequestOf =>
  (subject, instance) => ({ ...ofInstance(subject, instance), ...more(subject) });
const toDestination = including(({ destination }) => ({ destination }));

/** Whatever is not here takes a host and an instance. */
const REQUESTS: Readonly<Partial<Record<MethodName, RequestOf>>> = {
  'host.get_info': ({ host }) => ({ host }),
  'host.set_maintenance': ({ host }) => ({ host, enabled: true }),
  'host.set_enabled': ({ host }) => ({ host, enabled: false }),
  'compute.live_migrate': toDestination,
  'compute.evacuate': toDestination,
  'compute.spawn': (subject) => description(subject),
  'compute.rebuild': including(({ values }) => ({ image: { source: values.image.source } })),
  'compute.resize': including(({ values }) => ({ flavor: values.largerFlavor })),
  'compute.snapshot': including((subject) => ({ name: subject.freshName() })),
  'compute.attach_volume': including(({ values }) => ({ volume: values.volume() })),
  'compute.detach_volume': including(({ values }) => ({ volume: values.volume().id })),
  'compute.swap_volume': including(({ values }) => ({ volume: values.volume().id, new_volume: values.volume() })),
  'compute.extend_volume': including(({ values }) => ({ volume: values.volume().id, size_gib: 20 })),
  'compute.attach_interface': including(({ values }) => ({ network: { name: values.network } })),
  'compute.detach_interface': including(() => ({ interface: 'eth0' })),
  'image.import': (subject) => ({
    host: subject.host,
    image: subject.freshName(),
    from: { source: subject.values.image.source },
  }),
  'compute.set_admin_password': including(() => ({ password: 'canary' })),
};

export function requestOf(method: MethodName, subject: VirtSubject, instance: string): object {
  return (REQUESTS[method] ?? ofInstance)(subject, instance);
}

/** The method of virt drivers by which an operation is asked for. */
export function virtMethodOf(operation: string): MethodName | undefined {
  if (operation === 'liveMigrationAbort') return 'compute.live_migration_abort';
  return METHOD_NAMES.find((name) => {
    const definition = METHODS[name];
    return !name.startsWith('power.') && 'operation' in definition && definition.operation === operation;
  });
}
