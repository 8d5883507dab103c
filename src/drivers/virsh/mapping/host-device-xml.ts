import { element, type XmlElement } from '../../../connectors/xml/index.js';
import type { HostDevice } from './driver-options.js';

/** A device of the host that a guest has for itself. */
export function hostDeviceXml(device: Exclude<HostDevice, { type: 'zfcp' }>): XmlElement {
  switch (device.type) {
    case 'pci': {
      const [domain = '', bus = '', rest = ''] = device.address.split(':');
      const [slot = '', fn = ''] = rest.split('.');
      return element(
        'hostdev',
        { mode: 'subsystem', type: 'pci', managed: 'yes' },
        element(
          'source',
          {},
          element('address', { domain: `0x${domain}`, bus: `0x${bus}`, slot: `0x${slot}`, function: `0x${fn}` }),
        ),
      );
    }
    case 'vfio-ap':
    case 'vfio-ccw': {
      const [cssid, ssid, devno] = device.type === 'vfio-ccw' ? (device.device_number?.split('.') ?? []) : [];
      return element(
        'hostdev',
        { mode: 'subsystem', type: 'mdev', managed: 'no', model: device.type },
        element('source', {}, element('address', { uuid: device.mdev })),
        cssid !== undefined &&
          element('address', { type: 'ccw', cssid: `0x${cssid}`, ssid: `0x${ssid}`, devno: `0x${devno}` }),
      );
    }
    case 'scsi':
      return element(
        'hostdev',
        { mode: 'subsystem', type: 'scsi', managed: 'no' },
        element(
          'source',
          {},
          element('adapter', { name: device.adapter }),
          element('address', { bus: device.bus, target: device.target, unit: device.unit }),
        ),
      );
  }
}
