import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../common/secret.js';
import { pacingOf } from '../kit/index.js';
import { accessOf, VirshSettingsSchema } from './virsh.settings.js';

const ssh = { uri: 'qemu+ssh://root@kvm1/system' };
const tls = { uri: 'qemu+tls://kvm1/system' };

describe('settings', () => {
  test('have defaults for all but the URI', () => {
    const settings = VirshSettingsSchema.parse({ uri: 'qemu:///system' });
    expect(settings).toMatchObject({
      uri: { label: 'qemu:///system', way: 'unix' },
      way: 'rpc',
      pool: { name: 'zenova', path: '/var/lib/libvirt/images/zenova' },
      host_folders: ['/var/lib/libvirt/images', '/dev/disk', '/dev/mapper', '/dev/zvol'],
      migration: { tunnelled: false, tls: false, post_copy: false, auto_converge: false, copy_storage: 'auto' },
    });
    expect(pacingOf(settings)).toEqual({
      requestTimeoutMs: 40_000,
      operationTimeoutMs: 900_000,
      poll: { initialMs: 100, maxMs: 3000 },
    });
    expect(accessOf(settings)).toMatchObject({ tls: {}, ssh: {}, requestTimeoutMs: 40_000 });
    expect(VirshSettingsSchema.safeParse({}).success).toBe(false);
  });

  test.each([
    [{ ca_file: '/ca' }, { pki: { kind: 'given', ca: { file: '/ca' } } }],
    [{ cert_file: '/c', key_file: '/k' }, { pki: { kind: 'given', cert: { file: '/c' }, key: { file: '/k' } } }],
    [{ server_name: 'kvm1.example' }, { serverName: 'kvm1.example' }],
    [{ verify: false }, { verify: false }],
  ])('take tls %j', (given, expected) => {
    expect(accessOf(VirshSettingsSchema.parse({ ...tls, tls: given })).tls).toEqual(expected);
  });

  test('take ssh', () => {
    const pin = `SHA256:${'A'.repeat(43)}`;
    const password = new Secret('p');
    expect(accessOf(VirshSettingsSchema.parse({ ...ssh, ssh: { password, fingerprints: [`${pin}=`] } })).ssh).toEqual({
      password,
      trust: { kind: 'pinned', fingerprints: [pin] },
    });
    const files = { key_file: '/k', known_hosts_file: '/h' };
    expect(accessOf(VirshSettingsSchema.parse({ ...ssh, ssh: files })).ssh).toEqual({
      keyFile: '/k',
      trust: { kind: 'known-hosts', files: ['/h'] },
    });
  });

  test.each([
    [{ uri: 'kvm1' }, 'uri'],
    [{ uri: 'qemu+ssh://root:hunter2@kvm1/system' }, 'uri'],
    [{ ...ssh, tls: { verify: false } }, 'tls'],
    [{ ...tls, ssh: { key_file: '/k' } }, 'ssh'],
    [{ ...tls, way: 'program' }, 'way'],
    [{ ...tls, tls: { cert_file: '/c' } }, 'tls'],
    [{ ...tls, tls: { ca_file: '/c', ca: '-----BEGIN CERTIFICATE-----' } }, 'tls'],
    [{ ...tls, tls: { verify: true } }, 'tls'],
    [{ ...ssh, ssh: { password: 'hunter2' } }, 'ssh'],
    [{ ...ssh, ssh: { fingerprints: ['MD5:00'] } }, 'ssh'],
    [{ ...ssh, ssh: { fingerprints: [`SHA256:${'A'.repeat(43)}`], known_hosts_file: '/h' } }, 'ssh'],
    [{ ...ssh, cpu: { mode: 'custom' } }, 'cpu'],
    [{ ...ssh, pool: { name: '../etc' } }, 'pool'],
    [{ ...ssh, pool: { path: '/a/../etc' } }, 'pool'],
    [{ ...ssh, host_folders: ['images'] }, 'host_folders'],
    [{ ...ssh, migration: { uri: 'qemu:///system' } }, 'migration'],
    [{ ...ssh, migration: { uri: 'kvm1' } }, 'migration'],
    [{ ...ssh, migration: { tunnelled: true, tls: true } }, 'migration'],
    [{ ...ssh, migration: { tunnelled: true, post_copy: true } }, 'migration'],
    [{ ...ssh, request_timeout_ms: 1 }, 'request_timeout_ms'],
    [{ ...ssh, hypervisor: 'kvm1' }, undefined],
  ])('refuse %j', (settings, path) => {
    const parsed = VirshSettingsSchema.safeParse(settings);
    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues[0]?.path[0]).toBe(path);
    expect(JSON.stringify(parsed.error?.issues)).not.toContain('hunter2');
  });
});
