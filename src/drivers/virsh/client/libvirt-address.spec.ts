import { hostname } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { parseLibvirtAddress, type LibvirtAddress, type UriOrigin } from './libvirt-address.js';

function read(text: string, origin: UriOrigin = 'settings'): LibvirtAddress {
  const address = parseLibvirtAddress(text, origin);
  if (typeof address === 'string') throw new Error(address);
  return address;
}

const here = hostname().toLowerCase();

describe('a libvirt URI', () => {
  test.each([
    ['qemu:///system', 'qemu:///system', `${here}/system`],
    ['test:///default', 'test:///default', `${here}/default`],
    ['qemu+unix:///system?socket=/run/x', 'qemu:///system', `${here}:/run/x/system`],
    ['qemu+ssh://root@KVM1/system', 'qemu+ssh://kvm1/system', 'kvm1:22/system'],
    ['qemu+libssh2://root@kvm1:2222/system', 'qemu+ssh://kvm1:2222/system', 'kvm1:2222/system'],
    ['qemu+ssh://kvm1/system?keyfile=/k&no_verify=1', 'qemu+ssh://kvm1/system', 'kvm1:22/system'],
    ['qemu://kvm1/system', 'qemu+tls://kvm1/system', 'kvm1:16514/system'],
    ['qemu+tls://[2001:db8::1]/system', 'qemu+tls://[2001:db8::1]/system', '[2001:db8::1]:16514/system'],
  ])('%s', (text, label, endpoint) => {
    expect(read(text)).toMatchObject({ uri: text, label, endpoint });
  });

  test.each([
    ['', 'no libvirt URI'],
    ['kvm1', 'no libvirt URI'],
    ['qemu+ssh://root:hunter2@kvm1/system', 'a password'],
    ['qemu+tcp://kvm1/system', 'not encrypted'],
    ['qemu+ext:///system?command=/bin/sh', 'runs a program'],
    ['qemu+ssh://kvm1/system?command=/bin/sh', 'no ssh program is run'],
    ['qemu+ssh://kvm1/system?mode=odd', 'mode'],
    ['qemu+ssh://kvm1%0a/system', 'neither a name nor an address'],
    ['qemu+ssh://ro%0aot@kvm1/system', 'control characters'],
    ['qemu+ssh://kvm1/system%00', 'control characters'],
  ])('is not %j', (text, mistake) => {
    const said = parseLibvirtAddress(text, 'settings');
    expect(said).toContain(mistake);
    expect(said).not.toContain('hunter2');
  });

  test('says whether who answers is looked at', () => {
    expect(read('qemu+tls://kvm1/system?no_verify=1').isVerified).toBe(false);
    expect(read('qemu+ssh://kvm1/system?known_hosts_verify=ignore').isVerified).toBe(false);
    expect(read('qemu+tls://kvm1/system?no_verify=0').isVerified).toBe(true);
  });
});

describe('a libvirt URI of a request', () => {
  test.each([
    'qemu:///system',
    'test:///default',
    'qemu+ssh://root@kvm1/system?mode=direct',
    'qemu+ssh://root@kvm1/system?proxy=native',
    'qemu+tls://kvm1/system',
    'lxc+ssh://kvm1/system',
    'qemu:///session',
  ])('may be %s', (text) => {
    expect(read(text, 'request').uri).toBe(text);
  });

  test.each([
    ['qemu+unix:///system?socket=/tmp/mine', 'socket'],
    ['qemu+ssh://kvm1/system?keyfile=/etc/shadow', 'keyfile'],
    ['qemu+ssh://kvm1/system?no_verify=1', 'no_verify'],
    ['qemu+ssh://kvm1/system?known_hosts=/tmp/mine', 'known_hosts'],
    ['qemu+ssh://kvm1/system?known_hosts_verify=ignore', 'known_hosts_verify'],
    ['qemu+ssh://kvm1/system?command=/bin/sh', 'command'],
    ['qemu+ssh://kvm1/system?netcat=/bin/sh', 'netcat'],
    ['qemu+ssh://kvm1/system?proxy=netcat', 'proxy=netcat'],
    ['qemu+ssh://kvm1/system?sshauth=password', 'sshauth'],
    ['qemu+ssh://kvm1/system?mode=auto&keyfile=/k', 'keyfile'],
    ['qemu+tls://kvm1/system?pkipath=/tmp', 'pkipath'],
    ['qemu+tls://kvm1/system?tls_priority=NONE', 'tls_priority'],
    ['qemu+ssh://kvm1/system?name=test:///etc/passwd', 'name'],
  ])('is not %s', (text, name) => {
    const said = parseLibvirtAddress(text, 'request');
    expect(said).toMatch(new RegExp(`^the parameter ${name} is not taken from a request: .* \\(allowed are mode`));
    // An operator may say all of it that can be done at all.
    if (name !== 'command') expect(typeof parseLibvirtAddress(text, 'settings')).toBe('object');
  });

  test.each(['test:///etc/passwd', 'qemu+ssh://kvm1/embed', 'qemu:///system?root=/tmp', 'test+ssh://kvm1/tmp/x.xml'])(
    'names no file of a host: %s',
    (text) => {
      expect(typeof parseLibvirtAddress(text, 'request')).toBe('string');
    },
  );
});
