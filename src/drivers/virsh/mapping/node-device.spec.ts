import { describe, expect, test } from '@jest/globals';
import { recordedXml } from '../../../../test/support/libvirt-xml.js';
import { isMediatedName, isOfType, mediatedType, nodeDeviceName } from './node-device.js';

const mdev = '62177883-f1bb-47f0-914d-32a22e3a8804';

describe('a node device', () => {
  test('is found by the name that libvirt makes for it', () => {
    expect(nodeDeviceName({ type: 'pci', address: '0000:0a:1f.7' })).toBe('pci_0000_0a_1f_7');
    const unit = { type: 'scsi', adapter: 'scsi_host2', bus: 0, target: 1, unit: 1_074_282_512 } as const;
    expect(nodeDeviceName(unit)).toBe('scsi_2_0_1_1074282512');
  });

  test.each([
    ['mdev_62177883_f1bb_47f0_914d_32a22e3a8804', true],
    ['mdev_62177883_f1bb_47f0_914d_32a22e3a8804_matrix', true],
    ['mdev_62177883_f1bb_47f0_914d_32a22e3a8805_matrix', false],
    ['pci_0000_00_00_0', false],
  ])('that is mediated has its UUID in it, whatever the version: %s', (name, is) => {
    expect(isMediatedName(name, { mdev })).toBe(is);
    expect(isMediatedName(name, { mdev: mdev.toUpperCase() })).toBe(is);
  });

  test('that is mediated is of one type alone', async () => {
    const type = mediatedType(await recordedXml('node-device-mdev'));
    expect(type).toBe('vfio_ap-passthrough');
    expect(isOfType('vfio_ap-passthrough', { type: 'vfio-ap' })).toBe(true);
    expect(isOfType('vfio_ap-passthrough', { type: 'vfio-ccw' })).toBe(false);
    expect(isOfType('vfio_ccw-io', { type: 'vfio-ccw' })).toBe(true);
  });
});
