import { describe, expect, it } from '@jest/globals';
import { featuresUsed } from './features-used.js';

describe('the features that a request uses', () => {
  it('are that of its operation', () => {
    expect(featuresUsed('pause', {})).toEqual(['operation.pause']);
    expect(featuresUsed('unrescue', {})).toEqual(['operation.rescue']);
    expect(featuresUsed('powerOn', {})).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ['nothing more', {}, []],
    ['a flag', { config_drive: true }, ['guest.setup.configdrive']],
    ['a flag that is not set', { config_drive: false }, []],
    ['one of several values', { firmware: 'uefi' }, ['operation.uefi-boot']],
    ['another value', { firmware: 'bios' }, []],
    ['an empty list', { files: [], volumes: [] }, []],
    ['an object', { tpm: { version: '2.0' } }, ['operation.boot-emulated-tpm']],
    ['a field of an object', { flavor: { memory_backing: 'file' } }, ['operation.file-backed-memory']],
    ['a field of an object that is not there', { flavor: null }, []],
    ['a network without a VLAN', { networks: [{ name: 'a' }] }, ['networking.topology.flat']],
    ['a network with one', { networks: [{ name: 'a', vlan: 7 }] }, ['networking.topology.vlan']],
    [
      'one of each',
      { networks: [{ name: 'a', vlan: 7 }, { name: 'b' }] },
      ['networking.topology.flat', 'networking.topology.vlan'],
    ],
    [
      'a volume with everything',
      { volumes: [{ tag: 'x', connection: { type: 'iscsi', auth: { user: 'u' } } }] },
      [
        'storage.block',
        'storage.block.backend.iscsi',
        'storage.block.backend.iscsi.auth.chap',
        'operation.device-tags',
      ],
    ],
  ])('are those of its fields: %s', (_, fields, expected) => {
    expect(featuresUsed('spawn', fields).filter((id) => id !== 'operation.launch')).toEqual(expected);
    expect(featuresUsed('spawn', fields)).toContain('operation.launch');
  });

  it.each<[string, string, object, string[]]>([
    [
      'a volume that takes the place of another one',
      'swapVolume',
      {
        new_volume: {
          tag: 'x',
          multiattach: true,
          encryption: {},
          limits: {},
          connection: { type: 'iscsi', auth: { user: 'u' } },
        },
      },
      [
        'operation.swap-volume',
        'guest.disk.rate-limit',
        'storage.block',
        'storage.block.backend.iscsi',
        'storage.block.backend.iscsi.auth.chap',
        'operation.attach-tagged-volume',
        'operation.multiattach-volume',
        'operation.encrypted-volume',
      ],
    ],
    ['a snapshot', 'snapshot', { name: 'a' }, ['operation.snapshot']],
    ['one that holds the guest', 'snapshot', { name: 'a', quiesce: true }, ['operation.snapshot', 'operation.quiesce']],
    ['holding the guest', 'quiesce', {}, ['operation.quiesce']],
    ['a size', 'resize', { flavor: { memory_backing: 'file' } }, ['operation.resize', 'operation.file-backed-memory']],
    [
      'an interface',
      'attachInterface',
      { network: { name: 'a', vlan: 7, addresses: [{ address: 'a' }], resource_request: { egress_kbps: 1 } } },
      [
        'operation.attach-interface',
        'guest.setup.inject.networking',
        'networking.topology.vlan',
        'operation.port-with-resource-request',
      ],
    ],
    ...(['rebuild', 'rescue'] as const).map((operation): [string, string, object, string[]] => [
      'an image',
      operation,
      { image: { source: 'a', trusted_certificates: ['c'], cache: true } },
      [`operation.${operation}`, 'storage.image', 'operation.trusted-certs', 'operation.cache-images'],
    ]),
    [
      'an image that is brought',
      'importImage',
      { from: { source: 'a', trusted_certificates: ['c'], cache: true } },
      ['operation.trusted-certs', 'operation.cache-images'],
    ],
  ])('are those of %s, whatever the operation (%s)', (_what, operation, fields, expected) => {
    expect(featuresUsed(operation, fields)).toEqual(expected);
  });

  it('are one of the consoles', () => {
    expect(featuresUsed('getConsole', { type: 'vnc' })).toEqual(['console.vnc']);
  });
});
