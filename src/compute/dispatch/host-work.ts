import type { Journal } from '../../journal/journal.port.js';
import type { InstancePowerState } from '../state/power-state.js';
import type { MethodName } from '../contract/index.js';
import { unsupported, type OpenHost } from './host-route.js';
import type { ParentWork } from './parent-route.js';
import { relocationOf } from './relocation-route.js';

/** The states in which an instance holds nothing that maintenance could take from it. */
const AT_REST: ReadonlySet<InstancePowerState> = new Set(['shutdown', 'suspended', 'crashed']);
const MANY = 1000;

/** `compute.evacuate` of a whole host. @throws ComputeError FEATURE_UNSUPPORTED, REQUEST_INVALID */
export function evacuationOf(open: OpenHost, to: OpenHost, method: MethodName): ParentWork {
  const { evacuate } = open.host.operations;
  if (evacuate === undefined) throw unsupported(open, method, 'evacuate');
  relocationOf(open, to, method, 'evacuate');
  return {
    open,
    hosts: [open.name, to.name],
    target: evacuate,
    concerns: () => true,
    child: ({ id, name }) => ({
      method: 'compute.evacuate',
      params: { host: open.name, instance: name, destination: to.name },
      part: id,
      name,
    }),
  };
}

/** `host.set_maintenance`. @throws ComputeError FEATURE_UNSUPPORTED, REQUEST_INVALID */
export function maintenanceOf(
  open: OpenHost,
  request: { readonly isEnabled: boolean; readonly to: OpenHost | undefined },
  method: MethodName,
  journal: Journal,
): ParentWork {
  const { setMaintenance } = open.host.operations;
  const { isEnabled, to } = request;
  if (setMaintenance === undefined) throw unsupported(open, method, 'setMaintenance');
  if (to !== undefined) relocationOf(open, to, method, 'liveMigrate');
  const common = { open, hosts: to === undefined ? [] : [to.name], target: setMaintenance };
  const child: ParentWork['child'] = ({ id, name }) => ({
    ...(to === undefined
      ? { method: 'compute.power_off', params: { host: open.name, instance: name } }
      : { method: 'compute.live_migrate', params: { host: open.name, instance: name, destination: to.name } }),
    part: id,
    name,
  });
  if (!isEnabled) {
    return {
      ...common,
      concerns: () => false,
      child,
      prepare: async (ctx, host) => {
        const wasSet = await setMaintenance.set(ctx, host, false);
        return (await journal.setMaintenance(open.name, false)) || wasSet;
      },
    };
  }
  return {
    ...common,
    concerns: ({ state }) => state.transition !== null || !AT_REST.has(state.powerState),
    child,
    // From here on nothing is begun on the host; what runs is waited for.
    prepare: async (ctx, host) => {
      const isNew = await journal.setMaintenance(open.name, true);
      return (await setMaintenance.set(ctx, host, true)) || isNew;
    },
    isDisturbed: async (parent) => {
      const running = [
        ...(await journal.list({ state: 'running', host: open.name, limit: MANY })),
        ...(await journal.list({ state: 'running', method: 'compute.live_migrate', limit: MANY })),
        ...(await journal.list({ state: 'running', method: 'compute.evacuate', limit: MANY })),
      ];
      return running.some(
        ({ id, parentId, host, params }) =>
          id !== parent && parentId !== parent && (host === open.name || params['destination'] === open.name),
      );
    },
  };
}
