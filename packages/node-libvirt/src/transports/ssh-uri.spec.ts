import { describe, expect, test } from '@jest/globals';
import { sshOptionsOf, type SshUri, type SshUriOptions } from './ssh-uri.js';
import type { SshOptions } from './ssh.js';

function optionsOf(query = '', uri: Partial<SshUri> = {}, options: Partial<SshUriOptions> = {}): SshOptions {
  const parameters = new Map(new URLSearchParams(query));
  const whole = { driver: 'qemu', host: 'kvm1', path: '/system', driverUri: 'qemu:///system', parameters, ...uri };
  return sshOptionsOf(whole, { isReadOnly: false, ...options });
}

const helper = { kind: 'helper', driverUri: 'qemu:///system', isReadOnly: false };
const usual = [
  { kind: 'socket', path: '/run/libvirt/libvirt-sock' },
  { kind: 'socket', path: '/run/libvirt/virtqemud-sock' },
];

test('nothing said is as ssh does it', () => {
  expect(optionsOf('', { port: 2222, user: 'root' })).toEqual({
    host: 'kvm1',
    port: 2222,
    user: 'root',
    trust: { kind: 'known-hosts' },
    identity: {},
    ways: [...usual, helper],
  });
});

describe('the way', () => {
  test.each([
    ['proxy=native', [helper]],
    ['proxy=auto&mode=direct', [usual[1], helper]],
    ['mode=legacy', [usual[0], helper]],
    [
      'socket=/x/sock',
      [
        { kind: 'socket', path: '/x/sock' },
        { kind: 'netcat', path: '/x/sock' },
      ],
    ],
    ['proxy=netcat', [{ kind: 'netcat', path: '/run/libvirt/libvirt-sock' }]],
    ['proxy=netcat&netcat=/opt/nc&socket=/x', [{ kind: 'netcat', path: '/x', program: '/opt/nc' }]],
  ])('%s', (query, ways) => {
    expect(optionsOf(query).ways).toEqual(ways);
  });

  test('for reading only', () => {
    expect(optionsOf('', {}, { isReadOnly: true }).ways).toEqual([
      { kind: 'socket', path: '/run/libvirt/libvirt-sock-ro' },
      { kind: 'socket', path: '/run/libvirt/virtqemud-sock-ro' },
      { ...helper, isReadOnly: true },
    ]);
  });

  test("to a user's own daemon", () => {
    const session = { path: '/session', driverUri: 'qemu:///session' };
    expect(optionsOf('', session).ways).toEqual([{ ...helper, driverUri: 'qemu:///session' }]);
    expect(optionsOf('socket=/x', session).ways).toContainEqual({ kind: 'socket', path: '/x' });
  });
});

test.each([
  ['known_hosts=/etc/kvm_hosts', { kind: 'known-hosts', files: ['/etc/kvm_hosts'] }],
  ['known_hosts_verify=normal', { kind: 'known-hosts' }],
  ['known_hosts_verify=ignore', { kind: 'unverified' }],
  ['no_verify=1', { kind: 'unverified' }],
  ['no_verify=0', { kind: 'known-hosts' }],
])('trust: %s', (query, trust) => {
  expect(optionsOf(query).trust).toEqual(trust);
});

test.each([
  ['keyfile=/k', { keyFiles: ['/k'] }],
  ['sshauth=privkey&keyfile=/k', { keyFiles: ['/k'], agent: false }],
  ['sshauth=agent', { keyFiles: [] }],
  ['sshauth=agent,privkey', {}],
])('identity: %s', (query, identity) => {
  expect(optionsOf(query).identity).toEqual(identity);
});

test('what a program says goes before what the URI says', () => {
  const pinned = { kind: 'pinned', fingerprints: ['SHA256:x'] } as const;
  const options = optionsOf('no_verify=1&keyfile=/k', {}, { trust: pinned, identity: { password: 'p' }, timeoutMs: 5 });
  expect(options).toMatchObject({ trust: pinned, identity: { keyFiles: ['/k'], password: 'p' }, timeoutMs: 5 });
});

test.each([
  ['command=/usr/bin/ssh', 'command of the libvirt URI: no ssh program is run'],
  ['known_hosts_verify=auto', '"auto" would trust whoever answers first'],
  ['sshauth=gssapi', '"gssapi" is not one of agent, privkey, password, keyboard-interactive'],
  ['proxy=socks', '"socks" is not one of auto, native, netcat'],
  ['mode=proxy', '"proxy" is not one of auto, legacy, direct'],
])('%s is refused', (query, complaint) => {
  expect(() => optionsOf(query)).toThrow(complaint);
});
