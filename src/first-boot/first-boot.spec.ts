import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { SEED_LABEL, firstBootOf, seedContent, seedMedium, type FirstBoot, type GuestNic } from './index.js';

function firstBoot(more: Partial<FirstBoot> = {}): FirstBoot {
  return { instanceId: '0199-aa', name: 'web1', nics: [], ...more };
}
const seed = (more: Partial<FirstBoot> = {}) => seedContent(firstBoot(more));
const metaData = (more: Partial<FirstBoot>): unknown => parse(seed(more)['meta-data'], { version: '1.1' });
const network = (...nics: GuestNic[]): unknown => parse(seed({ nics })['network-config'], { version: '1.1' });

describe('a first start', () => {
  it('is made of the description of an instance', () => {
    const described = {
      name: 'web1',
      flavor: { vcpus: 1, memory_mib: 1024 },
      user_data: '#!/bin/sh\n',
      ssh_keys: ['ssh-ed25519 AAAA me'],
      admin_password: 'secret',
      files: [{ path: '/a', content: '' }],
      metadata: { role: 'web' },
      disk_config: 'manual' as const,
    };
    const nics = [{ mac: '02:00:00:00:00:01' }];
    expect(firstBootOf(described, { instanceId: 'i', nics, isKvmHost: true })).toEqual({
      name: 'web1',
      instanceId: 'i',
      nics,
      isKvmHost: true,
      userData: '#!/bin/sh\n',
      sshKeys: ['ssh-ed25519 AAAA me'],
      adminPassword: 'secret',
      files: [{ path: '/a', content: '' }],
      metadata: { role: 'web' },
      diskConfig: 'manual',
    });
  });

  it('that asks for nothing has the files that cloud-init needs', () => {
    expect(seed()).toEqual({
      'meta-data': '{\n  "instance-id": "0199-aa",\n  "local-hostname": "web1"\n}\n',
      'user-data': '#cloud-config\n{}\n',
      'vendor-data': '#cloud-config\n{}\n',
      'network-config': '',
    });
    // In other letters cloud-init does not look for it.
    expect(['cidata', 'CIDATA']).toContain(SEED_LABEL);
    expect([...seedMedium(seed()).keys()]).toEqual(['meta-data', 'user-data', 'vendor-data']);
    const medium = seedMedium(seed({ userData: '#!/bin/sh\nGrüße', nics: [{ mac: '02:00:00:00:00:01' }] }));
    expect([...medium.keys()]).toContain('network-config');
    expect(medium.get('user-data')).toEqual(Buffer.from('#!/bin/sh\nGrüße'));
  });

  it("hands on the caller's user data as it is when there is nothing beside it", () => {
    const anything = '{"ignition": {"version": "3.4.0"}}';
    expect(seed({ userData: anything, sshKeys: ['k'], metadata: { a: 'b' } })['user-data']).toBe(anything);
  });

  it('refuses user data that would hide the rest', () => {
    const files = [{ path: '/a', content: '' }];
    expect(() => seed({ userData: '{"ignition": {}}', files })).toThrow(
      expect.objectContaining({ code: 'REQUEST_INVALID', details: { field: 'user_data' } }),
    );
    expect(() => seed({ userData: 'Subject: no message\n\n#!/bin/sh', files })).toThrow(/cloud-init knows/);
    expect(seed({ userData: '', files })['user-data']).toMatch(/^#cloud-config\n\{/);
  });

  it('has the password as a hash alone, another one in each instance', () => {
    const [one, other] = ['i-1', 'i-2'].map((instanceId) => seed({ instanceId, adminPassword: 'correct horse' }));
    const hashes = [one, other].map(
      (content) => /"password": "(\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86})"/.exec(content?.['user-data'] ?? '')?.[1],
    );
    expect(hashes[0]).toBeDefined();
    expect(hashes[0]).not.toBe(hashes[1]);
    expect(JSON.stringify([one, other])).not.toContain('correct horse');
    // The same again for whoever makes it again after a crash.
    expect(seed({ instanceId: 'i-1', adminPassword: 'correct horse' })).toEqual(one);
  });

  it.each([
    ['Web_Server 01', 'web-server-01'],
    ['a.B.example', 'a.b.example'],
    ['-x-', 'x'],
    ['..a..b', 'a.b'],
    ['x'.repeat(80), 'x'.repeat(63)],
    ['日本', undefined],
  ])('of %s has the host name %s', (name, hostName) => {
    expect(metaData({ name })).toEqual({
      'instance-id': '0199-aa',
      ...(hostName === undefined ? {} : { 'local-hostname': hostName }),
    });
  });

  it('keeps metadata apart from what cloud-init acts on', () => {
    expect(metaData({ metadata: { seedfrom: 'http://x/', no: 'no' }, sshKeys: ['a', 'b'] })).toMatchObject({
      'instance-id': '0199-aa',
      'public-keys': ['a', 'b'],
      meta: { seedfrom: 'http://x/', no: 'no' },
    });
  });
});

describe('interfaces of a first start', () => {
  it('are known by what is known of them', () => {
    expect(
      network(
        { mac: '02:00:00:00:00:AB' },
        { name: 'enp1s0' },
        { qeth: { deviceNumber: '0001', type: 'osa' } },
        { qeth: { deviceNumber: '0000', type: 'osa' }, mac: '02:00:00:00:00:02' },
        { name: 'ens3', mac: '02:00:00:00:00:03' },
      ),
    ).toEqual({
      version: 2,
      ethernets: {
        nic0: { match: { macaddress: '02:00:00:00:00:ab' }, 'set-name': 'nic0', dhcp4: true },
        enp1s0: { dhcp4: true },
        enc1: { dhcp4: true },
        enc0: { match: { macaddress: '02:00:00:00:00:02' }, 'set-name': 'enc0', dhcp4: true },
        ens3: { match: { macaddress: '02:00:00:00:00:03' }, 'set-name': 'ens3', dhcp4: true },
      },
    });
  });

  it('have names that Linux takes, whatever stands on them', () => {
    const nic = { name: 'enxaabbccddeeff', vlan: 4094 };
    const config = seed({ nics: [{ name: 'enp1s0' }, nic], isKvmHost: true })['network-config'];
    const { vlans, bridges } = parse(config) as { vlans: object; bridges: object };
    expect(Object.keys(vlans)).toEqual(['vlan1']);
    expect(Object.keys(bridges)).toEqual(['br-enp1s0', 'br-vlan1']);
  });
});
