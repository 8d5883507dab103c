import { describe, expect, it } from '@jest/globals';
import { deviceRefusal } from './device-refusals.js';

describe('what libvirt has against a device', () => {
  it.each([
    [
      "internal error: unable to execute QEMU command 'blockdev-add': Duplicate nodes with node-name='libvirt-1-storage'",
    ],
    ["internal error: unable to execute QEMU command 'device_add': Duplicate device ID 'ua-volume-data'"],
    ['device_add: PCI: slot 0 function 0 not available for virtio-blk-pci, in use by virtio-blk-pci,id=ua-volume-data'],
  ])('is that QEMU holds what libvirt has forgotten: %s', (text) => {
    expect(deviceRefusal(text)).toMatchObject({ code: 'STATE_CONFLICT', outcome: 'unknown' });
  });

  it.each([
    ["Could not open '/dev/nothing': No such file or directory", 'RESOURCE_NOT_FOUND'],
    ['Volume is not in LUKS format', 'REQUEST_INVALID'],
    ['internal error: No more available PCI slots', 'CAPACITY_EXHAUSTED'],
  ])('is a fault of the request: %s', (text, code) => {
    expect(deviceRefusal(text)).toMatchObject({ code });
    expect(deviceRefusal(text)?.outcome).toBeUndefined();
  });

  it('is nothing that is known', () => {
    expect(deviceRefusal('something else')).toBeUndefined();
  });
});
