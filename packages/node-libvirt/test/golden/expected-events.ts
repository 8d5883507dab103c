import * as libvirt from '../../src/index.js';
import { guest, heard, type Heard } from './expected.js';

/** Held by eye against what Python heard. */
export const events: readonly Heard[] = [
  heard(libvirt.agentLifecycleEvent, { callbackId: 6, domain: guest(1), state: 2, reason: 1 }),
  heard(libvirt.deviceAddedEvent, { callbackId: 2, domain: guest(1), alias: 'ua-tablet' }),
  heard(libvirt.deviceRemovedEvent, { callbackId: 3, domain: guest(1), alias: 'ua-tablet' }),
  heard(libvirt.jobCompletedEvent, {
    callbackId: 5,
    domain: guest(1),
    parameters: [
      { field: 'operation', type: 'int', value: 9 },
      { field: 'time_elapsed', type: 'ullong', value: 628n },
      { field: 'disk_temp_used', type: 'ullong', value: 0n },
      { field: 'disk_temp_total', type: 'ullong', value: 2097152n },
      { field: 'success', type: 'boolean', value: true },
      { field: 'errmsg', type: 'string', value: 'Operation canceled' },
    ],
  }),
  heard(libvirt.lifecycleEvent, { callbackId: 0, domain: guest(-1), event: 0, detail: 0 }),
  heard(libvirt.migrationIterationEvent, { callbackId: 7, domain: guest(1), iteration: 1 }),
  heard(libvirt.rebootEvent, { callbackId: 1, domain: guest(1) }),
];
