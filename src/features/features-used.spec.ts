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

  it('are one of the consoles', () => {
    expect(featuresUsed('getConsole', { type: 'vnc' })).toEqual(['console.vnc']);
  });
});
